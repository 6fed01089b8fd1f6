//! Requests that are too large for a datagram go by a connection (RFC 3261 §18.1.1).

use super::Asking;
use crate::agent::network::{Address, Destination, Flow};
use crate::agent::stack::Stack;
use crate::sip::Transport;

/// The size in bytes beyond which a request does not go by UDP, where the path's own limit is not known.
const LARGEST: usize = 1300;

impl Asking {
    /// Whether a message must not go by a flow as long as its peer may take connections.
    pub(super) fn is_too_large(&self, flow: &Flow, message: &[u8]) -> bool {
        let is_udp = flow.transport == Transport::Udp;
        is_udp && message.len() > LARGEST && self.no_stream_to != Some(flow.peer)
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
