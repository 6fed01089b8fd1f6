//! Values of a challenge that its answer gives back.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;

use crate::sip::{grammar, text};

/// What stands between the quotes of a realm, nonce or opaque, escapes and charset as received: a server compares bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted(Bytes);

impl Quoted {
    /// Keeps a copy: a challenge outlives the message that it came in.
    pub(super) fn of(content: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(content))
    }

    /// As it is given back, without the quotes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As it goes into a digest: nothing escaped (RFC 7616 §3.4).
    pub(super) fn plain(&self) -> Cow<'_, [u8]> {
        grammar::unescaped(&self.0)
    }

    /// As it can be shown: nothing escaped, decoded.
    pub fn text(&self) -> ByteString {
        text::decode(Bytes::copy_from_slice(&self.plain()))
    }
}
