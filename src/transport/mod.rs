//! Bytes to messages and back: listeners and connections (RFC 3261 §18).
//!
//! Tasks here only wait and read: one accepts at each listener, one reads each connection, one makes each new
//! connection. What they find goes over one bounded channel to the driver; a full channel stops the reading, and TCP
//! stops the peer. All writing is done by [`Connections`], in the driver's own task and without waiting, so a response
//! is in the kernel's hands before the driver turns to anything else.

mod begun;
mod connect;
mod connection;
mod connections;
mod read;
mod resolve;
mod session;
mod stream;
mod task;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

pub use connections::Connections;

use crate::agent::{Arrival, Flow, FlowId, Hop, ReachId, Reached, Receipt, Unreachable};
use crate::sip::Limits;
use stream::Stream;
use task::Task;

/// How many things from the network may wait for the driver; at the bound the connections they come by are not read.
const INBOUND_BOUND: usize = 256;

/// What the network holds for the driver.
#[derive(Debug)]
pub enum Inbound {
    /// For the agent.
    Arrived(Box<Arrival>),
    /// For [`Connections::handle`].
    Notice(Notice),
}

/// What the transport's tasks tell [`Connections`].
#[derive(Debug)]
pub struct Notice(Heard);

#[derive(Debug)]
enum Heard {
    /// A peer connected.
    Accepted(Stream, Admission),
    /// The peer closed the connection, or it broke.
    Closed(FlowId),
    /// The end of a message could not be found: the connection is of no more use.
    Unframed(FlowId),
    /// A keep-alive (RFC 5626 §3.5.1).
    Ping(FlowId),
    /// The answer to one, or a line end that looks like it.
    Pong(FlowId),
    /// TLS itself has something to say on the connection.
    Owes(FlowId),
    /// The kernel takes bytes again.
    Writable(FlowId),
    /// The peer takes more than it may, and what; the connection is to be broken off.
    Greedy(FlowId, &'static str),
    /// A message that can be neither read nor answered, and what is wrong with it.
    Unreadable(Flow, &'static str),
    /// Where a hop is, best first.
    Resolved(Hop, io::Result<Vec<SocketAddr>>),
    /// A connection to a hop was made or could not be.
    Dialed(Hop, io::Result<Stream>, Admission),
}

/// What became of a connection or a sending, for the agent. Of each sending with a receipt one thing is said, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The connection is gone; said once for each.
    Closed(FlowId),
    /// The kernel has all of what was sent with this receipt.
    Delivered(Receipt),
    /// What was sent with this receipt did not reach the peer.
    Undelivered(Receipt),
    /// A keep-alive was answered on the connection (RFC 5626 §3.5.1).
    Pong(FlowId),
    /// A way to a destination was found, or there is none.
    Reached(ReachId, Result<Reached, Unreachable>),
}

/// How much the transport takes on.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections open at a time; a further one is closed at once.
    pub connections: usize,
    /// Bytes that may always wait on a connection for its peer to read.
    pub unread_share: usize,
    /// Bytes that may wait on all connections together. Beyond it a connection that holds more than its share is closed:
    /// a burst to a busy peer has room, a peer that never reads has not.
    pub unread_pool: usize,
    /// How long a peer may read nothing while bytes wait for it; then its connection is closed.
    pub stall: Duration,
    /// How long finding an address and, after that, connecting may take.
    pub connect: Duration,
    /// TLS handshakes with peers that connect at a time, on each listener; beyond it nothing is accepted there until one
    /// has ended.
    pub handshakes: usize,
    /// Those of one IP address; a further connection from it is closed at once.
    pub handshakes_per_address: usize,
    /// How long such a handshake may take.
    pub handshake: Duration,
    /// Connections being made at a time; beyond it what would need another one is undelivered.
    pub dials: usize,
    /// Connections being made to one IP address at a time: one peer that cannot be reached does not take the place of
    /// others.
    pub dials_per_address: usize,
    /// Names being looked up at a time; beyond it what would need another one is undelivered.
    pub lookups: usize,
    /// Bytes that may wait for one connection that is being made; beyond it they are undelivered.
    pub dial_bytes: usize,
    /// Bytes of a message that is not whole yet that a connection may always hold.
    pub unframed_share: usize,
    /// Bytes that all such messages together may hold beyond their shares; a connection that needs more is closed.
    pub unframed_pool: usize,
    /// How long a message may take from its first byte to its last; then its connection is closed.
    pub message_time: Duration,
    /// The size of a message that is read.
    pub message: Limits,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 10_000,
            unread_share: 256 * 1024,
            unread_pool: 64 * 1024 * 1024,
            stall: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            handshakes: 1024,
            handshakes_per_address: 256,
            handshake: Duration::from_secs(5),
            dials: 256,
            dials_per_address: 16,
            lookups: 128,
            dial_bytes: 256 * 1024,
            unframed_share: 16 * 1024,
            unframed_pool: 64 * 1024 * 1024,
            message_time: Duration::from_secs(32),
            message: Limits::default(),
        }
    }
}

/// A connection's place under [`Bounds::connections`], free again when dropped.
type Admission = OwnedSemaphorePermit;

/// Begins to accept; gives the connections and what comes in by them. Dropping the connections ends every task.
pub fn start(listeners: Vec<TcpListener>, bounds: Bounds) -> (Connections, mpsc::Receiver<Inbound>) {
    let (sender, receiver) = mpsc::channel(INBOUND_BOUND);
    let places = Arc::new(Semaphore::new(bounds.connections));
    let accepting = listeners
        .into_iter()
        .map(|listener| Task::spawn(tcp::accept(listener, places.clone(), sender.clone())))
        .collect();
    (Connections::new(bounds, places, sender, accepting), receiver)
}
