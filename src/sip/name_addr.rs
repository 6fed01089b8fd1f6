//! `name-addr` and `addr-spec` with header parameters: From, To, Contact, Route, Record-Route (§20.10, §25.1).

use bytes::Bytes;
use bytestring::ByteString;

use super::grammar::{Cursor, decimal, is_space, trim};
use super::text::{decode, unquote};
use super::{Uri, uri};

/// An address with its display name and the parameters behind it.
#[derive(Clone, Debug)]
pub struct NameAddr {
    /// Unquoted and decoded; `None` if there is none.
    pub display_name: Option<ByteString>,
    /// The address itself.
    pub uri: Uri,
    tag: Option<ByteString>,
    /// The whole value, in which all is right.
    value: Bytes,
    /// Where the header's parameters begin in it, if it has some.
    params: usize,
}

impl NameAddr {
    /// Reads one unfolded value (one item of a list). The error names the fault.
    pub fn parse(value: &Bytes) -> Result<Self, &'static str> {
        let value = value.slice_ref(trim(value));
        let split = split(&value)?;
        let text = |part: &[u8]| unquote(&decode(value.slice_ref(part)));
        let uri = ByteString::try_from(value.slice_ref(split.uri)).map_err(|_| uri::NOT_TEXT)?;
        let (mut rest, mut tag) = (split.params.clone(), None);
        while let Some(param) = rest.param()? {
            if tag.is_none() && param.name.eq_ignore_ascii_case(b"tag") {
                tag = Some(param.value.map(text).unwrap_or_default());
            }
        }
        Ok(Self {
            display_name: Some(text(split.display_name)).filter(|name| !name.is_empty()),
            uri: Uri::parse(uri)?,
            tag: tag.filter(|tag| !tag.is_empty()),
            params: value.len() - split.params.rest().len(),
            value,
        })
    }

    /// The `tag` parameter; an empty one is none.
    pub fn tag(&self) -> Option<&ByteString> {
        self.tag.as_ref()
    }

    /// Whether there are parameters of the header.
    pub fn has_params(&self) -> bool {
        !trim(self.value.get(self.params..).unwrap_or_default()).is_empty()
    }

    /// A parameter of the header by its name, without case, unquoted; empty for one without a value.
    pub fn param(&self, name: &str) -> Option<ByteString> {
        let mut params = Cursor::new(&self.value);
        params.take(self.params);
        while let Ok(Some(param)) = params.param() {
            if param.name.eq_ignore_ascii_case(name.as_bytes()) {
                let value = param.value.map(|value| unquote(&decode(self.value.slice_ref(value))));
                return Some(value.unwrap_or_default());
            }
        }
        None
    }

    /// The `expires` parameter of a Contact, in seconds (§20.10); `None` if it is no number below 2**32.
    pub fn expires(&self) -> Option<u32> {
        decimal(self.param("expires")?.as_bytes(), u32::MAX.into())
            .and_then(|seconds| u32::try_from(seconds).ok())
    }
}

impl From<Uri> for NameAddr {
    /// Without a display name and parameters.
    fn from(uri: Uri) -> Self {
        Self { display_name: None, uri, tag: None, value: Bytes::new(), params: 0 }
    }
}

/// Whether `value` can be read by [`NameAddr::parse`], without keeping anything of it.
pub(super) fn check(value: &[u8]) -> Result<(), &'static str> {
    let mut split = split(value)?;
    uri::check(split.uri)?;
    while split.params.param()?.is_some() {}
    Ok(())
}

/// The tag of a From or To value as it stands there, also if other parts of the value cannot be read; an empty one is none.
pub fn tag_of(value: &[u8]) -> Option<&[u8]> {
    let mut params = Cursor::new(value);
    loop {
        params.take_while(|byte| !matches!(byte, b'"' | b'<' | b';'));
        match params.peek()? {
            b'"' => drop(params.quoted()?),
            b'<' => drop(params.take_while(|byte| byte != b'>')),
            _ => match params.clone().param() {
                Ok(Some(param)) if param.name.eq_ignore_ascii_case(b"tag") => {
                    return param.value.filter(|value| !value.is_empty());
                }
                _ => drop(params.take(1)),
            },
        }
    }
}

struct Split<'a> {
    /// With its quotes; empty if there is none.
    display_name: &'a [u8],
    uri: &'a [u8],
    params: Cursor<'a>,
}

fn split(value: &[u8]) -> Result<Split<'_>, &'static str> {
    let mut cursor = Cursor::new(trim(value));
    let display_name = match cursor.peek() {
        None => return Err("empty address"),
        Some(b'"') => cursor.quoted().ok_or("unterminated quote")?,
        Some(_) => {
            let mut ahead = cursor.clone();
            let words = trim(ahead.take_while(is_in_display_name));
            if ahead.peek() != Some(b'<') {
                return addr_spec(cursor);
            }
            cursor = ahead;
            words
        }
    };
    cursor.skip_space();
    if !cursor.eat(b'<') {
        return Err("display name without <address>");
    }
    let uri = cursor.take_while(|byte| byte != b'>');
    if !cursor.eat(b'>') {
        return Err("unterminated <");
    }
    Ok(Split { display_name, uri, params: cursor })
}

/// An address without `<>`: it must not have what could be its own as well as the header's (§20.10).
fn addr_spec(mut cursor: Cursor<'_>) -> Result<Split<'_>, &'static str> {
    let uri = cursor.take_while(|byte| byte != b';' && !is_space(byte));
    if uri.iter().any(|byte| matches!(byte, b'?' | b',')) {
        return Err("address needs <>");
    }
    Ok(Split { display_name: &[], uri, params: cursor })
}

/// Wider than `*(token LWS)`, as peers forget the quotes; only what makes the value ambiguous is left out.
fn is_in_display_name(byte: u8) -> bool {
    (byte >= b' ' || byte == b'\t')
        && byte != 0x7f
        && !matches!(byte, b'"' | b',' | b';' | b':' | b'<' | b'>' | b'\\')
}
