//! UDP: sockets that messages come and go by, a datagram each (RFC 3261 §18).
//!
//! Nothing is connected. A flow is a socket of ours and an address of a peer, remembered as long as there is room: it lets
//! a response find back and tells the core where we are to that peer.

mod datagram;
mod flows;
mod read;
mod refused;
pub(super) mod route;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use socket2::{Domain, Protocol, SockRef, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::door::Door;
use super::flow_ids::FlowIds;
use super::task::Task;
use super::{Bounds, Inbound, tcp};
use crate::agent::{Flow, FlowId, ListenerId};
use crate::metrics::Metrics;
use crate::seldom::Seldom;
use crate::sip::Transport;
use flows::{Flows, Side};

/// What a socket's buffers should hold, bytes; the kernel gives what it is allowed to. A burst of INVITEs waits there while
/// the driver is busy.
const BUFFER: usize = 4 * 1024 * 1024;

/// A socket: its place among all of them.
type SocketNumber = usize;

/// Every UDP socket, owned by the driver, and the flows by them.
#[derive(Debug)]
pub(super) struct Udp {
    /// Those of listeners, and at most one a family beside them.
    sockets: Vec<(Arc<Socket>, [Task; 2])>,
    flows: Remembering,
    door: Door,
    inbound: mpsc::Sender<Inbound>,
    lost: Seldom,
}

#[derive(Debug)]
struct Socket {
    number: SocketNumber,
    socket: UdpSocket,
    /// As peers write it; it may be the unspecified one.
    local: SocketAddr,
    /// Whether it takes IPv4 too, though it is for IPv6.
    dual: bool,
    /// `None`: it was opened for requests of ours.
    listener: Option<ListenerId>,
}

/// The flows, and what it takes to make a new one.
#[derive(Clone, Debug)]
struct Remembering {
    flows: Arc<Mutex<Flows>>,
    ids: FlowIds,
    metrics: Metrics,
}

impl Udp {
    pub(super) fn new(
        bounds: Bounds,
        (ids, door): (FlowIds, Door),
        inbound: mpsc::Sender<Inbound>,
        metrics: Metrics,
    ) -> Self {
        let flows = Arc::new(Mutex::new(Flows::new(bounds.udp_flows, bounds.udp_idle)));
        let flows = Remembering { flows, ids, metrics };
        Self { sockets: Vec::new(), flows, door, inbound, lost: Seldom::default() }
    }

    /// Begins to read a listener's socket.
    pub(super) fn listen(&mut self, socket: UdpSocket, listener: ListenerId) {
        if let Err(error) = self.add(socket, Some(listener)) {
            warn!(%error, "cannot use a UDP socket");
        }
    }

    fn add(&mut self, socket: UdpSocket, listener: Option<ListenerId>) -> io::Result<Arc<Socket>> {
        let options = SockRef::from(&socket);
        let _ = options.set_recv_buffer_size(BUFFER);
        let _ = options.set_send_buffer_size(BUFFER);
        let local = socket.local_addr()?;
        let dual = local.is_ipv6() && !options.only_v6().unwrap_or(true);
        if local.ip().is_unspecified() {
            datagram::ask_where(&socket, local.is_ipv6());
        }
        refused::ask(&socket, local.is_ipv6());
        let number = self.sockets.len();
        let socket = Arc::new(Socket { number, socket, local: tcp::canonical(local), dual, listener });
        let reading =
            read::read((socket.clone(), self.flows.clone()), self.door.clone(), self.inbound.clone());
        let refused = refused::read((socket.clone(), self.flows.clone()), self.inbound.clone());
        self.sockets.push((socket.clone(), [Task::spawn(reading), Task::spawn(refused)]));
        Ok(socket)
    }

    /// Whether a flow is remembered.
    pub(super) fn is_open(&self, id: FlowId) -> bool {
        self.flows.lock().is_open(id)
    }

    /// A remembered flow.
    pub(super) fn flow(&self, id: FlowId) -> Option<Flow> {
        self.flows.lock().flow(id)
    }

    /// Forgets a flow; whether it was remembered.
    pub(super) fn close(&mut self, id: FlowId) -> bool {
        let mut flows = self.flows.lock();
        let was_there = flows.remove(id);
        self.flows.metrics.udp_flows(flows.len());
        was_there
    }

    /// Whether nothing goes by a flow any more by which a datagram could not be sent: the kernel refuses its addresses, or would use another
    /// one of ours toward its peer. Where there is no route at all it stays, as that may come back; what is wrong with a datagram alone, too
    /// large or held back by a filter, closes nothing either.
    pub(super) fn is_gone(&self, id: FlowId, error: &io::Error) -> bool {
        let is = |errno: Errno| error.raw_os_error() == Some(errno.raw_os_error());
        let is_of_datagram = [Errno::MSGSIZE, Errno::PERM, Errno::ACCESS].into_iter().any(is);
        let is_refused = [Errno::INVAL, Errno::ADDRNOTAVAIL].into_iter().any(is);
        let has_moved = || {
            let flow = self.flow(id);
            flow.is_some_and(|flow| route::local(flow.peer).is_ok_and(|ours| ours != flow.local.ip()))
        };
        !is_of_datagram && (is_refused || has_moved())
    }

