//! Who asks the agent who it is, and looks closely at what it answers (RFC 3261 §22).

use crate::agent::tests::callee::account;
use crate::sip::digest::{Answer, Challenge};
use crate::sip::{Name, Request};

/// A proxy or a server with a realm of its own; its newest nonce is the only good one.
pub struct Asker {
    asks_in: Name,
    answered_in: Name,
    realm: &'static str,
    asked: u32,
}

impl Asker {
    pub fn proxy() -> Self {
        Self {
            asks_in: Name::ProxyAuthenticate,
            answered_in: Name::ProxyAuthorization,
            realm: "proxy",
            asked: 0,
        }
    }

    pub fn server() -> Self {
        Self { asks_in: Name::WwwAuthenticate, answered_in: Name::Authorization, realm: "server", asked: 0 }
    }

    pub fn status(&self) -> u16 {
        if self.asks_in == Name::ProxyAuthenticate { 407 } else { 401 }
    }

    pub fn has_asked(&self) -> bool {
        self.asked > 0
    }

    /// The challenge with a new nonce: a header's name and value.
    pub fn ask(&mut self, stale: bool) -> (&'static str, String) {
        self.asked += 1;
        let stale = if stale { ", stale=true" } else { "" };
        (self.asks_in.as_str(), self.challenge() + stale)
    }

    /// Whether a request answers the newest nonce; what does must be right in every letter.
    pub fn is_answered(&self, request: &Request, user: &str) -> bool {
        let nonce = format!("nonce=\"{}-{}\"", self.realm, self.asked);
        let answers = request.headers.all(self.answered_in).map(|header| header.text().to_string());
        let Some(answer) = answers.into_iter().find(|answer| answer.contains(&nonce)) else { return false };
        let part = |name: &str| {
            let (_, rest) = answer.split_once(&format!(" {name}=")).expect("a part of the answer");
            rest.split(',').next().expect("a value").trim_matches('"').to_owned()
        };
        let credentials = account(user).credentials.expect("a password");
        let expected = Answer {
            challenge: &Challenge::parse(self.challenge().as_bytes()).expect("a challenge"),
            credentials: &credentials,
            method: &request.method.to_string(),
            uri: request.uri.as_str(),
            body: b"",
            cnonce: &part("cnonce"),
            nonce_count: u32::from_str_radix(&part("nc"), 16).expect("a number"),
        };
        assert_eq!(expected.authorization(), answer.as_bytes(), "a wrong answer");
        true
    }

    fn challenge(&self) -> String {
        format!("Digest realm=\"{0}\", nonce=\"{0}-{1}\", qop=\"auth\"", self.realm, self.asked)
    }
}
