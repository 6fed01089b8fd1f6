//! The key that HTTP clients show, as it is kept: hashed.

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 of an API key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ApiKey([u8; 32]);

impl ApiKey {
    /// From the key as clients send it.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// From [`hex`](Self::hex).
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The hash as hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Whether this is the key. What a digest's comparison tells by its time does not lead to the key.
    pub fn is(&self, key: &[u8]) -> bool {
        Sha256::digest(key).as_slice() == self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_as_its_sha_256() {
        let key = ApiKey::of("abc");
        assert_eq!(key.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(ApiKey::from_hex(&key.hex()), Some(key));
        assert_eq!([key.is(b"abc"), key.is(b"abd")], [true, false]);
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
    }
}
