//! A key as it is kept: hashed.
//!
//! A key that this program makes has 256 random bits. Nobody finds such a key by trying, however fast the hash is, so a slow
//! one (bcrypt, Argon2) would protect nothing more, and would let anybody keep the processor busy.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What the text of a digest begins with.
const PREFIX: &str = "sha256:";

/// The SHA-256 of a key.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// Not the text of a digest.
#[derive(Debug, thiserror::Error)]
#[error("a hash is sha256: and 64 hexadecimal digits, as `call-agent keys new` prints it")]
pub struct BadDigest;

impl Digest {
    /// Of a key as clients send it.
    pub fn of(key: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(key).into())
    }
}

impl ConstantTimeEq for Digest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Digest {}

/// `sha256:` may be left out: so `sha256sum` prints it.
impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let digits = text.strip_prefix(PREFIX).unwrap_or(text);
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(BadDigest);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = digits.get(2 * index..2 * index + 2).ok_or(BadDigest)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| BadDigest)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
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

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_key_is_kept_as_its_sha_256() {
        let digest = Digest::of("abc");
        assert_eq!(digest.to_string(), format!("sha256:{ABC}"));
        assert_eq!([digest == Digest::of(b"abc"), digest == Digest::of("abd")], [true, false]);
        assert_eq!(format!("{digest:?}"), "Digest(…)");
    }

    #[test]
    fn a_digest_is_read_with_and_without_its_prefix_and_nothing_else_is() {
        let digest = Digest::of("abc");
        assert!(digest.to_string().parse::<Digest>().unwrap() == digest);
        assert!(ABC.to_uppercase().parse::<Digest>().unwrap() == digest);
        for bad in
            ["", "sha256:", &ABC[1..], &format!("md5:{ABC}"), &format!("+{}", &ABC[1..]), &"é".repeat(32)]
        {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
