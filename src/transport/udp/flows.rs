//! The UDP flows that are remembered: a socket of ours and an address of a peer each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

use super::SocketNumber;
use crate::agent::{Flow, FlowId};

/// Shared by the tasks that read the sockets and the one that writes; each holds it for a moment only.
#[derive(Debug)]
pub(super) struct Flows {
    bound: usize,
    idle: Duration,
    all: HashMap<FlowId, Remembered>,
    by_peer: BTreeMap<Peer, FlowId>,
    /// those of peers before ours, so that no flood of datagrams takes the place of a registration's;
    /// of either the least recently used first.
    by_use: BTreeSet<(Side, Instant, FlowId)>,
}

/// The peer's address, our socket, our address. Ordered so that all flows to an address, and all to a host, are neighbours.
type Peer = (IpAddr, u16, SocketNumber, IpAddr);

/// The least of all addresses.
const LOWEST: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// The greatest of all addresses.
const HIGHEST: IpAddr =
    IpAddr::V6(Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff));

#[derive(Debug)]
struct Remembered {
    flow: Flow,
    socket: SocketNumber,
    side: Side,
    used: Instant,
}

/// Who uses a flow first: we, if we ever do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Peer,
    Us,
}

impl Flows {
    pub(super) fn new(bound: usize, idle: Duration) -> Self {
        Self {
            bound: bound.max(1),
            idle,
            all: HashMap::new(),
            by_peer: BTreeMap::new(),
            by_use: BTreeSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_open(&self, id: FlowId) -> bool {
        self.all.contains_key(&id)
    }

    pub(super) fn flow(&self, id: FlowId) -> Option<Flow> {
        self.all.get(&id).map(|remembered| remembered.flow)
    }

    /// The flows to a peer by which we have sent something of our own accord, by this socket.
    pub(super) fn ours(&self, socket: SocketNumber, peer: SocketAddr) -> Vec<FlowId> {
        let (ip, port) = (peer.ip(), peer.port());
        let flows = self.by_peer.range((ip, port, socket, LOWEST)..=(ip, port, socket, HIGHEST));
        let is_ours = |id: &FlowId| self.all.get(id).is_some_and(|remembered| remembered.side == Side::Us);
        flows.map(|(_, id)| *id).filter(is_ours).collect()
    }

    /// What to send on, and by which flow.
    pub(super) fn way(&mut self, id: FlowId) -> Option<(SocketNumber, Flow)> {
        self.used(id);
        self.all.get(&id).map(|remembered| (remembered.socket, remembered.flow))
    }

    /// The flow between a socket and a peer; by whichever of our addresses, if it is not said.
    pub(super) fn between(
        &mut self,
        socket: SocketNumber,
        peer: SocketAddr,
        ours: Option<IpAddr>,
    ) -> Option<Flow> {
        let (lowest, highest) = (ours.unwrap_or(LOWEST), ours.unwrap_or(HIGHEST));
        self.first((peer.ip(), peer.port(), socket, lowest)..=(peer.ip(), peer.port(), socket, highest), ours)
    }

    /// Whether there are several flows to a peer.
    pub(super) fn are_several(&self, peer: SocketAddr) -> bool {
        self.by_peer.range(all_to(peer)).nth(1).is_some()
    }

    /// A flow to a peer, by whatever socket; if there is one, from this address of ours.
    pub(super) fn to(&mut self, peer: SocketAddr, ours: Option<IpAddr>) -> Option<Flow> {
        self.first(all_to(peer), ours)
    }

    fn first(&mut self, peers: RangeInclusive<Peer>, ours: Option<IpAddr>) -> Option<Flow> {
        let flows = self.by_peer.range(peers);
        let (_, &id) = flows.min_by_key(|((.., local), _)| Some(*local) != ours)?;
        self.used(id);
        self.flow(id)
    }

    /// The socket that a host is known by, on whatever port of its own.
    pub(super) fn socket_to(&self, host: IpAddr) -> Option<SocketNumber> {
        let known = (host, 0, SocketNumber::MIN, LOWEST)..=(host, u16::MAX, SocketNumber::MAX, HIGHEST);
        self.by_peer.range(known).next().map(|(&(.., socket, _), _)| socket)
    }

    /// Remembers a flow. Gives those that are forgotten for it: idle ones, and the least recently used one if there are as
    /// many as may be.
    pub(super) fn add(&mut self, socket: SocketNumber, flow: Flow, side: Side) -> Vec<FlowId> {
        let mut forgotten = Vec::new();
        let now = Instant::now();
        while let Some((_, used, id)) = self.by_use.first().copied()
            && (self.all.len() >= self.bound || now.duration_since(used) >= self.idle)
        {
            self.remove(id);
            forgotten.push(id);
        }
        self.by_peer.insert(peer_of(socket, &flow), flow.id);
        self.by_use.insert((side, now, flow.id));
        self.all.insert(flow.id, Remembered { flow, socket, side, used: now });
        forgotten
    }

    /// Forgets a flow; whether it was remembered.
    pub(super) fn remove(&mut self, id: FlowId) -> bool {
        let Some(Remembered { flow, socket, side, used }) = self.all.remove(&id) else { return false };
        self.by_peer.remove(&peer_of(socket, &flow));
        self.by_use.remove(&(side, used, id));
        true
    }

    fn used(&mut self, id: FlowId) {
        let Some(remembered) = self.all.get_mut(&id) else { return };
        self.by_use.remove(&(remembered.side, remembered.used, id));
        remembered.used = Instant::now();
        self.by_use.insert((remembered.side, remembered.used, id));
    }

    /// We use a flow, whoever has side it: it is ours from now on.
    pub(super) fn adopt(&mut self, id: FlowId) {
        let Some(remembered) = self.all.get_mut(&id) else { return };
        self.by_use.remove(&(remembered.side, remembered.used, id));
        remembered.side = Side::Us;
        self.by_use.insert((remembered.side, remembered.used, id));
    }
}

/// All flows to an address.
fn all_to(peer: SocketAddr) -> RangeInclusive<Peer> {
    let (ip, port) = (peer.ip(), peer.port());
    (ip, port, SocketNumber::MIN, LOWEST)..=(ip, port, SocketNumber::MAX, HIGHEST)
}

fn peer_of(socket: SocketNumber, flow: &Flow) -> Peer {
    (flow.peer.ip(), flow.peer.port(), socket, flow.local.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn flow(id: u64, peer: &str) -> Flow {
        let local = "192.0.2.7:5060".parse().unwrap();
        let peer = peer.parse().unwrap();
        Flow { id: FlowId(id), transport: Transport::Udp, local, peer, listener: None }
    }

    fn flows(bound: usize) -> Flows {
        Flows::new(bound, Duration::from_secs(60))
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_bound_the_least_recently_used_goes() {
        let mut flows = flows(2);
        for (id, peer) in [(1, "10.0.0.1:5060"), (2, "10.0.0.2:5060")] {
            assert!(flows.add(0, flow(id, peer), Side::Peer).is_empty());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(flows.way(FlowId(1)), Some((0, flow(1, "10.0.0.1:5060"))));
        assert_eq!(flows.add(0, flow(3, "10.0.0.3:5060"), Side::Peer), [FlowId(2)]);
        assert!(flows.is_open(FlowId(1)) && !flows.is_open(FlowId(2)) && flows.is_open(FlowId(3)));
        assert_eq!(flows.to("10.0.0.2:5060".parse().unwrap(), None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_one_goes_when_another_comes_and_a_used_one_stays() {
        let mut flows = flows(10);
        flows.add(0, flow(1, "10.0.0.1:5060"), Side::Peer);
        flows.add(0, flow(2, "10.0.0.2:5060"), Side::Peer);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(flows.between(0, "10.0.0.1:5060".parse().unwrap(), None).is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(flows.add(0, flow(3, "10.0.0.3:5060"), Side::Peer), [FlowId(2)]);
        assert!(flows.remove(FlowId(1)) && flows.remove(FlowId(3)) && !flows.remove(FlowId(3)));
        assert!(flows.all.is_empty() && flows.by_peer.is_empty() && flows.by_use.is_empty());
    }

    #[tokio::test]
    async fn a_flow_is_found_by_its_socket_and_peer_and_a_host_by_its_address() {
        let mut flows = flows(10);
        flows.add(1, flow(1, "10.0.0.1:5060"), Side::Peer);
        flows.add(0, flow(2, "10.0.0.2:5060"), Side::Peer);
        let peer = "10.0.0.1:5060".parse().unwrap();
        let ours = |address: &str| Some(address.parse().unwrap());
        assert_eq!(flows.between(0, peer, None), None);
        assert_eq!(flows.between(1, peer, None).unwrap().id, FlowId(1));
        assert_eq!(flows.between(1, peer, ours("192.0.2.7")).unwrap().id, FlowId(1));
        assert_eq!(flows.between(1, peer, ours("192.0.2.8")), None);
        assert_eq!(flows.to(peer, None).unwrap().id, FlowId(1));
        assert_eq!(flows.to("10.0.0.1:5061".parse().unwrap(), None), None);
        assert_eq!(flows.socket_to(peer.ip()), Some(1));
        assert_eq!(flows.socket_to("10.0.0.3".parse().unwrap()), None);
    }

    #[tokio::test]
    async fn of_several_to_a_peer_the_one_from_our_address_toward_it_is_taken() {
        let mut flows = flows(10);
        let peer = "10.0.0.1:5060".parse().unwrap();
        flows.add(0, flow(1, "10.0.0.1:5060"), Side::Us);
        assert!(!flows.are_several(peer));
        let local = "192.0.2.8:5060".parse().unwrap();
        flows.add(0, Flow { local, ..flow(2, "10.0.0.1:5060") }, Side::Peer);
        assert!(flows.are_several(peer));
        for (ours, id) in [("192.0.2.7", 1), ("192.0.2.8", 2), ("192.0.2.9", 1)] {
            let found = flows.to(peer, Some(ours.parse().unwrap()));
            assert_eq!(found.unwrap().id, FlowId(id), "{ours}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_flow_that_we_use_stays_however_many_peers_come() {
        let mut flows = flows(2);
        flows.add(0, flow(1, "10.0.0.1:5060"), Side::Us);
        flows.add(0, flow(2, "10.0.0.2:5060"), Side::Peer);
        flows.adopt(FlowId(2));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(flows.add(0, flow(3, "10.0.0.3:5060"), Side::Us), [FlowId(1)], "all are ours: the oldest");
        assert_eq!(flows.add(0, flow(4, "10.0.0.4:5060"), Side::Peer), [FlowId(2)]);
        assert_eq!(flows.add(0, flow(5, "10.0.0.5:5060"), Side::Peer), [FlowId(4)]);
        assert!(flows.is_open(FlowId(3)));
    }
}
