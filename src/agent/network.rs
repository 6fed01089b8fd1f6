//! What the core knows of the network: connections, hops, addresses; and what it asks of them.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use bytestring::ByteString;

use super::FlowId;
use crate::sip::{Message, Transport, Unreadable};

/// A message (or what could not be read as one) and the connection that brought it.
#[derive(Debug)]
pub struct Arrival {
    /// Where it came by.
    pub flow: Flow,
    /// What it is.
    pub message: Result<Message, Unreadable>,
}

/// A connection (for UDP: a socket of ours and a remote address) as the core knows it: enough to answer on it and to say
/// where we are on it. Its addresses are as peers write them: IPv4 is never mapped into IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// Its transport.
    pub transport: Transport,
    /// Our address on it.
    pub local: SocketAddr,
    /// The peer's address on it.
    pub peer: SocketAddr,
    /// The listener that it came by, or whose socket it uses; `None`: we have connected.
    pub listener: Option<ListenerId>,
}

/// A listener: its place in [`Settings::listeners`](super::Settings::listeners).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(pub usize);

/// Names one sending that its sender wants to hear of if it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(pub u64);

/// Bytes for a peer.
#[derive(Clone)]
pub struct Transmit {
    /// The connection to use if it is still open.
    pub flow: Option<FlowId>,
    /// Where to connect to if there is none, or it is not; `None`: then nothing is sent.
    pub otherwise: Option<Hop>,
    /// Call [`Agent::handle_delivered`](super::Agent::handle_delivered) with this when the kernel has all of it,
    /// [`Agent::handle_undelivered`](super::Agent::handle_undelivered) if it cannot be sent; one of them, once.
    pub receipt: Option<Receipt>,
    /// One whole message.
    pub bytes: Bytes,
}

/// Shows nothing of the message: it may answer a challenge.
impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flow, otherwise, receipt, bytes } = self;
        let mut shown = f.debug_struct("Transmit");
        shown.field("flow", flow).field("otherwise", otherwise).field("receipt", receipt);
        shown.field("bytes", &bytes.len()).finish()
    }
}

/// A next hop (RFC 3261 §8.1.2, §18.2.2): what a URI or a Via says of it, not yet looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// By what; `None`: to be found out (RFC 3263 §4.1).
    pub transport: Option<Transport>,
    /// A name or an address, an IPv6 address without brackets.
    pub host: ByteString,
    /// `None`: to be found out, or the transport's default (RFC 3263 §4.2).
    pub port: Option<u16>,
    /// Whether only TLS will do: the URI is a `sips:` one.
    pub secure: bool,
    /// Whom a certificate must name, where `host` is the address that this name was found to have.
    pub name: Option<ByteString>,
}

impl Hop {
    /// Whom a certificate must name (RFC 5922 §7.1).
    pub fn certified(&self) -> &ByteString {
        self.name.as_ref().unwrap_or(&self.host)
    }
}

/// Where a hop was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// By what.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
    /// Whom a certificate must name: the hop's host (RFC 5922 §7.1).
    pub host: ByteString,
}

/// Names one asking for a way to a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReachId(pub u64);

/// Where the core wants to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To a hop, which is to be looked up.
    Hop(Hop),
    /// To the first of these that can be connected to (RFC 3263 §4.3).
    Addresses(Vec<Address>),
}

/// A way to a destination: what a request can be written for and sent by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// An open connection.
    pub flow: Flow,
    /// Where it leads, if it was there already: it may have died unnoticed, and a new one is worth a try.
    pub again: Option<Address>,
    /// What has not been tried.
    pub others: Vec<Address>,
}

/// There is no way to a destination; why, for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);
