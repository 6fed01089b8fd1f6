//! Writing Authorization and Proxy-Authorization (RFC 3261 §22.4, RFC 7616 §3.4).

use bytes::Bytes;

use super::covered::Covered;
use super::{Challenge, Credentials, Qop};
use crate::sip::text::quote;

/// One answer to one challenge.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// What is answered.
    pub challenge: &'a Challenge,
    /// Of the challenge's realm.
    pub credentials: &'a Credentials,
    /// Of the request that carries the answer, as on the wire.
    pub method: &'a str,
    /// The Request-URI as on the wire.
    pub uri: &'a str,
    /// Of the request; counts only where `auth-int` alone was offered.
    pub body: &'a [u8],
    /// Ours, not to be guessed; a token.
    pub cnonce: &'a str,
    /// How many requests were sent with this nonce, this one included: 1 for the first.
    pub nonce_count: u32,
}

impl Answer<'_> {
    /// The value of the header. Not to be logged: a weak password can be guessed from it.
    pub fn authorization(&self) -> Bytes {
        let Challenge { realm, nonce, opaque, algorithm, algorithm_name, qop, .. } = self.challenge;
        let mut value = Vec::with_capacity(512);
        let mut add = |name: &str, content: &[u8]| {
            value.extend_from_slice(if value.is_empty() { b"Digest " } else { b", " });
            value.extend_from_slice(name.as_bytes());
            value.extend_from_slice(b"=");
            value.extend_from_slice(content);
        };
        add("username", quote(&self.credentials.username).as_bytes());
        add("realm", &quoted(realm.as_bytes()));
        add("nonce", &quoted(nonce.as_bytes()));
        add("uri", quote(self.uri).as_bytes());
        add("response", &quoted(self.response().as_bytes()));
        if let Some(name) = algorithm_name {
            add("algorithm", name.as_bytes());
        }
        // A session hashes the cnonce whatever the qop: without it, the server could not check the answer.
        if *qop != Qop::None || algorithm.is_session() {
            add("cnonce", quote(self.cnonce).as_bytes());
        }
        if let Some(opaque) = opaque {
            add("opaque", &quoted(opaque.as_bytes()));
        }
        if let Some(qop) = qop.word() {
            add("qop", qop.as_bytes());
            add("nc", self.count().as_bytes());
        }
        value.into()
    }

    fn response(&self) -> String {
        let Challenge { realm, nonce, algorithm, qop, .. } = self.challenge;
        let Credentials { username, password } = self.credentials;
        let (realm, nonce, count) = (realm.plain(), nonce.plain(), self.count());
        let covered = Covered {
            algorithm: *algorithm,
            username: username.as_bytes(),
            realm: &realm,
            password,
            nonce: &nonce,
            cnonce: self.cnonce.as_bytes(),
            count: count.as_bytes(),
            qop: *qop,
            method: self.method,
            uri: self.uri.as_bytes(),
            body: self.body,
        };
        covered.digest()
    }

    fn count(&self) -> String {
        format!("{:08x}", self.nonce_count)
    }
}

fn quoted(content: &[u8]) -> Vec<u8> {
    [b"\"", content, b"\""].concat()
}