    /// A flow to a peer: one there is, else a new one, and those that are forgotten for it. An error if there is no route.
    pub(super) fn reach(&mut self, peer: SocketAddr) -> io::Result<(Flow, Vec<FlowId>)> {
        let peer = tcp::canonical(peer);
        let several = self.flows.lock().are_several(peer);
        let ours = if several { route::local(peer).ok() } else { None };
        let known = self.flows.lock().to(peer, ours);
        if let Some(flow) = known {
            self.flows.lock().adopt(flow.id);
            return Ok((flow, Vec::new()));
        }
        let local = route::local(peer)?;
        let socket = match self.socket_to(peer.ip(), local) {
            Some(socket) => socket,
            None => self.open(peer)?,
        };
        Ok(self.flows.between(&socket, peer, Some(local), Side::Us))
    }

    /// The socket that the host is known by; else of the listeners one on our address toward it, or on all of ours; else
    /// any that can send there; else the one that was opened for requests.
    fn socket_to(&self, host: IpAddr, local: IpAddr) -> Option<Arc<Socket>> {
        let known = self.flows.lock().socket_to(host);
        let sockets = || self.sockets.iter().map(|(socket, _)| socket).filter(|socket| socket.takes(host));
        let is_local = |socket: &&Arc<Socket>| {
            socket.listener.is_some() && (socket.local.ip() == local || socket.local.ip().is_unspecified())
        };
        let found = known.and_then(|number| sockets().find(|socket| socket.number == number));
        found.or_else(|| sockets().find(is_local)).or_else(|| sockets().next()).cloned()
    }

    fn open(&mut self, peer: SocketAddr) -> io::Result<Arc<Socket>> {
        let (domain, any): (_, IpAddr) = match peer {
            SocketAddr::V4(_) => (Domain::IPV4, Ipv4Addr::UNSPECIFIED.into()),
            SocketAddr::V6(_) => (Domain::IPV6, Ipv6Addr::UNSPECIFIED.into()),
        };
        let socket = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if peer.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::new(any, 0).into())?;
        let opened = self.add(UdpSocket::from_std(socket.into())?, None)?;
        debug!(local = %opened.local, "opened a UDP socket for requests");
        Ok(opened)
    }

    /// Gives the kernel a datagram. What it has no room for now is lost as if on the way, where repeats make up for it; an error
    /// if it can never be sent.
    pub(super) fn send(&mut self, id: FlowId, bytes: &[u8]) -> io::Result<()> {
        let way = self.flows.lock().way(id);
        let found = way.and_then(|(number, flow)| Some((&self.sockets.get(number)?.0, flow)));
        let (socket, flow) = found.ok_or(io::ErrorKind::NotConnected)?;
        match datagram::past_errors(|| socket.send(bytes, &flow)) {
            Err(error) if is_passing(&error) => {
                if let Some(times) = self.lost.count() {
                    warn!(%error, times, "the kernel took no datagram");
                }
                Ok(())
            }
            sent => sent,
        }
    }
}

impl Socket {
    /// Whether it can send to a host.
    fn takes(&self, host: IpAddr) -> bool {
        let of_family = self.local.is_ipv4() == host.is_ipv4() || (self.dual && host.is_ipv4());
        of_family && (!self.local.ip().is_loopback() || host.is_loopback())
    }

    /// Past tokio, whose word that a new socket can be written may not be here yet.
    fn send(&self, bytes: &[u8], flow: &Flow) -> io::Result<()> {
        let mut peer = flow.peer;
        peer.set_ip(self.in_family(peer.ip()));
        if self.local.ip().is_unspecified() {
            return datagram::send_from(&self.socket, bytes, peer, self.in_family(flow.local.ip()));
        }
        SockRef::from(&self.socket).send_to(bytes, &peer.into()).map(|_| ())
    }

    /// An address as the socket has to be given it.
    fn in_family(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(address) if self.local.is_ipv6() => address.to_ipv6_mapped().into(),
            address => address,
        }
    }
}

impl Remembering {
    fn lock(&self) -> MutexGuard<'_, Flows> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The flow between a socket and a peer, a new one if need be, and those that are forgotten for it; `ours` is which of our
    /// addresses the peer uses, where that is known.
    fn between(
        &self,
        socket: &Socket,
        peer: SocketAddr,
        ours: Option<IpAddr>,
        side: Side,
    ) -> (Flow, Vec<FlowId>) {
        let ours = ours.filter(|_| socket.local.ip().is_unspecified());
        if let Some(flow) = self.lock().between(socket.number, peer, ours) {
            return (flow, Vec::new());
        }
        let ip = match socket.local.ip() {
            any if any.is_unspecified() => ours.or_else(|| route::local(peer).ok()).unwrap_or(any),
            ip => ip,
        };
        let local = SocketAddr::new(ip, socket.local.port());
        let id = self.ids.next();
        let flow = Flow { id, transport: Transport::Udp, local, peer, listener: socket.listener };
        let mut flows = self.lock();
        // Another task may have made it meanwhile.
        if let Some(flow) = flows.between(socket.number, peer, Some(ip)) {
            return (flow, Vec::new());
        }
        let forgotten = flows.add(socket.number, flow, side);
        self.metrics.udp_flows(flows.len());
        (flow, forgotten)
    }
}

/// Whether a later datagram may be taken: the buffers are full, or an ICMP error about an earlier one was waiting.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, Interrupted, OutOfMemory, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | OutOfMemory | ConnectionRefused)
        || error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error())
}
