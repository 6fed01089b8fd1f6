//! Header values that a user agent acts on: Reason, Content-Type, Content-Disposition, Accept, numbers, option tags.

use std::iter;

use bytestring::ByteString;

use super::grammar::{Cursor, Param, decimal, is_token};
use super::text::unquote;
use super::{Headers, Name, NameAddr};

/// One value of a Reason header (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850`, …
    pub protocol: ByteString,
    /// A SIP status or a Q.850 cause.
    pub cause: Option<u16>,
    /// Unquoted.
    pub text: Option<ByteString>,
}

impl Reason {
    /// Reads one value; what is unreadable in it is left out, `None` if there is no protocol.
    pub fn parse(value: &ByteString) -> Option<Self> {
        let mut cursor = Cursor::new(value.as_bytes());
        let protocol = text_of(value, cursor.token()?);
        let mut reason = Self { protocol, cause: None, text: None };
        while let Ok(Some(param)) = cursor.param() {
            if param.name.eq_ignore_ascii_case(b"cause") {
                let cause = param.value.and_then(|value| decimal(value, u16::MAX.into()));
                reason.cause = cause.and_then(|cause| u16::try_from(cause).ok());
            } else if param.name.eq_ignore_ascii_case(b"text") {
                reason.text = param.value.map(|text| unquote(&text_of(value, text)));
            }
        }
        Some(reason)
    }
}

fn text_of(value: &ByteString, part: &[u8]) -> ByteString {
    std::str::from_utf8(part).map_or_else(|_| ByteString::new(), |part| value.slice_ref(part))
}

impl Headers {
    /// Every value of every Reason header, in order.
    pub fn reasons(&self) -> impl Iterator<Item = Reason> + '_ {
        self.items(Name::Reason).filter_map(|value| Reason::parse(&value))
    }

    /// The number that a header begins with: Expires, Min-Expires, RSeq, Session-Expires, Min-SE, Retry-After. One that is too large counts as
    /// the largest there is.
    pub fn number(&self, name: Name) -> Option<u32> {
        let mut cursor = Cursor::new(self.first(name)?.value);
        let digits = cursor.take_while(|byte| byte.is_ascii_digit());
        let whole = cursor.peek().is_none_or(|next| matches!(next, b' ' | b'\t' | b';' | b'('));
        let number = decimal(digits, u64::MAX).unwrap_or(u64::MAX);
        (whole && !digits.is_empty()).then(|| u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// The first address of the headers of that name that can be read.
    pub fn address(&self, name: Name) -> Option<NameAddr> {
        self.kept_items(name).find_map(|value| NameAddr::parse(&value).ok())
    }

    /// The addresses of every header of that name (Route, Record-Route, Path, Contact, …), in order; what cannot be read, and
    /// the `*` of a Contact, are left out.
    pub fn addresses(&self, name: Name) -> Vec<NameAddr> {
        self.kept_items(name).filter_map(|value| NameAddr::parse(&value).ok()).collect()
    }

    /// Whether Content-Type is this `type/subtype`, whatever its parameters (§20.15).
    pub fn content_is(&self, media_type: &str) -> bool {
        self.first(Name::ContentType).is_some_and(|header| is_media_type(&header.text(), media_type))
    }

    /// Whether the body is a description of the session: what Content-Disposition says of it, or would if there were one (§20.11).
    pub fn is_of_session(&self) -> bool {
        let disposition = self.first(Name::ContentDisposition);
        disposition.is_none_or(|header| {
            Cursor::new(header.value).token().is_some_and(|kind| kind.eq_ignore_ascii_case(b"session"))
        })
    }

    /// Whether a body that is not understood is to be ignored, and not to be refused: `handling=optional` (§20.11).
    pub fn has_optional_body(&self) -> bool {
        self.handling_is(b"optional")
    }

    /// Whether one that is not understood is to be refused, and says so: `handling=required`.
    pub(super) fn has_required_body(&self) -> bool {
        self.handling_is(b"required")
    }

    fn handling_is(&self, handling: &[u8]) -> bool {
        let Some(header) = self.first(Name::ContentDisposition) else { return false };
        let mut cursor = Cursor::new(header.value);
        if cursor.token().is_none() {
            return false;
        }
        let says_so = |param: Param<'_>| {
            param.name.eq_ignore_ascii_case(b"handling")
                && param.value.is_some_and(|value| value.eq_ignore_ascii_case(handling))
        };
        iter::from_fn(|| cursor.param().ok()?).any(says_so)
    }

    /// Whether Accept takes this `type/subtype`; without an Accept, `application/sdp` is taken (§20.1).
    pub fn accepts(&self, media_type: &str) -> bool {
        if self.first(Name::Accept).is_none() {
            return media_type.eq_ignore_ascii_case("application/sdp");
        }
        let any_of_type = media_type.split('/').next().map_or_else(String::new, |main| format!("{main}/*"));
        self.items(Name::Accept).any(|range| {
            [media_type, &any_of_type, "*/*"].into_iter().any(|taken| is_media_type(&range, taken))
        })
    }
}

/// Whether a value `type/subtype;…` is of this type; white space may stand around the slash.
fn is_media_type(value: &str, media_type: &str) -> bool {
    let mut cursor = Cursor::new(value.as_bytes());
    let main = cursor.take_while(is_token);
    let slash = cursor.separator(b'/');
    let sub = cursor.take_while(is_token);
    cursor.skip_space();
    let ends = cursor.peek().is_none_or(|next| next == b';');
    let wanted = media_type.split_once('/').unwrap_or((media_type, ""));
    slash
        && ends
        && main.eq_ignore_ascii_case(wanted.0.as_bytes())
        && sub.eq_ignore_ascii_case(wanted.1.as_bytes())
}
