//! How many calls each peer has open with us.

use std::net::SocketAddr;

use super::Peer;
use crate::agent::CallId;
use crate::agent::event::{Call, Direction};
use crate::agent::load::Load;
use crate::agent::map::{Hashing, Map};

/// The peers that have called us and whose calls are not over; as many at most as there are calls.
#[derive(Debug)]
pub struct Callers {
    /// Whether they are counted at all.
    are_counted: bool,
    of: Map<CallId, Peer>,
    calls: Map<Peer, Load>,
}

impl Callers {
    /// No call yet.
    pub fn new(are_counted: bool, hashing: Hashing) -> Self {
        Self { are_counted, of: Map::with_hasher(hashing.clone()), calls: Map::with_hasher(hashing) }
    }

    /// A call begins.
    pub fn begin(&mut self, call: &Call) {
        if !self.are_counted || call.direction != Direction::Inbound {
            return;
        }
        let Ok(address) = call.sip.peer.parse::<SocketAddr>() else { return };
        let peer = Peer::of(address.ip());
        self.of.insert(call.id, peer);
        self.calls.entry(peer).or_default().open += 1;
    }

    /// A call has ended.
    pub fn end(&mut self, call: CallId) {
        let load = self.of.get(&call).and_then(|peer| self.calls.get_mut(peer));
        if let Some(load) = load {
            load.open -= 1;
            load.ending += 1;
        }
    }

    /// A call that has ended is over.
    pub fn forget(&mut self, call: CallId) {
        let Some(peer) = self.of.remove(&call) else { return };
        if let Some(load) = self.calls.get_mut(&peer) {
            load.ending -= 1;
            if load.is_none() {
                self.calls.remove(&peer);
            }
        }
    }

    /// How many calls a peer has with us; none where they are not counted.
    pub fn load_of(&self, peer: Peer) -> Load {
        self.calls.get(&peer).copied().unwrap_or_default()
    }

    /// How many peers and calls are known.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> usize {
        self.of.len() + self.calls.len()
    }
}
