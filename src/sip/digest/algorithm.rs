//! The hashes of digest authentication (RFC 8760 §2.1).

use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

/// An `algorithm` that the agent can answer. Those called session hash the two nonces into the password's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `MD5`, and a challenge that names none.
    Md5,
    /// `MD5-sess`.
    Md5Session,
    /// `SHA-256`.
    Sha256,
    /// `SHA-256-sess`.
    Sha256Session,
    /// `SHA-512-256`.
    Sha512_256,
    /// `SHA-512-256-sess`.
    Sha512_256Session,
}

const NAMES: [(&str, Algorithm); 6] = [
    ("MD5", Algorithm::Md5),
    ("MD5-sess", Algorithm::Md5Session),
    ("SHA-256", Algorithm::Sha256),
    ("SHA-256-sess", Algorithm::Sha256Session),
    ("SHA-512-256", Algorithm::Sha512_256),
    ("SHA-512-256-sess", Algorithm::Sha512_256Session),
];

impl Algorithm {
    /// By its name, in any case.
    pub fn of(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, algorithm)| *algorithm)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// The higher the stronger; a session makes no difference.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Self::Md5 | Self::Md5Session => 0,
            Self::Sha256 | Self::Sha256Session => 1,
            Self::Sha512_256 | Self::Sha512_256Session => 2,
        }
    }

    /// Whether the two nonces are hashed into the password's hash.
    pub const fn is_session(self) -> bool {
        matches!(self, Self::Md5Session | Self::Sha256Session | Self::Sha512_256Session)
    }

    /// The hash of the parts with a colon between each two, in hexadecimal digits: `H(concat(…))` of RFC 7616 §3.3.
    pub(super) fn hash(self, parts: &[&[u8]]) -> String {
        match self {
            Self::Md5 | Self::Md5Session => hash::<Md5>(parts),
            Self::Sha256 | Self::Sha256Session => hash::<Sha256>(parts),
            Self::Sha512_256 | Self::Sha512_256Session => hash::<Sha512_256>(parts),
        }
    }
}

fn hash<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |mut digits, byte| {
        // Writing into a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
