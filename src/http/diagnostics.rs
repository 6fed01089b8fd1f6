//! `GET /v1/diagnostics`: the agent in one page, for who has to find out why something does not work.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use super::document::responses;
use crate::agent::Timestamp;
use crate::agent::event::RegistrationState;
use crate::driver::wall_clock;
use crate::metrics::Peer;
use crate::state::journal::Durability;
use crate::webhook::WebhookState;

/// What the service knows of itself from its start on.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// When it was started.
    pub started_at: Timestamp,
    /// Where it listens.
    pub listeners: Vec<ListenerFacts>,
    /// What is set such that something may not work as wished, for people.
    pub warnings: Vec<String>,
    /// How many calls there may be at a time.
    pub max_calls: usize,
    /// How many SIP connections may be open.
    pub max_connections: usize,
    /// How many files may be open; `None`: any number.
    pub max_files: Option<u64>,
    /// When something counts as on record; `None`: the log is in memory.
    pub durability: Option<Durability>,
}

/// The agent in one page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Diagnostics {
    /// Of the program.
    #[schema(value_type = String, examples("0.1.0"))]
    pub version: &'static str,
    /// The name in the `source` of events.
    #[schema(examples("agent-1"))]
    pub node: String,
    /// What the ids of events begin with.
    #[schema(value_type = String, examples("7f3a"))]
    pub epoch: Arc<str>,
    /// When it was started.
    pub started_at: Timestamp,
    /// How long ago that is.
    pub uptime_seconds: u64,
    /// Whether it takes new calls.
    pub ready: bool,
    /// Where it listens.
    pub listeners: Vec<ListenerFacts>,
    /// The hosts that SIP came from last, the latest first; 256 at most.
    pub peers: Vec<PeerFacts>,
    /// The registrations.
    pub accounts: AccountsInShort,
    /// The log on disk; null if it is in memory.
    #[schema(required)]
    pub journal: Option<JournalFacts>,
    /// The receivers of events.
    pub webhooks: Vec<WebhookInShort>,
    /// What is bounded, and how much of it is used.
    pub limits: Vec<Limit>,
    /// What may not work as wished, with what to set; for people.
    pub warnings: Vec<String>,
}

/// Where the agent listens.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ListenerFacts {
    /// `sip` or `http`.
    #[schema(value_type = String, examples("sip"))]
    pub protocol: &'static str,
    /// `tcp`, `udp` or `tls`.
    #[schema(value_type = String, examples("tcp"))]
    pub transport: &'static str,
    /// The address that is bound.
    #[schema(examples("0.0.0.0:5060"))]
    pub address: String,
    /// What SIP peers are told instead; null: the local address of each connection.
    #[schema(required, examples("192.0.2.7:5060"))]
    pub advertised: Option<String>,
}

/// A host that SIP came from.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeerFacts {
    /// Its address.
    #[schema(examples("10.0.0.1"))]
    pub address: String,
    /// `tcp`, `udp` or `tls`.
    #[schema(value_type = String, examples("tcp"))]
    pub transport: &'static str,
    /// How many connections with it are open.
    pub connections: u64,
    /// How many messages have come from it.
    pub messages: u64,
    /// When it was first seen, since it is in this list.
    pub first_seen_at: Timestamp,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
}

impl From<Peer> for PeerFacts {
    fn from(peer: Peer) -> Self {
        let Peer { address, transport, connections, messages, first_seen, last_seen } = peer;
        let (first_seen_at, last_seen_at) = (first_seen, last_seen);
        Self { address: address.to_string(), transport, connections, messages, first_seen_at, last_seen_at }
    }
}

/// The registrations in numbers; `GET /v1/accounts` shows each.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsInShort {
    /// How many there are.
    pub total: usize,
    /// How many of them are registered.
    pub registered: usize,
    /// How many of them have failed.
    pub failed: usize,
}

/// The log on disk.
#[derive(Debug, Serialize, ToSchema)]
pub struct JournalFacts {
    /// `relaxed` or `strict`.
    #[schema(value_type = String, examples("relaxed"))]
    pub durability: &'static str,
    /// The size of its files.
    pub bytes: u64,
    /// How many events it keeps.
    pub events: u64,
    /// Why it cannot be written; null: it can.
    #[schema(required, value_type = Option<String>)]
    pub fault: Option<Arc<str>>,
}

