//! Which of a host's addresses goes first.

use std::net::{IpAddr, SocketAddr};

use crate::transport::{Listener, udp};

/// Which of a host's addresses goes first: IPv6 (RFC 6724 §2.1), unless we listen on IPv4 only. One that there is no route to
/// goes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Preference {
    Ipv4,
    Ipv6,
}

impl Preference {
    /// That of an agent with these listeners.
    pub(in crate::transport) fn of(listeners: &[Listener]) -> Self {
        let is_ipv4 = |listener: &Listener| listener.local_addr().is_ok_and(|local| local.is_ipv4());
        if !listeners.is_empty() && listeners.iter().all(is_ipv4) { Self::Ipv4 } else { Self::Ipv6 }
    }

    /// Puts them in order.
    pub(super) fn sort(self, addresses: &mut [IpAddr]) {
        let has_no_route = |ip: &IpAddr| udp::route::local(SocketAddr::new(*ip, 5060)).is_err();
        addresses.sort_by_cached_key(|ip| (has_no_route(ip), ip.is_ipv4() != (self == Self::Ipv4)));
    }
}
