//! The list of parameters that challenges and their answers are made of (RFC 7616 §3.3, §3.4).

use crate::sip::grammar::{Cursor, items, trim};

/// The longest header value that is read, in bytes; a longer one is skipped.
const LONGEST: usize = 4096;

/// A parameter: its name, and what stands between the quotes; `None` if that cannot be read.
pub(super) type Param<'a> = (&'a [u8], Option<&'a [u8]>);

/// The parameters of a header value. `None` if it is of another scheme, or too long. One challenge stands in a header
/// (RFC 3261 §20.44): a second one behind a comma is left out.
pub(super) fn params(value: &[u8]) -> Option<impl Iterator<Item = Param<'_>>> {
    if value.len() > LONGEST {
        return None;
    }
    let mut cursor = Cursor::new(trim(value));
    let scheme = cursor.token()?;
    if !scheme.eq_ignore_ascii_case(b"Digest") || cursor.take_while(|byte| byte <= b' ').is_empty() {
        return None;
    }
    let of_digest = items(cursor.rest()).map(Item::of).take_while(|item| !matches!(item, Item::Scheme));
    Some(of_digest.filter_map(|item| match item {
        Item::Param(param) => Some(param),
        Item::Nothing | Item::Scheme => None,
    }))
}

/// One item of the list behind the scheme.
enum Item<'a> {
    Param(Param<'a>),
    /// Empty, or a word of its own.
    Nothing,
    /// The beginning of another challenge.
    Scheme,
}

impl<'a> Item<'a> {
    fn of(item: &'a [u8]) -> Self {
        let mut cursor = Cursor::new(item);
        let Some(name) = cursor.token() else { return Self::Nothing };
        if cursor.separator(b'=') {
            return Self::Param((name, content(cursor)));
        }
        if cursor.rest().is_empty() { Self::Nothing } else { Self::Scheme }
    }
}

/// What stands between the quotes; or all there is, where peers forgot them.
fn content(mut cursor: Cursor<'_>) -> Option<&[u8]> {
    if cursor.peek() != Some(b'"') {
        let bare = cursor.rest();
        return bare.iter().all(|byte| !matches!(byte, b'"' | b'\\')).then_some(bare);
    }
    let quoted = cursor.quoted().filter(|_| cursor.rest().is_empty())?;
    quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")
}
