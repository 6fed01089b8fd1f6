//! Bytes of a peer as text that can be shown: charsets and quoting.

use bytes::Bytes;
use bytestring::ByteString;

use super::grammar;

/// `bytes` as text: UTF-8 without a copy, else GB18030; what is neither comes with replacement characters.
pub(super) fn decode(bytes: Bytes) -> ByteString {
    match std::str::from_utf8(&bytes) {
        Ok(_) => ByteString::try_from(bytes).unwrap_or_default(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(&bytes).0.into_owned().into(),
    }
}

/// A body as text: UTF-8 without a copy, else GB18030.
pub fn body_text(body: &Bytes) -> ByteString {
    decode(body.clone())
}

/// The content of a `quoted-string` (§25.1), or the text as it is if it is not quoted.
pub fn unquote(text: &ByteString) -> ByteString {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return text.clone();
    };
    if !inner.contains('\\') {
        return text.slice_ref(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        plain.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    plain.into()
}

/// Text as a `quoted-string`.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted.push('"');
    quoted
}

/// Whether text is a `token` (§25.1).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(grammar::is_token)
}
