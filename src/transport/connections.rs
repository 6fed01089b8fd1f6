//! Every open connection, and the writing on them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, warn};

use super::connection::{Connection, Written};
use super::door::Door;
use super::faults::{Faults, Mischief, Treatment};
use super::reach::{Origin, Purpose};
use super::task::Task;
use super::{Bounds, Dials, Fate, FlowIds, Heard, Inbound, Lookups, Notice, Udp};
use crate::agent::{Address, Flow, FlowId, Transmit};
use crate::metrics::Metrics;
use crate::seldom::Seldom;
use crate::timeline::Timelines;

/// The answer to a keep-alive (RFC 5626 §3.5.1).
const PONG: Bytes = Bytes::from_static(b"\r\n");

/// The open connections, owned by the driver. Nothing here waits.
#[derive(Debug)]
pub struct Connections {
    pub(super) bounds: Bounds,
    pub(super) inbound: mpsc::Sender<Inbound>,
    pub(super) open: HashMap<FlowId, Connection>,
    /// By the names that [`same`](super::reach::same) gives.
    pub(super) by_name: HashMap<Address, FlowId>,
    pub(super) ids: FlowIds,
    pub(super) door: Door,
    pub(super) udp: Udp,
    pub(super) lookups: Lookups,
    pub(super) dials: Dials,
    /// Connections with bytes that were pushed since the last flush.
    touched: VecDeque<FlowId>,
    /// What waits on all connections together, bytes.
    pub(super) unread: usize,
    pub(super) fates: VecDeque<Fate>,
    pub(super) broken_off: Seldom,
    unreadable: Seldom,
    /// What is left for messages that have begun and are over their connections' shares, bytes.
    pub(super) unframed: Arc<Semaphore>,
    mischief: Mischief,
    timelines: Timelines,
    pub(super) metrics: Metrics,
    _accepting: Vec<Task>,
}

impl Connections {
    pub(super) fn new(
        bounds: Bounds,
        (ids, door): (FlowIds, Door),
        inbound: mpsc::Sender<Inbound>,
        (udp, lookups, dials): (Udp, Lookups, Dials),
        (accepting, faults): (Vec<Task>, Faults),
        (timelines, metrics): (Timelines, Metrics),
    ) -> Self {
        Self {
            bounds,
            inbound,
            open: HashMap::new(),
            by_name: HashMap::new(),
            ids,
            door,
            udp,
            lookups,
            dials,
            touched: VecDeque::new(),
            unread: 0,
            fates: VecDeque::new(),
            broken_off: Seldom::default(),
            unreadable: Seldom::default(),
            unframed: Arc::new(Semaphore::new(bounds.unframed_pool)),
            mischief: Mischief::new(faults),
            timelines,
            metrics,
            _accepting: accepting,
        }
    }

    /// Sends on the transmit's connection, on another one to its hop, or on a new one, as soon as there is one. Bytes for
    /// an open connection are written by the next [`flush`](Self::flush); a datagram is sent at once.
    pub fn send(&mut self, transmit: Transmit) {
        match self.mischief.treatment(&transmit.bytes) {
            Treatment::Normal => {}
            Treatment::Twice => self.convey(Transmit { receipt: None, ..transmit.clone() }),
            Treatment::Lost => return self.fates.extend(transmit.receipt.map(Fate::Delivered)),
        }
        if let (Some(flow), Some(after)) = (transmit.flow, self.mischief.break_after(&transmit.bytes)) {
            self.break_later(flow, after);
        }
        self.convey(transmit);
    }

    pub(super) fn convey(&mut self, transmit: Transmit) {
        match (transmit.flow.filter(|flow| self.is_open(*flow)), transmit.otherwise.clone()) {
            (Some(flow), _) => self.push(flow, transmit),
            (None, Some(hop)) => self.seek(&hop, Purpose::Send(transmit)),
            (None, None) => self.undelivered(transmit),
        }
    }

    fn break_later(&self, flow: FlowId, after: Duration) {
        let inbound = self.inbound.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let broken = Notice(Heard::Greedy(flow, "as was asked for"));
            let _ = inbound.send(Inbound::Notice(broken)).await;
        });
    }

    /// Closes a connection that is of no more use to the agent; what waits on it goes another way, if it has one.
    pub fn close(&mut self, id: FlowId) {
        if self.udp.close(id) {
            self.fates.push_back(Fate::Closed(id));
        }
        self.remove(id);
    }

    /// What the transport's tasks have to say.
    pub fn handle(&mut self, Notice(heard): Notice) {
        match heard {
            Heard::Accepted(stream, listener, admission) => {
                if let Err(error) = self.open(stream, Origin::Accepted(listener), admission) {
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
            Heard::Forgotten(id) => self.fates.push_back(Fate::Closed(id)),
            Heard::Refused(id) => self.fates.push_back(Fate::Refused(id)),
            Heard::Unreadable(peer, fault) => {
                self.metrics.unparsable();
                if let Some(times) = self.unreadable.count() {
                    warn!(%peer, fault, times, "dropped a message that cannot be read");
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
            Heard::Resolved(hop, found) => self.resolved(&hop, found),
            Heard::Dialed(address, made, admission) => self.dialed(&address, made, admission),
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
        self.unread == 0 && self.lookups.is_empty() && self.dials.is_empty()
    }

    /// Whether a connection can be used.
    pub fn is_open(&self, id: FlowId) -> bool {
        self.open.get(&id).map_or_else(|| self.udp.is_open(id), Connection::is_open)
    }

    pub(super) fn flow(&self, id: FlowId) -> Option<Flow> {
        self.open.get(&id).map(|connection| connection.flow).or_else(|| self.udp.flow(id))
    }

    pub(super) fn push(&mut self, id: FlowId, transmit: Transmit) {
        let Some(connection) = self.open.get_mut(&id) else { return self.send_datagram(id, transmit) };
        self.timelines.sent(&connection.flow, &transmit.bytes);
        self.metrics.sent(&transmit.bytes);
        let before = connection.cost;
        connection.push(transmit);
        self.unread += connection.cost - before;
        self.touched.push_back(id);
    }

    fn send_datagram(&mut self, id: FlowId, transmit: Transmit) {
        if self.timelines.is_on()
            && let Some(flow) = self.udp.flow(id)
        {
            self.timelines.sent(&flow, &transmit.bytes);
        }
        self.metrics.sent(&transmit.bytes);
        match self.udp.send(id, &transmit.bytes) {
            Ok(()) => self.fates.extend(transmit.receipt.map(Fate::Delivered)),
            Err(error) => {
                debug!(flow = id.0, bytes = transmit.bytes.len(), %error, "cannot send a datagram");
                if self.udp.is_gone(id, &error) {
                    self.close(id);
                }
                // Once: what went by another flow than its own is at its last.
                match transmit.flow == Some(id) && !self.is_open(id) {
                    true => self.convey(transmit),
                    false => self.undelivered(transmit),
                }
            }
        }
    }

    fn pong(&mut self, id: FlowId) {
        if self.is_open(id) {
            self.push(id, Transmit { flow: Some(id), otherwise: None, receipt: None, bytes: PONG });
        }
    }

    pub(super) fn undelivered(&mut self, transmit: Transmit) {
        self.fates.extend(transmit.receipt.map(Fate::Undelivered));
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
}
