//! Who the agent is to a registrar or a proxy.

use std::fmt;

use bytestring::ByteString;

/// A username and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// As the server knows it: without quotes, nothing escaped.
    pub username: ByteString,
    /// Known to both sides, never sent.
    pub password: Password,
}

/// A password: goes into a digest and nowhere else; shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(ByteString);

impl Password {
    /// Takes it as it was given, in UTF-8.
    pub fn new(password: impl Into<ByteString>) -> Self {
        Self(password.into())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
