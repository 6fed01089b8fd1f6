//! Reading Authorization (RFC 3261 §20.7, RFC 7616 §3.4), and asking for it.

use std::borrow::Cow;

use super::covered::Covered;
use super::params::params;
use super::{Algorithm, Password, Qop};
use crate::sip::text::quote;
use crate::sip::{Headers, Name, grammar};

/// How many answers in one request are looked at; those behind are left out.
const MOST: usize = 16;

/// The value of a WWW-Authenticate that asks for a digest with `qop=auth`.
pub fn demand(realm: &str, nonce: &str, algorithm: Algorithm, is_stale: bool) -> String {
    let stale = if is_stale { ", stale=true" } else { "" };
    let algorithm = algorithm.name();
    format!("Digest realm={}, nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}", quote(realm))
}

/// What a client has answered to a challenge. Not to be logged: a weak password can be guessed from it.
pub struct Authorization<'a> {
    /// Who it says it is.
    pub username: Cow<'a, [u8]>,
    /// Where.
    pub realm: Cow<'a, [u8]>,
    /// The nonce that it answers.
    pub nonce: &'a [u8],
    /// What was hashed with.
    pub algorithm: Algorithm,
    /// How many requests it has sent with this nonce, this one included; `None` without a quality of protection.
    pub nonce_count: Option<u32>,
    uri: Cow<'a, [u8]>,
    response: &'a [u8],
    cnonce: Cow<'a, [u8]>,
    count: &'a [u8],
}

/// Every answer of a request that can be read, in order.
pub fn authorizations(headers: &Headers) -> impl Iterator<Item = Authorization<'_>> {
    headers.all(Name::Authorization).take(MOST).filter_map(|header| Authorization::parse(header.value))
}

impl<'a> Authorization<'a> {
    /// Reads one header value. `None` if it is of another scheme, cannot be read, or has a quality of protection other than
    /// `auth` or none.
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut read = Params::default();
        for (name, value) in params(value)? {
            read.set(name, value)?;
        }
        read.authorization()
    }

    /// Whether who sent it knows the password. Takes as long whatever the answer.
    pub fn is_by(&self, password: &Password, method: &str) -> bool {
        let covered = Covered {
            algorithm: self.algorithm,
            username: &self.username,
            realm: &self.realm,
            password,
            nonce: self.nonce,
            cnonce: &self.cnonce,
            count: self.count,
            qop: if self.nonce_count.is_some() { Qop::Auth } else { Qop::None },
            method,
            uri: &self.uri,
            body: b"",
        };
        are_same(covered.digest().as_bytes(), self.response)
    }
}

/// Compares all bytes, wherever the first difference is. Digits may be written in either case.
fn are_same(digest: &[u8], response: &[u8]) -> bool {
    let differs = |(one, other): (&u8, &u8)| one ^ other.to_ascii_lowercase();
    digest.len() == response.len()
        && digest.iter().zip(response).map(differs).fold(0, |all, one| all | one) == 0
}

/// What was read of an answer: of a parameter that is there twice, the first.
#[derive(Default)]
struct Params<'a> {
    username: Option<&'a [u8]>,
    realm: Option<&'a [u8]>,
    nonce: Option<&'a [u8]>,
    uri: Option<&'a [u8]>,
    response: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    cnonce: Option<&'a [u8]>,
    qop: Option<&'a [u8]>,
    count: Option<&'a [u8]>,
}

impl<'a> Params<'a> {
    /// `None` if it is a parameter that matters and its value cannot be read.
    fn set(&mut self, name: &[u8], value: Option<&'a [u8]>) -> Option<()> {
        let known = [
            (&b"username"[..], &mut self.username),
            (b"realm", &mut self.realm),
            (b"nonce", &mut self.nonce),
            (b"uri", &mut self.uri),
            (b"response", &mut self.response),
            (b"algorithm", &mut self.algorithm),
            (b"cnonce", &mut self.cnonce),
            (b"qop", &mut self.qop),
            (b"nc", &mut self.count),
        ];
        if let Some((_, param)) = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            param.get_or_insert(value?);
        }
        Some(())
    }

    fn authorization(self) -> Option<Authorization<'a>> {
        let algorithm = self.algorithm.map(std::str::from_utf8).transpose().ok()?;
        let (count, nonce_count) = match self.qop {
            None => (&b""[..], None),
            Some(qop) if qop.eq_ignore_ascii_case(b"auth") => (self.count?, Some(number(self.count?)?)),
            Some(_) => return None,
        };
        Some(Authorization {
            username: grammar::unescaped(self.username?),
            realm: grammar::unescaped(self.realm?),
            nonce: self.nonce?,
            algorithm: algorithm.map_or(Some(Algorithm::Md5), |name| Algorithm::of(name.trim()))?,
            nonce_count,
            uri: grammar::unescaped(self.uri?),
            response: self.response?,
            cnonce: grammar::unescaped(self.cnonce.unwrap_or_default()),
            count,
        })
    }
}

/// Eight hexadecimal digits (RFC 7616 §3.4).
fn number(digits: &[u8]) -> Option<u32> {
    let is_number = digits.len() == 8 && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    u32::from_str_radix(digits, 16).ok()
}
