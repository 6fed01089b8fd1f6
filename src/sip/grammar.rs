//! The character classes of §25.1 and a reader of unfolded header values.

use std::borrow::Cow;
use std::str;

use memchr::memchr;

/// Bytes by their codes: whether each is of a class is one look.
pub(super) struct Class([bool; 256]);

#[expect(clippy::indexing_slicing, reason = "classes are worked out when the program is compiled")]
impl Class {
    /// ASCII's letters and digits, and these.
    pub const fn alphanumeric_and(marks: &[u8]) -> Self {
        let (mut class, mut byte) = ([false; 256], 0_u8);
        while byte < 128 {
            class[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        Self(class).with(marks, true)
    }

    /// What can be seen, ASCII or not, but for these.
    pub const fn visible_but(marks: &[u8]) -> Self {
        let (mut class, mut byte) = ([true; 256], 0);
        while byte <= b' ' as usize {
            class[byte] = false;
            byte += 1;
        }
        Self(class).with(&[0x7f], false).with(marks, false)
    }

    const fn with(mut self, marks: &[u8], is_in: bool) -> Self {
        let mut at = 0;
        while at < marks.len() {
            self.0[marks[at] as usize] = is_in;
            at += 1;
        }
        self
    }

    /// Whether a byte is in it.
    pub fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)) == Some(&true)
    }
}

/// `token`: what methods, header names and parameter names are made of.
pub(super) fn is_token(byte: u8) -> bool {
    static TOKEN: Class = Class::alphanumeric_and(b"-.!%*_+`'~");
    TOKEN.has(byte)
}

/// White space inside an unfolded value.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A parameter's bare value. Wider than `token / host`, as peers put base64 and addresses there; only what would end the
/// value or hide where it ends is left out.
fn is_bare_value(byte: u8) -> bool {
    static BARE: Class = Class::visible_but(b"\"<>,;");
    BARE.has(byte)
}

/// Whether `bytes` is a token.
pub(super) fn token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token(*byte))
}

/// `bytes` without white space at either end.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// A decimal number of digits only, at most `max`. Leading zeros are none of our business (`0068`).
pub(super) fn decimal(bytes: &[u8], max: u64) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        let number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
        (number <= max).then_some(number)
    })
}

/// Whether a value is in GB18030, where the second byte of a character can be a backslash. To be asked once of a whole
/// value: asked of every rest of it, reading would take time with the square of its length.
fn is_wide(value: &[u8]) -> bool {
    !value.is_ascii() && str::from_utf8(value).is_err()
}

/// Where the quoted string whose opening quote is just before `inner` ends: the index of the closing quote. In a `wide`
/// value the two bytes of a character are passed over together.
fn closing_quote(inner: &[u8], wide: bool) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = inner.get(at) {
        at += match byte {
            b'"' => return Some(at),
            b'\\' => 2,
            0x81.. if wide => {
                1 + usize::from(inner.get(at + 1).is_some_and(|byte| (0x40..=0xfe).contains(byte)))
            }
            _ => 1,
        };
    }
    None
}

/// What the content of a quoted string says: without the backslashes that escape.
pub(super) fn unescaped(content: &[u8]) -> Cow<'_, [u8]> {
    if !content.contains(&b'\\') {
        return Cow::Borrowed(content);
    }
    let wide = is_wide(content);
    let mut plain = Vec::with_capacity(content.len());
    let mut rest = content;
    while let [first, behind @ ..] = rest {
        rest = match behind {
            [escaped, behind @ ..] if *first == b'\\' => {
                plain.push(*escaped);
                behind
            }
            [0x40..=0xfe, behind @ ..] if wide && *first > 0x80 => {
                plain.extend(rest.iter().take(2));
                behind
            }
            _ => {
                plain.push(*first);
                behind
            }
        };
    }
    Cow::Owned(plain)
}

/// Splits a value at its commas (§7.3.1), but not at those in quotes or in `<>`. Items are trimmed; empty ones are given
/// out as such.
pub(super) fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let wide = is_wide(value);
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let end = end_of_item(value, wide);
        rest = value.get(end + 1..);
        value.get(..end).map(trim)
    })
}

/// Where the first item of a comma-separated list ends.
pub(super) fn item_end(value: &[u8]) -> usize {
    if memchr(b',', value).is_none() { value.len() } else { end_of_item(value, is_wide(value)) }
}

fn end_of_item(value: &[u8], wide: bool) -> usize {
    let mut at = 0;
    let mut bracketed = false;
    while let Some(byte) = value.get(at) {
        match byte {
            b'"' if !bracketed => {
                let inner = value.get(at + 1..).unwrap_or_default();
                at += closing_quote(inner, wide).map_or(inner.len(), |end| end + 1);
            }
            b'<' => bracketed = true,
            b'>' => bracketed = false,
            b',' if !bracketed => return at,
            _ => {}
        }
        at += 1;
    }
    value.len()
}

/// A parameter: its name, and its value with the quotes it may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param<'a> {
    pub name: &'a [u8],
    pub value: Option<&'a [u8]>,
}

/// Reads a value from its beginning to its end.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    wide: bool,
}

impl<'a> Cursor<'a> {
    pub fn new(value: &'a [u8]) -> Self {
        Self { rest: value, wide: is_wide(value) }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next `count` bytes, or as many as there are.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Takes bytes as long as they are of a class.
    pub fn take_while(&mut self, class: impl Fn(u8) -> bool) -> &'a [u8] {
        let count = self.rest.iter().position(|byte| !class(*byte)).unwrap_or(self.rest.len());
        self.take(count)
    }

    pub fn skip_space(&mut self) {
        while let [first, rest @ ..] = self.rest
            && is_space(*first)
        {
            self.rest = rest;
        }
    }

    /// Takes `byte` if it comes next.
    pub fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Takes a separator with the white space that may stand on either side of it (`SEMI`, `SLASH`, `EQUAL`, …).
    pub fn separator(&mut self, byte: u8) -> bool {
        let mut ahead = self.clone();
        ahead.skip_space();
        if !ahead.eat(byte) {
            return false;
        }
        ahead.skip_space();
        *self = ahead;
        true
    }

    /// Takes a token.
    pub fn token(&mut self) -> Option<&'a [u8]> {
        let token = self.take_while(is_token);
        (!token.is_empty()).then_some(token)
    }

    /// Takes a quoted string with its quotes.
    pub fn quoted(&mut self) -> Option<&'a [u8]> {
        let inner = self.rest.strip_prefix(b"\"")?;
        closing_quote(inner, self.wide).map(|end| self.take(end + 2))
    }

    /// Takes the next `;name[=value]`: `Ok(None)` at the end of the value.
    pub fn param(&mut self) -> Result<Option<Param<'a>>, &'static str> {
        self.skip_space();
        if self.rest.is_empty() {
            return Ok(None);
        }
        if !self.separator(b';') {
            return Err("unexpected text behind the value");
        }
        let name = self.token().ok_or("empty parameter")?;
        if !self.separator(b'=') {
            return Ok(Some(Param { name, value: None }));
        }
        let value = match self.peek() {
            Some(b'"') => self.quoted().ok_or("unterminated quote")?,
            _ => self.take_while(is_bare_value),
        };
        Ok(Some(Param { name, value: Some(value) }))
    }
}
