//! Answering challenges (RFC 3261 §22, RFC 7616): who we are to a realm, and what it has asked.

use std::fmt;

use bytes::Bytes;

use super::stack::Stack;
use crate::sip::digest::{Answer, Challenge, Credentials, Qop, Quoted, challenges, strongest};
use crate::sip::{Known, Name, Response};

/// How many challenges are kept; beyond it the one that has been known longest is forgotten.
const MOST: usize = 8;

/// The challenges that are known, by kind and realm, with how often each nonce was used. Requests that share them answer
/// them before they are asked again (§22.2, §22.3).
#[derive(Default)]
pub struct Authorizations {
    known: Vec<Asked>,
}

/// A challenge, and what it has been answered with.
struct Asked {
    kind: Kind,
    challenge: Challenge,
    /// How many requests were sent with its nonce.
    used: u32,
}

/// A header that answers a challenge.
pub struct Proof {
    kind: Kind,
    realm: Quoted,
    nonce: Quoted,
    value: Bytes,
}

impl Proof {
    /// The header's name.
    pub fn name(&self) -> &'static str {
        self.kind.answered_in()
    }

    /// What stands in it.
    pub fn value(&self) -> &Bytes {
        &self.value
    }
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The server, or a registrar.
    Server,
    /// A proxy before it.
    Proxy,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Server, Self::Proxy];

    const fn asks_in(self) -> Name {
        match self {
            Self::Server => Name::WwwAuthenticate,
            Self::Proxy => Name::ProxyAuthenticate,
        }
    }

    const fn answered_in(self) -> &'static str {
        match self {
            Self::Server => Name::Authorization.as_str(),
            Self::Proxy => Name::ProxyAuthorization.as_str(),
        }
    }
}

impl Authorizations {
    /// Takes the challenges of a 401 or 407: the strongest of each realm, of both kinds, as a proxy hands on what several
    /// have asked. Whether the request, which came with these proofs, may be sent again: not if nothing in it can be answered,
    /// nor if a realm asks again that the request had just answered (§22.2). What such a realm had asked is forgotten: the next
    /// request begins anew.
    pub fn learn(&mut self, response: &Response, proofs: &[Proof]) -> bool {
        let mut asks = false;
        let mut refuses = false;
        for kind in Kind::ALL {
            let offered = challenges(&response.headers, kind.asks_in());
            for challenge in strongest(&offered) {
                asks = true;
                let proof = proofs.iter().find(|proof| proof.kind == kind && proof.realm == challenge.realm);
                refuses |= !self.take(kind, challenge, proof);
            }
        }
        asks && !refuses
    }

    /// The headers that answer the known challenges, for the next sending of a request with this body.
    pub fn headers(
        &mut self,
        stack: &mut Stack,
        (method, uri, body): (Known, &str, &[u8]),
        credentials: &Credentials,
    ) -> Vec<Proof> {
        let (method, cnonce) = (method.to_string(), stack.ids.tag());
        let answered = |asked: &mut Asked| {
            asked.used += 1;
            let answer = Answer {
                challenge: &asked.challenge,
                credentials,
                method: &method,
                uri,
                body,
                cnonce: &cnonce,
                nonce_count: asked.used,
            };
            let Challenge { realm, nonce, .. } = asked.challenge.clone();
            Proof { kind: asked.kind, realm, nonce, value: answer.authorization() }
        };
        self.known.iter_mut().map(answered).collect()
    }

    /// What these proofs were made for was not sent: their nonce counts are the next request's.
    pub fn take_back(&mut self, proofs: &[Proof]) {
        for proof in proofs {
            let mut known = self.known.iter_mut();
            if let Some(asked) =
                known.find(|asked| asked.kind == proof.kind && asked.challenge.nonce == proof.nonce)
            {
                asked.used = asked.used.saturating_sub(1);
            }
        }
    }

    /// Whether an answer depends on the body of the request.
    pub fn cover_bodies(&self) -> bool {
        self.known.iter().any(|asked| asked.challenge.qop == Qop::AuthInt)
    }

    /// Takes one challenge in place of what its realm has asked before; whether it can be answered by the request that came
    /// with this proof.
    fn take(&mut self, kind: Kind, challenge: &Challenge, proof: Option<&Proof>) -> bool {
        let is_same = |asked: &Asked| asked.kind == kind && asked.challenge.realm == challenge.realm;
        let before = self.known.iter().position(is_same).map(|place| self.known.remove(place));
        let is_repeat = before.as_ref().is_some_and(|asked| asked.challenge.nonce == challenge.nonce);
        // A request that had not answered what is known now, because another one was asked in the meantime, shows nothing. A
        // nonce that has served other requests before may have been given up without a word (`stale` is optional); one that was
        // fresh has shown that the password is wrong.
        let has_answered = before
            .as_ref()
            .is_some_and(|asked| proof.is_some_and(|proof| proof.nonce == asked.challenge.nonce));
        let used = before.map_or(0, |asked| asked.used);
        let is_refused = has_answered
            && match used {
                0 => false,
                1 => !challenge.stale,
                _ => !challenge.stale && is_repeat,
            };
        if is_refused {
            return false;
        }
        if self.known.len() >= MOST {
            self.known.remove(0);
        }
        let used = if is_repeat { used } else { 0 };
        self.known.push(Asked { kind, challenge: challenge.clone(), used });
        true
    }
}

/// Shows nothing of what is hashed with the password.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({})", self.name())
    }
}

/// Shows nothing of what is hashed with the password.
impl fmt::Debug for Authorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorizations({})", self.known.len())
    }
}
