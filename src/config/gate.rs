//! The settings of who may begin something with us over SIP, and of how much.

use std::time::Duration;

use clap::Args;

use super::value;
use crate::agent::{Challenged, Denied, GateSettings, Network, OverLimit};
use crate::sip::digest::{Algorithm, Credentials};

/// The settings that the transport has a part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipPeers {
    /// Where peers may be whose bytes are let in; empty: anywhere.
    pub allow: Vec<Network>,
    /// How many connections a peer may have to us; 0: as many as there may be.
    pub connections: usize,
    /// How many bytes in a minute a peer may send that cannot be read; 0: any number.
    pub garbage: usize,
    /// How long a connection may be silent that nothing needs; `None`: for ever.
    pub idle: Option<Duration>,
}

// What is written on the fields is the text of `--help`.
#[derive(Debug, Default, Args)]
pub(super) struct GateLayer {
    /// Where SIP peers may be; a list of networks [default: anywhere]
    #[arg(long, value_name = "ADDRESS[/PREFIX]", value_delimiter = ',')]
    sip_allow: Option<Vec<Network>>,

    /// What other peers get: drop (nothing; their connections are closed) or reject (403) [default: drop]
    #[arg(long, value_name = "HOW", value_parser = denied)]
    sip_denied: Option<Denied>,

    /// The realm that callers are asked for credentials of, where there are `[[sip_user]]`s [default: call-agent]
    #[arg(long, value_name = "REALM", value_parser = realm)]
    sip_realm: Option<String>,

    /// By which digests, best first; a list of SHA-256, SHA-512-256, MD5 [default: SHA-256,MD5]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = digest)]
    sip_digest: Option<Vec<Algorithm>>,

    /// Whom they are asked of: strangers (all but the registrars of our accounts) or all [default: strangers]
    #[arg(long, value_name = "WHOM", value_parser = challenged)]
    sip_challenge: Option<Challenged>,

    /// How many connections a SIP peer may have [default: 5000; 0: no limit]
    #[arg(long, value_name = "COUNT", value_parser = value::number)]
    sip_peer_connections: Option<usize>,

    /// How many requests outside dialogs a SIP peer may send in a second [default: 0, no limit]
    #[arg(long, value_name = "COUNT", value_parser = value::small)]
    sip_peer_rate: Option<u32>,

    /// How many of them at once [default: as many as in a second]
    #[arg(long, value_name = "COUNT", value_parser = value::small)]
    sip_peer_burst: Option<u32>,

    /// How many calls a SIP peer may have open [default: 0, no limit]
    #[arg(long, value_name = "COUNT", value_parser = value::number)]
    sip_peer_calls: Option<usize>,

    /// How many bytes in a minute a SIP peer may send that cannot be read [default: 1048576; 0: no limit]
    #[arg(long, value_name = "BYTES", value_parser = value::number)]
    sip_peer_garbage: Option<usize>,

    /// What a request over --sip-peer-rate or --sip-peer-calls gets: respond (503 with Retry-After) or drop (nothing) [default: respond]
    #[arg(long, value_name = "HOW", value_parser = over_limit)]
    sip_over_limit: Option<OverLimit>,

    /// How long a SIP connection may be silent that no call and no registration needs; 0: for ever [default: 3600]
    #[arg(long, value_name = "SECONDS", value_parser = value::seconds)]
    sip_idle_seconds: Option<Duration>,
}

impl GateLayer {
    /// What this source does not give, by the next one.
    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            sip_allow: self.sip_allow.or(lower.sip_allow),
            sip_denied: self.sip_denied.or(lower.sip_denied),
            sip_realm: self.sip_realm.or(lower.sip_realm),
            sip_digest: self.sip_digest.or(lower.sip_digest),
            sip_challenge: self.sip_challenge.or(lower.sip_challenge),
            sip_peer_connections: self.sip_peer_connections.or(lower.sip_peer_connections),
            sip_peer_rate: self.sip_peer_rate.or(lower.sip_peer_rate),
            sip_peer_burst: self.sip_peer_burst.or(lower.sip_peer_burst),
            sip_peer_calls: self.sip_peer_calls.or(lower.sip_peer_calls),
            sip_peer_garbage: self.sip_peer_garbage.or(lower.sip_peer_garbage),
            sip_over_limit: self.sip_over_limit.or(lower.sip_over_limit),
            sip_idle_seconds: self.sip_idle_seconds.or(lower.sip_idle_seconds),
        }
    }

    /// The transport's part, complete. Where others are answered 403, their bytes are let in.
    pub(super) fn peers(&self) -> SipPeers {
        let is_shut = self.sip_denied.unwrap_or_default() == Denied::Drop;
        SipPeers {
            allow: self.sip_allow.clone().filter(|_| is_shut).unwrap_or_default(),
            connections: self.sip_peer_connections.unwrap_or(5000),
            garbage: self.sip_peer_garbage.unwrap_or(1024 * 1024),
            idle: Some(self.sip_idle_seconds.unwrap_or(Duration::from_secs(3600)))
                .filter(|idle| !idle.is_zero()),
        }
    }

    /// The core's part, complete.
    pub(super) fn complete(self, users: Vec<Credentials>) -> GateSettings {
        let default = GateSettings::default();
        let peer_rate = self.sip_peer_rate.unwrap_or(default.peer_rate);
        GateSettings {
            allow: self.sip_allow.unwrap_or(default.allow),
            denied: self.sip_denied.unwrap_or(default.denied),
            peer_rate,
            peer_burst: self.sip_peer_burst.unwrap_or(peer_rate).max(1),
            peer_calls: self.sip_peer_calls.unwrap_or(default.peer_calls),
            over_limit: self.sip_over_limit.unwrap_or(default.over_limit),
            users,
            realm: self.sip_realm.unwrap_or(default.realm),
            digests: self.sip_digest.unwrap_or(default.digests),
            challenge: self.sip_challenge.unwrap_or(default.challenge),
        }
    }
}

fn denied(text: &str) -> Result<Denied, &'static str> {
    match text {
        "drop" => Ok(Denied::Drop),
        "reject" => Ok(Denied::Reject),
        _ => Err("drop or reject"),
    }
}

/// Those of a session give nothing here: each call has a nonce of its own.
fn digest(text: &str) -> Result<Algorithm, &'static str> {
    Algorithm::of(text).filter(|known| !known.is_session()).ok_or("one of SHA-256, SHA-512-256, MD5")
}

fn challenged(text: &str) -> Result<Challenged, &'static str> {
    match text {
        "strangers" => Ok(Challenged::Strangers),
        "all" => Ok(Challenged::All),
        _ => Err("strangers or all"),
    }
}

fn over_limit(text: &str) -> Result<OverLimit, &'static str> {
    match text {
        "respond" => Ok(OverLimit::Respond),
        "drop" => Ok(OverLimit::Drop),
        _ => Err("respond or drop"),
    }
}

fn realm(text: &str) -> Result<String, &'static str> {
    if (1..=255).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err("1–255 bytes without control characters")
}
