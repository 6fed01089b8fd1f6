//! Requests that are too large for a datagram go by a connection (RFC 3261 §18.1.1).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Asking;
use crate::agent::network::{Address, Destination, Flow};
use crate::agent::stack::Stack;
use crate::sip::Transport;

/// For how long a peer is known to take no connections: looking for one can take seconds, for each large request.
const STREAMLESS: Duration = Duration::from_secs(600);
/// How many such peers are known at most; beyond it the one that was found first is forgotten, and looked for again.
const MOST: usize = 1_000;

/// The peers that take datagrams only, and until when that is believed; those found first in front.
#[derive(Debug, Default)]
pub struct Streamless(VecDeque<(Instant, SocketAddr)>);

impl Streamless {
    /// Whether a peer is known to be one.
    fn has(&self, peer: SocketAddr, now: Instant) -> bool {
        self.0.iter().any(|(until, known)| *known == peer && *until > now)
    }

    /// A peer has turned out to be one.
    fn note(&mut self, peer: SocketAddr, now: Instant) {
        self.0.retain(|(until, known)| *known != peer && *until > now);
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((now + STREAMLESS, peer));
    }
}

/// The size in bytes beyond which a request does not go by UDP, where the path's own limit is not known.
const LARGEST: usize = 1300;

impl Asking {
    /// Whether a message must not go by a flow as long as its peer may take connections. One that was looked for, and a datagram
    /// flow found, shows that it takes none.
    pub(super) fn is_too_large(&self, stack: &mut Stack, flow: &Flow, message: &[u8]) -> bool {
        if flow.transport != Transport::Udp || message.len() <= LARGEST {
            return false;
        }
        let now = stack.fx.now.instant;
        if self.no_stream_to == Some(flow.peer) {
            stack.streamless.note(flow.peer, now);
        }
        !stack.streamless.has(flow.peer, now)
    }

    /// Looks for a connection to the peer of a UDP flow; where none can be made, a datagram has to do.
    pub(super) fn seek_stream(&mut self, stack: &mut Stack, flow: &Flow) {
        let host = flow.peer.ip().to_string();
        let by = |transport| Address { transport, address: flow.peer, host: host.as_str().into() };
        let mut ways = vec![by(Transport::Tcp), by(Transport::Udp)];
        if let Destination::Addresses(others) = &mut self.rest {
            ways.append(others);
        }
        self.rest = Destination::Addresses(ways);
        self.no_stream_to = Some(flow.peer);
        self.reach(stack);
    }

    /// What is left to be tried beside a way that was found: not the same peer by datagrams.
    pub(super) fn beside(flow: &Flow, mut others: Vec<Address>) -> Vec<Address> {
        others.retain(|other| other.address != flow.peer || other.transport != Transport::Udp);
        others
    }
}
