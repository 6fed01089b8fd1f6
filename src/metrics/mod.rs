//! What is counted and measured, for Prometheus (exposition format 0.0.4), and the peers that were seen.
//!
//! ```text
//!  transport, driver, journal, http ─count─► Metrics ─┐
//!  board, webhooks, accounts … ─look─► Gauges ────────┴─text─► GET /metrics
//! ```
//!
//! What happens often is counted where it happens, by an addition to an atomic number that is found by its place in an
//! array. What merely is there (calls by state, registrations, backlogs) is looked up when it is asked for. Labels have
//! bounded values: what a peer can make up counts as `other`.

mod calls;
mod gate;
mod gauges;
mod http;
mod journal;
mod kept_out;
mod make;
mod peers;
mod process;
mod sip;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{Histogram, Registry, TextEncoder};

pub use gauges::Gauges;
pub use kept_out::{Count, KeptOut};
pub use peers::Peer;

use crate::agent::{Arrival, Counts, Flow, News, Tally, Timestamp};
use crate::sip::Transport;
use calls::Calls;
use gate::Gate;
use http::Http;
use journal::Journal;
use peers::Peers;
use sip::Sip;

/// The instruments. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    clock: fn() -> Timestamp,
    sip: Sip,
    kept_out: KeptOut,
    gate: Gate,
    calls: Calls,
    sip_to_event: Histogram,
    command_to_wire: Histogram,
    journal: Journal,
    http: Http,
    peers: Mutex<Peers>,
}

/// For who looks at none of it.
impl Default for Metrics {
    fn default() -> Self {
        Self::new(|| Timestamp(0))
    }
}

impl Metrics {
    /// Everything at zero; `clock` says when connections are opened.
    pub fn new(clock: fn() -> Timestamp) -> Self {
        let registry = Registry::new();
        let event = (
            "call_agent_sip_to_event_seconds",
            "From the reading of a SIP message's last bytes to the moment in which readers can see what it tells.",
        );
        let wire = (
            "call_agent_command_to_wire_seconds",
            "From a command's arrival to the moment in which the kernel has the SIP message that it sends at once.",
        );
        Self(Arc::new(Inner {
            clock,
            sip: Sip::new(&registry),
            kept_out: KeptOut::new(&registry),
            gate: Gate::new(&registry),
            calls: Calls::new(&registry),
            sip_to_event: make::histogram(&registry, event, make::SHORT),
            command_to_wire: make::histogram(&registry, wire, make::SHORT),
            journal: Journal::new(&registry),
            http: Http::new(&registry),
            peers: Mutex::default(),
            registry,
        }))
    }

    /// A message has come.
    pub fn received(&self, now: Timestamp, arrival: &Arrival) {
        match &arrival.message {
            Ok(message) => {
                self.0.sip.received(message);
                self.peers().heard(&arrival.flow, now);
            }
            Err(_) => self.unparsable(),
        }
    }

    /// A message could not be read.
    pub fn unparsable(&self) {
        self.0.sip.unparsable();
    }

    /// A message, or a keep-alive, goes out.
    pub fn sent(&self, message: &[u8]) {
        self.0.sip.sent(message);
    }

    /// What the core has counted since it was last asked.
    pub fn tallied(&self, tally: Tally) {
        self.0.sip.repeated(tally.repeated, tally.resent);
    }

    /// The core's gate has counted so much since the start.
    pub fn gated(&self, counts: Counts) {
        self.0.gate.counted(counts);
    }

    /// Where the transport counts what it keeps out.
    pub fn kept_out(&self) -> KeptOut {
        self.0.kept_out.clone()
    }

    /// A connection is open.
    pub fn opened(&self, flow: &Flow) {
        self.0.sip.connections(flow.transport).iter().for_each(|gauge| gauge.inc());
        self.peers().opened(flow, (self.0.clock)());
    }

    /// A connection that was [open](Self::opened) is closed.
    pub fn closed(&self, flow: &Flow) {
        self.0.sip.connections(flow.transport).iter().for_each(|gauge| gauge.dec());
        self.peers().closed(flow);
    }

    /// So many peers are remembered that send by UDP.
    pub fn udp_flows(&self, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.sip.connections(Transport::Udp).iter().for_each(|gauge| gauge.set(count));
    }

    /// Something is told to clients.
    pub fn told(&self, news: &News) {
        if let News::Call(event) = news {
            self.0.calls.told(event);
        }
    }

    /// What messages have told that were read at these times can be seen now.
    pub fn visible(&self, read: &[Instant]) {
        since(&self.0.sip_to_event, read);
    }

    /// What commands have sent that came at these times is with the kernel now.
    pub fn on_wire(&self, came: &[Instant]) {
        since(&self.0.command_to_wire, came);
    }

    /// The journal has committed so much in one go.
    pub fn committed(&self, writes: usize, time: Duration) {
        self.0.journal.committed(writes, time);
    }

    /// The journal could not commit.
    pub fn uncommitted(&self) {
        self.0.journal.failed();
    }

    /// An HTTP request was answered: its head, where the answer is a stream. `route` is a pattern, not a path.
    pub fn answered(&self, method: &str, route: &str, status: u16, time: Duration) {
        self.0.http.answered(method, route, status, time);
    }

    /// The peers that were seen last, the latest first; 256 at most.
    pub fn peers_seen(&self) -> Vec<Peer> {
        self.peers().list()
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        let open = [Transport::Tcp, Transport::Tls].map(|transport| self.0.sip.connections(transport));
        open.into_iter().flatten().map(|gauge| usize::try_from(gauge.get()).unwrap_or_default()).sum()
    }

    /// How many files the process has open, if the system says so.
    pub fn open_files(&self) -> Option<usize> {
        process::open_files()
    }

    /// All of it in Prometheus's text format, with what was looked up.
    pub fn text(&self, mut gauges: Gauges) -> String {
        process::tell(&mut gauges);
        let counted = TextEncoder::new().encode_to_string(&self.0.registry.gather()).unwrap_or_default();
        counted + &gauges.text()
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        self.0.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn since(histogram: &Histogram, moments: &[Instant]) {
    if !moments.is_empty() {
        let now = Instant::now();
        moments.iter().for_each(|moment| make::observe(histogram, now.saturating_duration_since(*moment)));
    }
}
