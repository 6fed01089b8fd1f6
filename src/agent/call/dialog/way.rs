//! How our requests in a dialog get to the peer (RFC 3261 §12.2.1.1, §8.1.2).
//!
//! The route set or the remote target says where. A connection by which the peer has sent a request of the dialog leads there too, whatever
//! its address: a proxy's, or through a NAT. A datagram shows no such thing: who sends from one port may listen at another. Its source is
//! used where it is what was named, where nothing else can be meant, and, from then on, where nothing else has worked.

use std::net::IpAddr;

use super::Dialog;
use crate::agent::asking::Asking;
use crate::agent::request::Way;
use crate::agent::stack::{Stack, hop_of, is_reliable, is_same_place, leads_to};
use crate::agent::{Flow, Hop};
use crate::sip::Transport;

impl Dialog {
    /// The peer uses this connection. A `sips` call that came by TLS is not taken off it (§26.2.2); one that came otherwise has had its TLS
    /// ended by who stands before us.
    pub fn heard_by(&mut self, flow: Flow) {
        let is_tls = |flow: &Flow| flow.transport == Transport::Tls;
        if self.us.is_secure && self.flow.as_ref().is_some_and(is_tls) && !is_tls(&flow) {
            return;
        }
        let is_another = self.flow.is_none_or(|before| before.id != flow.id);
        if is_another {
            self.name = None;
        }
        if is_another || is_reliable(flow.transport) {
            self.sought = None;
        }
        self.flow = Some(flow);
    }

    /// Whether a datagram has come from another host than what the peer has said so far. That does not show that the peer is there: only that
    /// it says where it is now does (§12.2.2).
    pub(super) fn is_from_elsewhere(&self, flow: &Flow) -> bool {
        !is_reliable(flow.transport) && self.flow.is_some_and(|before| before.peer.ip() != flow.peer.ip())
    }

    /// The open connection to the peer, else the one that the account is registered by if it leads there, else the next hop; a
    /// URI that names no transport means the one in use.
    pub fn way(&self, stack: &Stack) -> Way {
        let (flow, hop) = self.next_hop(stack);
        Way { flow, hop: Some(hop), otherwise: self.flow }
    }

    /// The same, where both are needed. The connection that our INVITE went by need not lead where its answer points: a proxy
    /// that does not record its route is left out from there on (§12.2.1.1).
    pub fn next_hop(&self, stack: &Stack) -> (Option<Flow>, Hop) {
        let hop = hop_of(self.route_set.first().unwrap_or(&self.remote_target));
        let in_use = self.flow.map(|flow| flow.transport).filter(|_| !hop.secure);
        let leads = |flow: &Flow| {
            let is_shown = match &self.sought {
                Some(sought) => is_same_place(sought, &hop),
                None => is_reliable(flow.transport),
            };
            is_shown
                || leads_to(flow, &hop)
                || (!is_reliable(flow.transport) && self.must_be_meant(flow, &hop))
        };
        let open = self.flow.filter(|flow| stack.flows.contains(&flow.id) && leads(flow));
        let link = self.us.account.and_then(|number| stack.link(number));
        let flow = open.or_else(|| link.and_then(|link| link.flow_to(&hop)));
        let name = self.name.clone().filter(|_| self.flow.is_some_and(|flow| leads_to(&flow, &hop)));
        (flow, Hop { transport: hop.transport.or(in_use), name, ..hop })
    }

    /// Whether the peer names an address of its own network, which means nothing here, as it was seen at a public one; or one where it was
    /// asked in vain.
    fn must_be_meant(&self, flow: &Flow, hop: &Hop) -> bool {
        let named = hop.host.parse::<IpAddr>();
        self.is_elsewhere || named.is_ok_and(|named| reach(named) < reach(flow.peer.ip()))
    }

    /// A request of ours had to go where the peer was heard.
    pub fn found(&mut self, asking: &Asking) {
        self.is_elsewhere |= asking.has_resorted();
    }
}

/// How far an address is known: on the machine, in a network, everywhere (RFC 6890).
fn reach(address: IpAddr) -> u8 {
    let (is_local, is_private) = match address.to_canonical() {
        IpAddr::V4(v4) => {
            let is_shared = matches!(v4.octets(), [100, 64..128, ..]);
            (v4.is_loopback() || v4.is_unspecified(), v4.is_private() || v4.is_link_local() || is_shared)
        }
        IpAddr::V6(v6) => {
            (v6.is_loopback() || v6.is_unspecified(), v6.is_unique_local() || v6.is_unicast_link_local())
        }
    };
    match (is_local, is_private) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}
