//! Answering challenges (RFC 3261 §22, RFC 7616): who we are to a realm, and what it has asked.

use std::fmt;

use bytes::Bytes;

use super::stack::Stack;
use crate::sip::digest::{Answer, Challenge, Credentials, Qop, challenges, strongest};
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
    /// have asked. Whether the request may be sent again: not if nothing in it can be answered, nor if a realm asks again
    /// that has just been answered (§22.2). What such a realm had asked is forgotten: the next request begins anew.
    pub fn learn(&mut self, response: &Response) -> bool {
        let mut asks = false;
        let mut refuses = false;
        for kind in Kind::ALL {
            let offered = challenges(&response.headers, kind.asks_in());
            for challenge in strongest(&offered) {
                asks = true;
                refuses |= !self.take(kind, challenge);
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
    ) -> Vec<(&'static str, Bytes)> {
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
            (asked.kind.answered_in(), answer.authorization())
        };
        self.known.iter_mut().map(answered).collect()
    }

    /// Whether an answer depends on the body of the request.
    pub fn cover_bodies(&self) -> bool {
        self.known.iter().any(|asked| asked.challenge.qop == Qop::AuthInt)
    }

    /// Takes one challenge in place of what its realm has asked before; whether it can be answered.
    fn take(&mut self, kind: Kind, challenge: &Challenge) -> bool {
        let is_same = |asked: &Asked| asked.kind == kind && asked.challenge.realm == challenge.realm;
        let before = self.known.iter().position(is_same).map(|place| self.known.remove(place));
        let is_repeat = before.as_ref().is_some_and(|asked| asked.challenge.nonce == challenge.nonce);
        let used = before.map_or(0, |asked| asked.used);
        // A nonce that has served other requests before may have been given up without a word (`stale` is optional); one
        // that was fresh has shown that the password is wrong.
        let is_refused = match used {
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
impl fmt::Debug for Authorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authorizations({})", self.known.len())
    }
}
