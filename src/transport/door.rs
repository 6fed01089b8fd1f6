//! Who is let in.

use std::net::IpAddr;
use std::sync::Arc;

use super::garbage::Garbage;
use super::places::{Place, Places};
use super::{Bounds, Settings};
use crate::agent::{Network, Peer};
use crate::metrics::{Count, KeptOut};

/// Who is let in; shared by all listeners.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// Empty: whoever comes.
    allow: Arc<[Network]>,
    places: Places,
    of_connections: Garbage,
    /// Apart: the senders of datagrams can be forged, and nobody is to lose his connections by that.
    of_datagrams: Garbage,
    pub(super) kept_out: KeptOut,
}

impl Door {
    pub(super) fn new(settings: &Settings) -> Self {
        let Bounds { connections, peer_connections, garbage, .. } = settings.bounds;
        let kept_out = settings.metrics.kept_out();
        Self {
            allow: settings.allow.clone().into(),
            places: Places::new(connections, peer_connections, kept_out.clone()),
            of_connections: Garbage::new(garbage),
            of_datagrams: Garbage::new(garbage),
            kept_out,
        }
    }

    /// Whether a peer there may begin something.
    pub(super) fn allows(&self, peer: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.has(peer))
    }

    /// A place for a connection that a peer has made; an error says why there is none.
    pub(super) fn admit(&self, peer: IpAddr) -> Result<Place, &'static str> {
        if !self.allows(peer) {
            self.kept_out.add(Count::DeniedConnections);
            return Err("its address is not allowed");
        }
        if self.of_connections.is_of(Peer::of(peer)) {
            self.kept_out.add(Count::GarbageConnections);
            return Err("its address has sent too much that cannot be read");
        }
        self.places.take(Peer::of(peer)).ok_or("as many are open as may be")
    }

    /// So many bytes came by a connection that cannot be read; whether it is to be closed.
    pub(super) fn is_littered(&self, peer: IpAddr, bytes: usize) -> bool {
        let is_too_much = self.of_connections.add(Peer::of(peer), bytes);
        if is_too_much {
            self.kept_out.add(Count::GarbageConnections);
        }
        is_too_much
    }

    /// A datagram of so many bytes cannot be read; whether no more is to be done about it.
    pub(super) fn is_littered_by_datagram(&self, peer: IpAddr, bytes: usize) -> bool {
        let is_too_much = self.of_datagrams.add(Peer::of(peer), bytes);
        if is_too_much {
            self.kept_out.add(Count::GarbageDatagrams);
        }
        is_too_much
    }
}
