//! Every open connection, and the writing on them.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, warn};

use super::begun::Begun;
use super::connect::{Dials, Waiting};
use super::connection::{Connection, Written};
use super::stream::Stream;
use super::task::Task;
use super::{Admission, Bounds, Fate, Heard, Inbound, Notice, read, resolve, tcp};
use crate::agent::{Flow, FlowId, Transmit};
use crate::seldom::Seldom;

/// The answer to a keep-alive (RFC 5626 §3.5.1).
const PONG: Bytes = Bytes::from_static(b"\r\n");

/// The open connections, owned by the driver. Nothing here waits.
#[derive(Debug)]
pub struct Connections {
    bounds: Bounds,
    pub(super) places: Arc<Semaphore>,
    inbound: mpsc::Sender<Inbound>,
    open: HashMap<FlowId, Connection>,
    pub(super) by_peer: HashMap<SocketAddr, FlowId>,
    last_id: u64,
    pub(super) dials: Dials,
    /// Connections with bytes that were pushed since the last flush.
    touched: VecDeque<FlowId>,
    /// What waits on all connections together, bytes.
    pub(super) unread: usize,
    pub(super) fates: VecDeque<Fate>,
    cut_off: Seldom,
    unreadable: Seldom,
    /// What is left for messages that have begun and are over their connections' shares, bytes.
    unframed: Arc<Semaphore>,
    _accepting: Vec<Task>,
}

impl Connections {
    pub(super) fn new(
        bounds: Bounds,
        places: Arc<Semaphore>,
        inbound: mpsc::Sender<Inbound>,
        accepting: Vec<Task>,
    ) -> Self {
        Self {
            dials: Dials::new(bounds, inbound.clone()),
            bounds,
            places,
            inbound,
            open: HashMap::new(),
            by_peer: HashMap::new(),
            last_id: 0,
            touched: VecDeque::new(),
            unread: 0,
            fates: VecDeque::new(),
            cut_off: Seldom::default(),
            unreadable: Seldom::default(),
            unframed: Arc::new(Semaphore::new(bounds.unframed_pool)),
            _accepting: accepting,
        }
    }

    /// Sends on the transmit's connection, on another one to its hop, or on a new one, as soon as there is one. Bytes for
    /// an open connection are written by the next [`flush`](Self::flush).
    pub fn send(&mut self, transmit: Transmit) {
        let flow = match &transmit.otherwise {
            _ if transmit.flow.is_some_and(|flow| self.is_open(flow)) => transmit.flow,
            None => return self.undelivered(transmit),
            Some(hop) => match resolve::literal(hop).and_then(|peer| self.connected(hop, peer)) {
                None => return self.dial(&hop.clone(), Waiting::Send(transmit)),
                open => open,
            },
        };
        match flow {
            Some(flow) => self.push(flow, transmit),
            None => self.undelivered(transmit),
        }
    }

    /// Closes a connection that is of no more use to the agent.
    pub fn close(&mut self, id: FlowId) {
        self.remove(id);
    }

    /// What the transport's tasks have to say.
    pub fn handle(&mut self, Notice(heard): Notice) {
        match heard {
            Heard::Accepted(stream, admission) => {
                if let Err(error) = self.open(stream, admission) {
                    debug!(%error, "a connection was closed before it could be used");
                }
            }
            Heard::Closed(id) => self.peer_closed(id),
            Heard::Unframed(id) => {
                if let Some(connection) = self.open.get_mut(&id) {
                    connection.close_when_written();
                    self.touched.push_back(id);
                }
            }
            Heard::Ping(id) => self.pong(id),
            Heard::Pong(id) => self.fates.push_back(Fate::Pong(id)),
            Heard::Unreadable(flow, fault) => {
                if let Some(times) = self.unreadable.count() {
                    warn!(peer = %flow.peer, fault, times, "dropped a message that cannot be read");
                }
            }
            Heard::Owes(id) => self.touched.push_back(id),
            Heard::Writable(id) => {
                if let Some(connection) = self.open.get_mut(&id) {
                    connection.watched();
                    self.touched.push_back(id);
                }
            }
            Heard::Greedy(id, what) => self.cut_off(id, what),
            Heard::Resolved(hop, found) => self.resolved(hop, found),
            Heard::Dialed(hop, made, admission) => self.dialed(&hop, made, admission),
        }
    }

