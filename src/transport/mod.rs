//! Bytes to messages and back: listeners and connections (RFC 3261 §18).
//!
//! Tasks here only wait and read: one accepts at each listener, one reads each connection and each UDP socket, one looks
//! each name up, one makes each new connection. What they find goes over one bounded channel to the driver; a full channel
//! stops the reading: TCP stops the peer, and the kernel drops datagrams. All writing is done by [`Connections`], in the
//! driver's own task and without waiting, so a response is in the kernel's hands before the driver turns to anything else.
//!
//! A connection is a socket alone or TLS over it (`stream`, `session`). TLS handshakes go on apart, each in its own task and
//! time; the driver sees a connection when that is over. It encrypts as it writes, and what it calls delivered the kernel has
//! encrypted; the reader decrypts, and tells it when TLS itself has something to say.
//!
//! ```text
//!  a hop ──lookups, resolve──► addresses ──reach──► the first that can be used: UDP, an open connection, a new one (dials)
//! ```

mod admission;
mod begun;
mod bounds;
mod connection;
mod connections;
mod dials;
mod door;
mod faults;
mod flow_ids;
mod garbage;
mod lookups;
mod opened;
mod places;
mod reach;
mod read;
mod resolve;
mod session;
mod stream;
mod task;
mod tcp;
#[cfg(test)]
mod tests;
mod tls;
mod udp;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

pub use bounds::Bounds;
pub use connections::Connections;
pub use faults::{Faults, LostAcks};

use crate::agent::{
    Address, Arrival, FlowId, Hop, ListenerId, Network, ReachId, Reached, Receipt, Unreachable,
};
use crate::metrics::Metrics;
use crate::sip::Transport;
use crate::timeline::Timelines;
use crate::tls::Tls;
use admission::Admission;
use dials::Dials;
use door::Door;
use flow_ids::FlowIds;
use lookups::Lookups;
use stream::Stream;
use task::Task;
use udp::Udp;

/// How many things from the network may wait for the driver; at the bound the connections they come by are not read.
const INBOUND_BOUND: usize = 256;

/// What the network holds for the driver.
#[derive(Debug)]
pub enum Inbound {
    /// For the agent, and when its last bytes were read.
    Arrived(Box<Arrival>, Instant),
    /// For [`Connections::handle`].
    Notice(Notice),
}

/// What the transport's tasks tell [`Connections`].
#[derive(Debug)]
pub struct Notice(Heard);

#[derive(Debug)]
enum Heard {
    /// A peer connected.
    Accepted(Stream, ListenerId, Admission),
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
    /// Nothing is remembered of a UDP flow any more.
    Forgotten(FlowId),
    /// Nobody takes what is sent by a UDP flow, the network says.
    Refused(FlowId),
    /// A message that can be neither read nor answered, who sent it, and what is wrong with it.
    Unreadable(SocketAddr, &'static str),
    /// Where a hop is, best first; or why that is not known.
    Resolved(Hop, Result<Vec<Address>, String>),
    /// A connection to an address was made or could not be.
    Dialed(Address, io::Result<Stream>, Admission),
}

/// What became of a connection or a sending, for the agent. Of each sending with a receipt one thing is said, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The connection is gone; said once for each.
    Closed(FlowId),
    /// Nobody takes what is sent by the flow, the network says; it can be used as before.
    Refused(FlowId),
    /// The kernel has all of what was sent with this receipt.
    Delivered(Receipt),
    /// What was sent with this receipt did not reach the peer.
    Undelivered(Receipt),
    /// A keep-alive was answered on the connection (RFC 5626 §3.5.1).
    Pong(FlowId),
    /// A way to a destination was found, or there is none.
    Reached(ReachId, Result<Reached, Unreachable>),
}

/// What peers can reach us by: a socket that is bound.
#[derive(Debug)]
pub enum Listener {
    /// Takes connections.
    Tcp(TcpListener),
    /// Takes connections with TLS.
    Tls(TcpListener),
    /// Takes datagrams, and sends them.
    Udp(UdpSocket),
}

impl Listener {
    /// What it takes.
    pub fn transport(&self) -> Transport {
        match self {
            Self::Tcp(_) => Transport::Tcp,
            Self::Tls(_) => Transport::Tls,
            Self::Udp(_) => Transport::Udp,
        }
    }

    /// The same socket, waited for by the runtime that this is called in.
    pub fn here(self) -> io::Result<Self> {
        match self {
            Self::Tcp(listener) => TcpListener::from_std(listener.into_std()?).map(Self::Tcp),
            Self::Tls(listener) => TcpListener::from_std(listener.into_std()?).map(Self::Tls),
            Self::Udp(socket) => UdpSocket::from_std(socket.into_std()?).map(Self::Udp),
        }
    }

    /// Where it is bound.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(listener) | Self::Tls(listener) => listener.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
        }
    }
}

/// What the transport is told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How much it takes on.
    pub bounds: Bounds,
    /// Where peers may be that connect or send datagrams; empty: anywhere. Where we have connected or sent to ourselves is let
    /// in by that whatever this says.
    pub allow: Vec<Network>,
    /// Who is asked for names; `None`: whom the system asks.
    pub dns_server: Option<SocketAddr>,
    /// The certificates; without them nothing goes by TLS.
    pub tls: Option<Tls>,
    /// What is to go wrong on purpose.
    pub faults: Faults,
    /// Where what is sent is seen.
    pub timelines: Timelines,
    /// Where what comes and goes is counted.
    pub metrics: Metrics,
}

impl From<Bounds> for Settings {
    fn from(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }
}

/// Begins to listen; gives the connections and what comes in by them. The listeners are in the order of the core's settings.
/// Dropping the connections ends every task.
pub fn start(
    listeners: Vec<Listener>,
    settings: impl Into<Settings>,
) -> (Connections, mpsc::Receiver<Inbound>) {
    let settings = settings.into();
    let door = Door::new(&settings);
    let Settings { bounds, dns_server, tls, faults, timelines, metrics, .. } = settings;
    let (sender, receiver) = mpsc::channel(INBOUND_BOUND);
    let ids = FlowIds::default();
    let mut udp = Udp::new(bounds, (ids.clone(), door.clone()), sender.clone(), metrics.clone());
    let mut accepting = Vec::new();
    let preference = resolve::Preference::of(&listeners);
    for (place, listener) in listeners.into_iter().enumerate() {
        let id = ListenerId(place);
        match listener {
            Listener::Tcp(listener) => {
                accepting.push(Task::spawn(tcp::accept(listener, id, door.clone(), sender.clone())));
            }
            Listener::Tls(listener) => match tls.clone() {
                Some(tls) => {
                    let (door, sender) = (door.clone(), sender.clone());
                    accepting.push(Task::spawn(tls::accept((listener, id), tls, door, bounds, sender)));
                }
                None => warn!("a listener for TLS takes nothing: there are no certificates"),
            },
            Listener::Udp(socket) => udp.listen(socket, id),
        }
    }
    let resolver = resolve::Resolver::new(dns_server, preference, tls.is_some());
    let lookups = Lookups::new(bounds, resolver, sender.clone());
    // Apart from those of peers: whoever connects to us without end does not keep us from our own.
    let own = Arc::new(Semaphore::new(bounds.own_connections));
    let dials = Dials::new(bounds, own, tls, sender.clone());
    let ways = (udp, lookups, dials);
    let seen = (timelines, metrics);
    (Connections::new(bounds, (ids, door), sender, ways, (accepting, faults), seen), receiver)
}
