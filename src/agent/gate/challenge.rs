//! Asking who calls us for credentials (RFC 3261 §22.2, RFC 8760).

use std::time::Instant;

use bytestring::ByteString;

use super::GateSettings;
use super::nonces::Nonces;
use crate::agent::map::{Hashing, Map};
use crate::sip::digest::{Algorithm, Authorization, Password, authorizations, demand};
use crate::sip::{Headers, Method};

/// Who may call, and what they were asked.
#[derive(Debug)]
pub struct Challenger {
    realm: String,
    /// What is asked for, in order.
    digests: Vec<Algorithm>,
    users: Map<ByteString, Password>,
    nonces: Nonces,
}

/// What a request has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// That it is a user's.
    User,
    /// The same, but with a nonce that is no good, or no good any more.
    Stale,
    /// Nothing: it has no credentials of our realm.
    Nothing,
    /// Credentials that are wrong.
    Wrong,
}

impl Challenger {
    /// For the users of these settings. Whoever knows the key can make nonces.
    pub fn new(
        GateSettings { users, realm, digests, .. }: &GateSettings,
        (hashing, key): (Hashing, [u8; 32]),
        start: Instant,
    ) -> Self {
        let mut known = Map::with_hasher(hashing);
        known.extend(users.iter().map(|user| (user.username.clone(), user.password.clone())));
        let (realm, digests) = (realm.clone(), digests.clone());
        Self { realm, digests, users: known, nonces: Nonces::new(key, start) }
    }

    /// Judges the credentials of a request.
    pub fn judge(&mut self, now: Instant, method: &Method, headers: &Headers) -> Shown {
        let is_ours = |answer: &Authorization<'_>| {
            *answer.realm == *self.realm.as_bytes() && self.digests.contains(&answer.algorithm)
        };
        let Some(answer) = authorizations(headers).find(is_ours) else { return Shown::Nothing };
        let password = std::str::from_utf8(&answer.username).ok().and_then(|name| self.users.get(name));
        // Hashed for nobody, too: how long it takes does not tell who is a user.
        let nobody = Password::new("");
        let is_right = answer.is_by(password.unwrap_or(&nobody), method.as_str());
        if password.is_none() || !is_right {
            return Shown::Wrong;
        }
        // An answer without a count is good once.
        match self.nonces.take(now, answer.nonce, answer.nonce_count.unwrap_or(1)) {
            true => Shown::User,
            false => Shown::Stale,
        }
    }

    /// The values of WWW-Authenticate that ask for credentials, for who has shown that.
    pub fn demands(&mut self, now: Instant, shown: Shown) -> Vec<String> {
        let nonce = self.nonces.issue(now);
        let demands =
            self.digests.iter().map(|digest| demand(&self.realm, &nonce, *digest, shown == Shown::Stale));
        demands.collect()
    }
}
