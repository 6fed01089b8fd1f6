//! Values of single headers that a user agent asks for.

use bytes::Bytes;
use bytestring::ByteString;

use super::grammar::Cursor;
use super::{Headers, Name, NameAddr, text, unquote};

/// One value of a Reason header (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonValue {
    /// `SIP`, `Q.850`, or another token.
    pub protocol: ByteString,
    /// The `cause` parameter.
    pub cause: Option<u16>,
    /// The `text` parameter, unquoted.
    pub text: Option<ByteString>,
}

/// The values of every Reason header, in order; what does not parse is left out.
pub fn reasons(headers: &Headers) -> impl Iterator<Item = ReasonValue> + '_ {
    headers.raw_items(Name::Reason).filter_map(|value| reason(&value))
}

fn reason(value: &Bytes) -> Option<ReasonValue> {
    let shown = |part: &[u8]| text::decode(value.slice_ref(part));
    let mut cursor = Cursor::new(value);
    let mut reason = ReasonValue { protocol: shown(cursor.token()?), cause: None, text: None };
    while let Ok(Some(param)) = cursor.param() {
        let Some(value) = param.value else { continue };
        if param.name.eq_ignore_ascii_case(b"cause") {
            reason.cause = shown(value).parse().ok();
        } else if param.name.eq_ignore_ascii_case(b"text") {
            reason.text = Some(unquote(&shown(value)));
        }
    }
    Some(reason)
}

/// The media type of the body without its parameters (§20.15), lower case; `None` without Content-Type.
pub fn media_type(headers: &Headers) -> Option<String> {
    let value = headers.first(Name::ContentType)?.text();
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// A body as text: UTF-8 without a copy, else GB18030.
pub fn body_text(body: &Bytes) -> ByteString {
    text::decode(body.clone())
}

impl Headers {
    /// The number that a header gives (Expires, Retry-After, …), without what may stand behind it.
    pub fn number(&self, name: Name) -> Option<u32> {
        let value = self.first(name)?.text();
        let digits = value.trim_start().split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    }

    /// The addresses of every header of that name (Route, Record-Route, Path, …), in order.
    pub fn addresses(&self, name: Name) -> Vec<NameAddr> {
        self.raw_items(name).filter_map(|value| NameAddr::parse(&value).ok()).collect()
    }
}
