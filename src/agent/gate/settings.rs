//! Who may begin something with us, and how much of it.

use std::net::IpAddr;

use super::Network;
use crate::sip::digest::{Algorithm, Credentials};

/// Who may begin something with us, and how much of it.
#[derive(Clone, Debug)]
pub struct GateSettings {
    /// Where peers may be; empty: anywhere.
    pub allow: Vec<Network>,
    /// What others get.
    pub denied: Denied,
    /// How many requests outside dialogs a peer may send in a second; 0: any number.
    pub peer_rate: u32,
    /// How many of them at once.
    pub peer_burst: u32,
    /// How many calls a peer may have open with us; 0: any number.
    pub peer_calls: usize,
    /// What a request over a limit gets.
    pub over_limit: OverLimit,
    /// Who may call; empty: who is called is not asked for credentials.
    pub users: Vec<Credentials>,
    /// What the credentials are for, as the challenge says it.
    pub realm: String,
    /// What the challenge asks for, best first (RFC 8760 §2.3): a client answers the first that it knows.
    pub digests: Vec<Algorithm>,
    /// Whom the challenge is for.
    pub challenge: Challenged,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            denied: Denied::default(),
            peer_rate: 0,
            peer_burst: 0,
            peer_calls: 0,
            over_limit: OverLimit::default(),
            users: Vec::new(),
            realm: "call-agent".to_owned(),
            digests: vec![Algorithm::Sha256, Algorithm::Md5],
            challenge: Challenged::default(),
        }
    }
}

impl GateSettings {
    /// Whether a peer there may begin something with us.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.has(address))
    }
}

/// What peers get that are not allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Denied {
    /// Nothing: the transport lets no byte of theirs in.
    #[default]
    Drop,
    /// 403.
    Reject,
}

/// What a request over a limit gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverLimit {
    /// 503 with Retry-After.
    #[default]
    Respond,
    /// Nothing.
    Drop,
}

/// Who is asked for credentials, where there are users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Challenged {
    /// All but those who call us on an account: a registrar has no credentials of ours.
    #[default]
    Strangers,
    /// All.
    All,
}
