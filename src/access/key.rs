//! The keys that clients may show.

use std::sync::Arc;

use subtle::{ConditionallySelectable, ConstantTimeEq};

use super::digest::hex;
use super::{Digest, Scopes};

/// How many keys there may be: each request that shows one is held against them all.
pub const MOST_KEYS: usize = 1000;

/// The longest name of a key, bytes.
const LONGEST_NAME: usize = 64;

/// What a made key begins with, so that it is known for one where it turns up.
const PREFIX: &str = "ca_";

/// A key that clients may show.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name: who asks when it is shown.
    pub name: Arc<str>,
    /// Its hash.
    pub digest: Digest,
    /// What it may be used for.
    pub scopes: Scopes,
}

/// The name of a key, if the text can be one.
pub fn key_name(text: &str) -> Result<Arc<str>, &'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte);
    if (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(text.into());
    }
    Err("1–64 characters: letters, digits and -._~@+")
}

/// A new key: `ca_` and 256 random bits in hexadecimal.
pub fn new_key() -> Result<String, getrandom::Error> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    Ok(format!("{PREFIX}{}", hex(&random)))
}

/// The key of this digest. Takes the same time whichever it is, and if it is none.
pub(super) fn find<'a>(keys: &'a [Key], digest: &Digest) -> Option<&'a Key> {
    let mut found = 0_u32;
    for (place, key) in (1_u32..).zip(keys) {
        found.conditional_assign(&place, key.digest.ct_eq(digest));
    }
    keys.get((found as usize).checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_wherever_it_stands_and_what_is_none_is_not() {
        let key = |name: &str| Key { name: name.into(), digest: Digest::of(name), scopes: Scopes::all() };
        let keys = ["a", "b", "c"].map(key);
        for name in ["a", "b", "c"] {
            assert_eq!(&*find(&keys, &Digest::of(name)).unwrap().name, name);
        }
        assert!(find(&keys, &Digest::of("d")).is_none());
        assert!(find(&[], &Digest::of("a")).is_none());
    }

    #[test]
    fn a_new_key_says_what_it_is_and_comes_once() {
        let (one, other) = (new_key().unwrap(), new_key().unwrap());
        assert!(one.starts_with("ca_") && one.len() == 67, "{one}");
        assert_ne!(one, other);
    }
}
