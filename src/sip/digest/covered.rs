//! What a digest covers (RFC 7616 §3.4.1 to §3.4.3).

use super::{Algorithm, Password, Qop};

/// What a digest covers; nothing in it is escaped.
pub(super) struct Covered<'a> {
    pub algorithm: Algorithm,
    pub username: &'a [u8],
    pub realm: &'a [u8],
    pub password: &'a Password,
    pub nonce: &'a [u8],
    pub cnonce: &'a [u8],
    /// The nonce count, as it is written.
    pub count: &'a [u8],
    pub qop: Qop,
    pub method: &'a str,
    pub uri: &'a [u8],
    /// Counts for `auth-int` alone.
    pub body: &'a [u8],
}

impl Covered<'_> {
    /// The digest, in hexadecimal digits.
    pub fn digest(&self) -> String {
        let Self { algorithm, nonce, cnonce, count, .. } = *self;
        let mut secret = algorithm.hash(&[self.username, self.realm, self.password.as_bytes()]);
        if algorithm.is_session() {
            secret = algorithm.hash(&[secret.as_bytes(), nonce, cnonce]);
        }
        let method = self.method.as_bytes();
        let covered = match self.qop {
            Qop::None | Qop::Auth => algorithm.hash(&[method, self.uri]),
            Qop::AuthInt => algorithm.hash(&[method, self.uri, algorithm.hash(&[self.body]).as_bytes()]),
        };
        let (secret, covered) = (secret.as_bytes(), covered.as_bytes());
        match self.qop.word() {
            None => algorithm.hash(&[secret, nonce, covered]),
            Some(qop) => algorithm.hash(&[secret, nonce, count, cnonce, qop.as_bytes(), covered]),
        }
    }
}

impl Qop {
    pub(super) const fn word(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Auth => Some("auth"),
            Self::AuthInt => Some("auth-int"),
        }
    }
}