    /// Writes once on every connection that has something to write.
    pub fn flush(&mut self) {
        // Also those touched meanwhile, by what a broken connection left unsent. That ends: each such round has closed a
        // connection.
        while let Some(id) = self.touched.pop_front() {
            self.write(id);
        }
    }

    /// What the agent has to be told.
    pub fn poll_fate(&mut self) -> Option<Fate> {
        self.fates.pop_front()
    }

    /// Whether [`poll_fate`](Self::poll_fate) has something.
    pub fn has_fates(&self) -> bool {
        !self.fates.is_empty()
    }

    /// Whether nothing waits to be sent.
    pub fn is_idle(&self) -> bool {
        self.unread == 0 && self.dials.is_empty()
    }

    /// Whether a connection can be used.
    pub fn is_open(&self, id: FlowId) -> bool {
        self.open.get(&id).is_some_and(Connection::is_open)
    }

    pub(super) fn flow(&self, id: FlowId) -> Option<Flow> {
        self.open.get(&id).map(|connection| connection.flow)
    }

    pub(super) fn push(&mut self, id: FlowId, transmit: Transmit) {
        let Some(connection) = self.open.get_mut(&id) else { return self.undelivered(transmit) };
        let before = connection.cost;
        connection.push(transmit);
        self.unread += connection.cost - before;
        self.touched.push_back(id);
    }

    fn pong(&mut self, id: FlowId) {
        if self.is_open(id) {
            self.push(id, Transmit { flow: Some(id), otherwise: None, receipt: None, bytes: PONG });
        }
    }

    pub(super) fn undelivered(&mut self, transmit: Transmit) {
        self.fates.extend(transmit.receipt.map(Fate::Undelivered));
    }

    pub(super) fn open(&mut self, stream: Stream, admission: Admission) -> io::Result<FlowId> {
        let socket = stream.socket();
        tcp::set_up(socket)?;
        let (local, peer) = (tcp::canonical(socket.local_addr()?), tcp::canonical(socket.peer_addr()?));
        self.last_id += 1;
        let flow =
            Flow { id: FlowId(self.last_id), transport: stream.transport(), local, peer, listener: None };
        let (source, sink) = stream.split();
        let begun = Begun::new(self.bounds, self.unframed.clone());
        let reading = read::read(source, flow, self.bounds.message, begun, self.inbound.clone(), admission);
        self.open.insert(flow.id, Connection::new(flow, sink, Task::spawn(reading)));
        self.by_peer.insert(peer, flow.id);
        debug!(flow = flow.id.0, %peer, %local, "connection opened");
        Ok(flow.id)
    }

    fn write(&mut self, id: FlowId) {
        let Some(connection) = self.open.get_mut(&id) else { return };
        let before = connection.cost;
        let written = connection.write(&mut self.fates);
        let after = connection.cost;
        self.unread = self.unread + after - before;
        match written {
            Ok(Written::All) => {}
            Ok(Written::Last) | Err(_) => self.remove(id),
            Ok(Written::Some)
                if after > self.bounds.unread_share && self.unread > self.bounds.unread_pool =>
            {
                self.cut_off(id, "it does not read what it is sent");
            }
            Ok(Written::Some) => connection.watch(self.bounds.stall, &self.inbound),
        }
    }

    /// What was pushed before the end was seen is for a peer that may have closed its own side only.
    fn peer_closed(&mut self, id: FlowId) {
        if let Some(connection) = self.open.get_mut(&id) {
            let before = connection.cost;
            let _ = connection.write(&mut self.fates);
            self.unread = self.unread + connection.cost - before;
        }
        self.remove(id);
    }

    fn cut_off(&mut self, id: FlowId, why: &str) {
        let Some(connection) = self.open.get(&id) else { return };
        if let Some(times) = self.cut_off.count() {
            warn!(peer = %connection.flow.peer, times, "closed a connection: {why}");
        }
        connection.reset();
        self.remove(id);
    }

    /// What the peer cannot have whole goes another way, if it has one.
    fn remove(&mut self, id: FlowId) {
        let Some(connection) = self.open.remove(&id) else { return };
        if self.by_peer.get(&connection.flow.peer) == Some(&id) {
            self.by_peer.remove(&connection.flow.peer);
        }
        debug!(flow = id.0, peer = %connection.flow.peer, "connection closed");
        self.unread -= connection.cost;
        self.fates.push_back(Fate::Closed(id));
        for transmit in connection.into_unsent() {
            self.send(transmit);
        }
    }
}
