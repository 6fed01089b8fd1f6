//! The core: what a SIP user agent does, as a pure state machine.
//!
//! It holds no socket, no clock and no task. Messages, commands and the time go in as arguments of the `handle_`
//! methods; what is to be done comes out of [`Agent::poll_output`], in the order in which it must be done. The owner
//! mutates, drains, and mutates again:
//!
//! ```text
//!  handle_message ─┐                      ┌─► Output::Event    to the log and the views
//!  handle_command ─┤                      ├─► Output::Send     to a connection
//!  handle_timeout ─┼─► Agent ─poll_output─┼─► Output::Answer   to who gave the command
//!  …               ┘                      └─► (poll_timeout: when to call handle_timeout)
//! ```

pub mod command;
pub mod event;
pub mod ids;
mod new_headers;
mod settings;
pub mod time;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

pub use command::{Action, Command, Refusal};
pub use event::{Call, Event};
pub use ids::{CallId, FlowId};
pub use settings::{OnOffer, Settings};
pub use time::{Now, Timestamp};

use crate::sip::{Message, Transport, Unreadable};

/// A message (or what could not be read as one) and the connection that brought it.
#[derive(Debug)]
pub struct Arrival {
    /// Where it came by.
    pub flow: Flow,
    /// What it is.
    pub message: Result<Message, Unreadable>,
}

/// A connection as the core knows it: enough to answer on it and to say where we are on it.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// Its transport.
    pub transport: Transport,
    /// Our address on it.
    pub local: SocketAddr,
    /// The peer's address on it.
    pub peer: SocketAddr,
}

/// Names the giver of a command, so that its answer finds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Names one sending that its sender wants to hear of if it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(pub u64);

/// What is to be done, in order.
#[derive(Debug)]
pub enum Output {
    /// Tell the clients.
    Event(Event),
    /// Tell the peer.
    Send(Transmit),
    /// Answer a command.
    Answer(Ticket, Result<Arc<Call>, Refusal>),
}

/// Bytes for a peer.
#[derive(Clone, Debug)]
pub struct Transmit {
    /// The connection to use if it is still open.
    pub flow: FlowId,
    /// Where to connect to if it is not; `None`: then nothing is sent.
    pub otherwise: Option<Hop>,
    /// If it cannot be sent, call [`Agent::handle_undelivered`] with this.
    pub receipt: Option<Receipt>,
    /// One whole message.
    pub bytes: Bytes,
}

/// A next hop (RFC 3261 §18.1.1, §18.2.2): a host, not yet resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// By what.
    pub transport: Transport,
    /// A name or an address, an IPv6 address without brackets.
    pub host: ByteString,
    /// The transport's default if the URI has none.
    pub port: u16,
}

/// The SIP user agent.
#[derive(Debug)]
pub struct Agent {
    settings: Settings,
    outputs: VecDeque<Output>,
}

impl Agent {
    /// An agent without calls; `seed` is where its tags, branches and ids come from, and must be unguessable.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        let _ = seed;
        Self { settings, outputs: VecDeque::new() }
    }

    /// A message came in.
    pub fn handle_message(&mut self, now: Now, arrival: Arrival) {
        let _ = (now, arrival, &self.settings);
    }

    /// A client asks for something. The answer comes as [`Output::Answer`] with the same ticket: at once, or when the
    /// SIP effect is known.
    pub fn handle_command(&mut self, now: Now, command: Command, ticket: Ticket) {
        let _ = (now, command, ticket);
    }

    /// A connection is gone. Its calls go on.
    pub fn handle_flow_closed(&mut self, now: Now, flow: FlowId) {
        let _ = (now, flow);
    }

    /// What was sent with this receipt did not reach the peer: no connection could be made.
    pub fn handle_undelivered(&mut self, now: Now, receipt: Receipt) {
        let _ = (now, receipt);
    }

    /// Refuse what is new, end what is unanswered.
    pub fn handle_drain(&mut self, now: Now) {
        let _ = now;
    }

    /// End every call now: the drain's time is over.
    pub fn handle_drain_over(&mut self, now: Now) {
        let _ = now;
    }

    /// The time that [`Agent::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Now) {
        let _ = now;
    }

    /// What is to be done next; call until `None` after every `handle_`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Agent::handle_timeout`] must be called at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Whether nothing is left: no call, no transaction, no alarm.
    pub fn is_idle(&self) -> bool {
        true
    }
}
