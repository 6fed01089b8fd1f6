//! The agent in one page.

use super::after;
use crate::http::diagnostics::{
    AccountsInShort, Diagnostics, JournalFacts, Limit, ListenerFacts, PeerFacts, WebhookInShort,
};
use crate::webhook::WebhookState;

/// A few lines of what Prometheus gets.
pub const METRICS: &str = "\
# HELP call_agent_calls Calls by state; ended ones for as long as they stay readable.
# TYPE call_agent_calls gauge
call_agent_calls{state=\"established\"} 2
call_agent_calls{state=\"ringing\"} 1
";

/// An agent that a PBX sends calls to.
pub fn diagnostics() -> Diagnostics {
    let listener = |protocol, address: &str, advertised: Option<&str>| ListenerFacts {
        protocol,
        transport: "tcp",
        address: address.to_owned(),
        advertised: advertised.map(ToOwned::to_owned),
    };
    Diagnostics {
        version: env!("CARGO_PKG_VERSION"),
        node: "agent-1".to_owned(),
        epoch: "7f3a".into(),
        started_at: after(-3600),
        uptime_seconds: 3600,
        ready: true,
        listeners: vec![
            listener("sip", "0.0.0.0:5060", Some("192.0.2.7:5060")),
            listener("http", "127.0.0.1:8080", None),
        ],
        peers: vec![PeerFacts {
            address: "10.0.0.1".to_owned(),
            transport: "tcp",
            connections: 1,
            messages: 36,
            first_seen_at: after(-3000),
            last_seen_at: after(0),
        }],
        accounts: AccountsInShort { total: 2, registered: 1, failed: 1 },
        journal: Some(JournalFacts { durability: "relaxed", bytes: 1_048_576, events: 184_223, fault: None }),
        webhooks: vec![WebhookInShort {
            id: "crm".to_owned(),
            state: WebhookState::Working,
            pending: 0,
            dead_letters: 0,
        }],
        limits: vec![Limit { name: "calls", used: 3, limit: Some(100_000) }],
        warnings: vec!["account 1001 is not registered".to_owned()],
    }
}
