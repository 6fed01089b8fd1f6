//! Reading WWW-Authenticate and Proxy-Authenticate (RFC 3261 §20.27, §20.44, RFC 7616 §3.3).

use bytestring::ByteString;

use super::params::params;
use super::{Algorithm, Quoted};
use crate::sip::grammar::trim;
use crate::sip::{Headers, Name};

/// How many challenges of one response are looked at; those behind are left out.
const MOST: usize = 16;

/// A Digest challenge that the agent can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Whose credentials are asked for.
    pub realm: Quoted,
    /// The server's, to be hashed and given back.
    pub nonce: Quoted,
    /// To be given back.
    pub opaque: Option<Quoted>,
    /// What to hash with.
    pub algorithm: Algorithm,
    /// As the server wrote it, if it did.
    pub(super) algorithm_name: Option<ByteString>,
    /// What the digest has to cover.
    pub qop: Qop,
    /// The credentials were right and only the nonce was too old: worth another try (RFC 7616 §3.3).
    pub stale: bool,
}

/// The quality of protection to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// None was offered: answered as RFC 2069 has it.
    None,
    /// `auth`: method and URI. Preferred where both are offered.
    Auth,
    /// `auth-int`: the body too.
    AuthInt,
}

/// Every challenge in the headers of that name (`WwwAuthenticate` or `ProxyAuthenticate`) that the agent can answer, in
/// order; other schemes, unknown algorithms and what cannot be read are skipped.
pub fn challenges(headers: &Headers, name: Name) -> Vec<Challenge> {
    headers.all(name).take(MOST).filter_map(|header| Challenge::parse(header.value)).collect()
}

/// Which challenges to answer: of each realm the strongest, of equals the topmost; realms in order of appearance
/// (RFC 3261 §22.3: a forking proxy hands on the challenges of several).
pub fn strongest(challenges: &[Challenge]) -> Vec<&Challenge> {
    let mut chosen: Vec<&Challenge> = Vec::new();
    for challenge in challenges {
        match chosen.iter_mut().find(|other| other.realm == challenge.realm) {
            Some(other) if challenge.algorithm.strength() > other.algorithm.strength() => *other = challenge,
            Some(_) => {}
            None => chosen.push(challenge),
        }
    }
    chosen
}

impl Challenge {
    /// Reads one header value. `None` if it is of another scheme, cannot be read, or asks for what the agent does not know.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut read = Params::default();
        for (name, value) in params(value)? {
            read.set(name, value)?;
        }
        read.challenge()
    }
}

/// What was read of a challenge: of a parameter that is there twice, the first.
#[derive(Default)]
struct Params<'a> {
    realm: Option<&'a [u8]>,
    nonce: Option<&'a [u8]>,
    opaque: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    qop: Option<&'a [u8]>,
    stale: Option<&'a [u8]>,
}

impl<'a> Params<'a> {
    /// `None` if it is a parameter that matters and its value cannot be read.
    fn set(&mut self, name: &[u8], value: Option<&'a [u8]>) -> Option<()> {
        let known = [
            (&b"realm"[..], &mut self.realm),
            (b"nonce", &mut self.nonce),
            (b"opaque", &mut self.opaque),
            (b"algorithm", &mut self.algorithm),
            (b"qop", &mut self.qop),
            (b"stale", &mut self.stale),
        ];
        if let Some((_, param)) = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            param.get_or_insert(value?);
        }
        Some(())
    }

    fn challenge(self) -> Option<Challenge> {
        let name = self.algorithm.map(std::str::from_utf8).transpose().ok()?.map(str::trim);
        Some(Challenge {
            realm: Quoted::of(self.realm?),
            nonce: Quoted::of(self.nonce?),
            opaque: self.opaque.map(Quoted::of),
            algorithm: name.map_or(Some(Algorithm::Md5), Algorithm::of)?,
            algorithm_name: name.map(ByteString::from),
            qop: self.qop.map_or(Some(Qop::None), Qop::of)?,
            stale: self.stale.is_some_and(|stale| trim(stale).eq_ignore_ascii_case(b"true")),
        })
    }
}

impl Qop {
    /// Of a list of options. An empty one offers nothing; one of unknown options only cannot be answered.
    fn of(list: &[u8]) -> Option<Self> {
        let offered = |option: &[u8]| {
            list.split(|byte| *byte == b',').any(|offer| trim(offer).eq_ignore_ascii_case(option))
        };
        if offered(b"auth") {
            Some(Self::Auth)
        } else if offered(b"auth-int") {
            Some(Self::AuthInt)
        } else {
            list.iter().all(|byte| matches!(byte, b' ' | b'\t' | b',')).then_some(Self::None)
        }
    }
}
