//! Whether two URIs are equivalent (§19.1.4).

use std::collections::BTreeMap;

use super::split::{Host, Sip};

/// Parameters that two URIs have both or neither; any other that one of them lacks is ignored.
const NEVER_ALONE: [&[u8]; 5] = [b"transport", b"user", b"ttl", b"method", b"maddr"];

impl Sip<'_> {
    /// In time that grows with the length of both, but for sorting.
    pub fn is_same(&self, other: &Self) -> bool {
        self.secure == other.secure
            && self.port == other.port
            && is_same_host(self.host, other.host)
            && self.userinfo() == other.userinfo()
            && agree(&self.named_params(), &other.named_params())
            && self.sorted_headers() == other.sorted_headers()
    }

    /// User and password: the part that has a case.
    fn userinfo(&self) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        self.user.map(|(user, password)| (plain(user), password.map(plain)))
    }

    fn named_params(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.params().map(|(name, value)| (caseless(name), caseless(value))).collect()
    }

    fn sorted_headers(&self) -> Vec<Vec<u8>> {
        let headers = self.headers.into_iter().flat_map(|headers| headers.split('&'));
        let mut headers: Vec<_> = headers.map(caseless).collect();
        headers.sort_unstable();
        headers
    }
}

fn is_same_host(one: Host<'_>, other: Host<'_>) -> bool {
    match (one, other) {
        (Host::Name(one), Host::Name(other)) => one.eq_ignore_ascii_case(other),
        (Host::Address(one), Host::Address(other)) => one == other,
        _ => false,
    }
}

/// Whether no parameter speaks against the URIs being the same.
fn agree(one: &BTreeMap<Vec<u8>, Vec<u8>>, other: &BTreeMap<Vec<u8>, Vec<u8>>) -> bool {
    let both_or_neither = NEVER_ALONE.iter().all(|name| one.contains_key(*name) == other.contains_key(*name));
    both_or_neither && one.iter().all(|(name, value)| other.get(name).is_none_or(|other| other == value))
}

fn caseless(text: &str) -> Vec<u8> {
    let mut plain = plain(text);
    plain.make_ascii_lowercase();
    plain
}

/// Without the escapes that mean the same as what they escape. Those of reserved characters stay, and that of `%` itself:
/// without it, another escape would appear.
fn plain(text: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = match escaped(rest) {
            Some((byte, behind)) if !is_reserved(byte) => {
                plain.push(byte);
                behind
            }
            Some((byte, behind)) => {
                plain.extend_from_slice(format!("%{byte:02x}").as_bytes());
                behind
            }
            None => {
                plain.push(*first);
                behind
            }
        };
    }
    plain
}

/// The byte of the escape that `text` begins with, and what is behind it.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let [b'%', high, low, behind @ ..] = text else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? << 4 | digit(*low)?, behind))
}

/// `reserved` of §25.1, and `%`.
const fn is_reserved(byte: u8) -> bool {
    matches!(byte, b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',' | b'%')
}