/// A receiver of events; `GET /v1/webhooks` shows all of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookInShort {
    /// Its name.
    #[schema(examples("crm"))]
    pub id: String,
    /// Whether it takes what is sent.
    pub state: WebhookState,
    /// How many events wait.
    pub pending: usize,
    /// How many were given up.
    pub dead_letters: usize,
}

/// Something that is bounded.
#[derive(Debug, Serialize, ToSchema)]
pub struct Limit {
    /// What.
    #[schema(value_type = String, examples("calls"))]
    pub name: &'static str,
    /// How much of it is used.
    pub used: u64,
    /// How much there may be; null: no bound is known.
    #[schema(required)]
    pub limit: Option<u64>,
}

/// What is going on?
///
/// The agent in one page: where it listens and what peers are told of it, who has been seen, how registrations, journal and
/// webhooks are, how much of what is bounded is used, and what looks wrong. No calls and no numbers of people are in it.
#[utoipa::path(
    get,
    path = "/v1/diagnostics",
    operation_id = "diagnostics",
    tag = "health",
    responses(responses::DiagnosticsRead)
)]
pub async fn read(State(context): State<Context>) -> Json<Diagnostics> {
    let Context { board, about, .. } = &context;
    let webhooks = context.webhooks.list().await;
    let webhooks: Vec<_> = webhooks
        .into_iter()
        .map(|webhook| WebhookInShort {
            id: webhook.id,
            state: webhook.state,
            pending: webhook.pending,
            dead_letters: webhook.dead_letters,
        })
        .collect();
    Json(Diagnostics {
        version: env!("CARGO_PKG_VERSION"),
        node: board.node().to_owned(),
        epoch: board.epoch(),
        started_at: about.started_at,
        uptime_seconds: u64::try_from((wall_clock().0 - about.started_at.0) / 1_000_000).unwrap_or_default(),
        ready: !board.is_draining() && board.fault().is_none(),
        listeners: about.listeners.clone(),
        peers: context.metrics.peers_seen().into_iter().map(PeerFacts::from).collect(),
        accounts: accounts(&context),
        journal: journal(&context),
        limits: limits(&context),
        warnings: warnings(&context, &webhooks),
        webhooks,
    })
}

fn accounts(context: &Context) -> AccountsInShort {
    let accounts = context.board.accounts().accounts;
    let count = |state| accounts.iter().filter(|account| account.state == state).count();
    let (registered, failed) = (count(RegistrationState::Registered), count(RegistrationState::Failed));
    AccountsInShort { total: accounts.len(), registered, failed }
}

fn journal(context: &Context) -> Option<JournalFacts> {
    let journal = context.journal.as_ref()?;
    let durability = match context.about.durability? {
        Durability::Relaxed => "relaxed",
        Durability::Strict => "strict",
    };
    let last = context.board.last_event_id().sequence;
    let events = (last + 1).saturating_sub(journal.progress().borrow().oldest);
    Some(JournalFacts { durability, bytes: journal.bytes(), events, fault: context.board.fault() })
}

fn limits(context: &Context) -> Vec<Limit> {
    let Context { board, metrics, about, .. } = context;
    let limit = |name, used: usize, limit| Limit { name, used: used as u64, limit };
    vec![
        limit("calls", board.alive(), Some(about.max_calls as u64)),
        limit("sip_connections", metrics.connections(), Some(about.max_connections as u64)),
        limit("open_files", metrics.open_files().unwrap_or_default(), about.max_files),
        limit("stream_readers", board.readers().0, None),
    ]
}

/// Those of the start, and what is wrong now.
fn warnings(context: &Context, webhooks: &[WebhookInShort]) -> Vec<String> {
    let mut warnings = context.about.warnings.clone();
    warnings.extend(
        context
            .board
            .fault()
            .map(|fault| format!("the journal cannot be written, and no new calls are taken: {fault}")),
    );
    let failing = webhooks.iter().filter(|webhook| webhook.state == WebhookState::Failing);
    warnings.extend(failing.map(|webhook| format!("webhook {} does not take what it is sent", webhook.id)));
    let accounts = context.board.accounts().accounts;
    let failed = accounts.iter().filter(|account| account.state == RegistrationState::Failed);
    warnings.extend(failed.map(|account| format!("account {} is not registered", account.id)));
    warnings
}
