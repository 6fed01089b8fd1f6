//! The peers that were seen last.

use std::collections::HashMap;
use std::net::IpAddr;

use super::sip::{name_of, place_of};
use crate::agent::{Flow, Timestamp};

/// How many are remembered. For a further one the one that was seen least recently is forgotten, one without a connection
/// first: a flood of datagrams from invented addresses leaves the PBX on the list.
pub(super) const MOST: usize = 256;

/// A host that SIP comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// `udp`, `tcp` or `tls`.
    pub transport: &'static str,
    /// How many connections with it are open.
    pub connections: u64,
    /// When it was first heard of.
    pub first_seen: Timestamp,
    /// When it was last heard of.
    pub last_seen: Timestamp,
    /// How many messages have come from it, those that could not be read apart.
    pub messages: u64,
}

/// By address and transport.
#[derive(Debug, Default)]
pub(super) struct Peers(HashMap<(IpAddr, usize), Peer>);

impl Peers {
    pub fn heard(&mut self, flow: &Flow, now: Timestamp) {
        self.seen(flow, now).messages += 1;
    }

    pub fn opened(&mut self, flow: &Flow, now: Timestamp) {
        self.seen(flow, now).connections += 1;
    }

    pub fn closed(&mut self, flow: &Flow) {
        if let Some(peer) = self.0.get_mut(&key(flow)) {
            peer.connections = peer.connections.saturating_sub(1);
        }
    }

    /// Those seen last come first.
    pub fn list(&self) -> Vec<Peer> {
        let mut peers: Vec<_> = self.0.values().cloned().collect();
        peers.sort_by_key(|peer| (std::cmp::Reverse(peer.last_seen), peer.address));
        peers
    }

    fn seen(&mut self, flow: &Flow, now: Timestamp) -> &mut Peer {
        let key = key(flow);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            let first = self.0.iter().min_by_key(|(_, peer)| (peer.connections > 0, peer.last_seen));
            if let Some(first) = first.map(|(key, _)| *key) {
                self.0.remove(&first);
            }
        }
        let peer = self.0.entry(key).or_insert_with(|| Peer {
            address: flow.peer.ip(),
            transport: name_of(flow.transport),
            connections: 0,
            first_seen: now,
            last_seen: now,
            messages: 0,
        });
        peer.last_seen = now;
        peer
    }
}

fn key(flow: &Flow) -> (IpAddr, usize) {
    (flow.peer.ip(), place_of(flow.transport))
}
