//! Who may come in: keys with scopes, tokens, and how often each may ask. Knows nothing of HTTP but an address and what was
//! shown.
//!
//! | file | what is in it |
//! |---|---|
//! | `scope` | what a key may be used for |
//! | `digest` `key` | keys, hashed and compared in constant time |
//! | `token` | JSON Web Tokens |
//! | `rate` | how often somebody may ask |
//! | `pass` | who has come in, for as long as he may stay |
//!
//! [`Access`] is asked at each request. Its keys are replaced while it runs; who has come in with one that is gone is told so by
//! his [`Pass`]. A replacement never opens what was closed: without a key that is left, nobody comes in.

mod digest;
mod key;
mod pass;
mod rate;
mod scope;
#[cfg(test)]
pub(crate) mod tests;
mod token;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

pub use digest::{BadDigest, Digest};
pub use key::{Key, MOST_KEYS, key_name, new_key};
pub use pass::Pass;
pub use rate::{BadRate, MaybeRate, Rate, Rates};
pub use scope::{BadScope, Scope, Scopes};
pub use token::{BadKeySet, BadToken, Tokens};

use pass::{Proof, Who};

/// What the settings say of who may come in.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// The keys that are good.
    pub keys: Vec<Key>,
    /// The tokens that are; `None`: none.
    pub tokens: Option<Tokens>,
}

impl Doors {
    /// Whether nobody could come in.
    pub fn is_bare(&self) -> bool {
        self.keys.is_empty() && self.tokens.is_none()
    }
}

/// How often somebody may ask.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of each key, or of each address while all is open; `None`: as often as he likes.
    pub requests: Option<Rate>,
    /// How often an address may show what is not good before nothing that it shows is looked at.
    pub failures: Option<Rate>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: None, failures: Rate::new(10, 100) }
    }
}

/// Who may come in, and who asks how often. All clones are one.
#[derive(Clone, Debug)]
pub struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Good while the settings name no key.
    last_resort: Option<Key>,
    doors: watch::Sender<Current>,
    requests: Rates<Source>,
    failures: Rates<IpAddr>,
}

/// What is good now.
#[derive(Debug)]
struct Current {
    doors: Doors,
    is_open: bool,
}

/// Whose requests are counted together.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Source {
    Key(Arc<str>),
    Token(Arc<str>),
    Address(IpAddr),
}

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// He has shown nothing.
    #[error("no key was shown")]
    NoKey,
    /// What he has shown is no key and no token.
    #[error("the API key is not known")]
    Unknown,
    /// His token is not believed.
    #[error(transparent)]
    Token(#[from] BadToken),
    /// He asks too often; how long to wait.
    #[error("too many requests")]
    TooMany(Duration),
    /// So much that was not good came from his address that nothing more is looked at; how long to wait.
    #[error("too many requests with a wrong key came from this address")]
    TooManyFailures(Duration),
}

impl Access {
    /// By these settings. Without a key and a token in them the key of the last resort is good; without that all is open.
    pub fn new(doors: Doors, last_resort: Option<Key>, limits: Limits) -> Self {
        let current = Current::of(doors, last_resort.as_ref(), true);
        Self(Arc::new(Inner {
            last_resort,
            doors: watch::Sender::new(current),
            requests: Rates::new(limits.requests),
            failures: Rates::new(limits.failures),
        }))
    }

    /// From now on by these settings. What was closed stays closed.
    pub fn replace(&self, doors: Doors) {
        self.0.doors.send_modify(|current| {
            *current = Current::of(doors, self.0.last_resort.as_ref(), current.is_open);
        });
    }

    /// Whether everybody may do everything.
    pub fn is_open(&self) -> bool {
        self.0.doors.borrow().is_open
    }

    /// Lets in who shows this and asks from there.
    pub fn admit(&self, shown: Option<&[u8]>, from: Option<IpAddr>, now: Instant) -> Result<Pass, Refused> {
        let from = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), network);
        let who = self.recognise(shown, from, now)?;
        let source = match &who.proof {
            Proof::Nothing => Source::Address(from),
            Proof::Key(_) => Source::Key(who.name.clone()),
            Proof::Token { .. } => Source::Token(who.name.clone()),
        };
        self.0.requests.take(source, now).map_err(Refused::TooMany)?;
        Ok(Pass::new(who, self.0.doors.subscribe()))
    }

    fn recognise(&self, shown: Option<&[u8]>, from: IpAddr, now: Instant) -> Result<Who, Refused> {
        let current = self.0.doors.borrow();
        if current.is_open {
            return Ok(Who::anybody());
        }
        let shown = shown.ok_or(Refused::NoKey)?;
        self.0.failures.check(&from, now).map_err(Refused::TooManyFailures)?;
        current.doors.recognise(shown).inspect_err(|_| {
            // That it is one too many is told the next time.
            let _ = self.0.failures.take(from, now);
        })
    }
}

impl Current {
    fn of(mut doors: Doors, last_resort: Option<&Key>, may_be_open: bool) -> Self {
        if doors.is_bare() {
            doors.keys.extend(last_resort.cloned());
        }
        Self { is_open: may_be_open && doors.is_bare(), doors }
    }
}

impl Doors {
    fn recognise(&self, shown: &[u8]) -> Result<Who, Refused> {
        let digest = Digest::of(shown);
        if let Some(key) = key::find(&self.keys, &digest) {
            return Ok(Who { name: key.name.clone(), scopes: key.scopes, proof: Proof::Key(digest) });
        }
        match &self.tokens {
            Some(tokens) if Tokens::is_like_one(shown) => Ok(Who::by_token(tokens.verify(shown)?, shown)),
            _ => Err(Refused::Unknown),
        }
    }
}

/// What is counted as one address: of IPv6 the network that one subscriber has (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}
