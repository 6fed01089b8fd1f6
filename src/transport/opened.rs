//! How connections come into use and go out of it.

use std::io;

use tracing::{debug, warn};

use super::admission::{Admission, Life};
use super::begun::Begun;
use super::connection::Connection;
use super::reach::{Origin, same};
use super::stream::Stream;
use super::task::Task;
use super::{Connections, Fate, read, tcp};
use crate::agent::{Address, Flow, FlowId};

impl Connections {
    /// Takes a connection into use.
    pub(super) fn open(
        &mut self,
        stream: Stream,
        origin: Origin,
        admission: Admission,
    ) -> io::Result<FlowId> {
        let socket = stream.socket();
        tcp::set_up(socket)?;
        let (local, peer) = (tcp::canonical(socket.local_addr()?), tcp::canonical(socket.peer_addr()?));
        let (id, transport) = (self.ids.next(), stream.transport());
        let (listener, name) = match origin {
            Origin::Accepted(listener) => {
                (Some(listener), Address { transport, address: peer, host: Default::default() })
            }
            Origin::Made(address) => (None, same(&address)),
        };
        let flow = Flow { id, transport, local, peer, listener };
        let (source, sink) = stream.split();
        let begun = Begun::new(self.bounds, self.unframed.clone());
        let life = Life::new();
        let read = (source, flow, life.clone());
        let reading =
            read::read(read, self.bounds, begun, self.door.clone(), self.inbound.clone(), admission);
        self.by_name.insert(name.clone(), id);
        self.open.insert(id, Connection::new(flow, name, (sink, life), Task::spawn(reading)));
        self.metrics.opened(&flow);
        debug!(flow = id.0, %peer, %local, "connection opened");
        Ok(id)
    }

    /// The connections that nothing has come by for too long. Each is told once and then again if nothing comes for as long.
    pub fn idle(&self) -> Vec<FlowId> {
        let Some(bound) = self.bounds.idle else { return Vec::new() };
        let idle = self.open.iter().filter(|(_, connection)| connection.life.silence() >= bound);
        idle.inspect(|(_, connection)| connection.life.touch()).map(|(id, _)| *id).collect()
    }

    /// What was pushed before the end was seen is for a peer that may have closed its own side only.
    pub(super) fn peer_closed(&mut self, id: FlowId) {
        if let Some(connection) = self.open.get_mut(&id) {
            let before = connection.cost;
            let _ = connection.write(&mut self.fates);
            self.unread = self.unread + connection.cost - before;
        }
        self.remove(id);
    }

    /// Breaks a connection off whose peer takes too much.
    pub(super) fn cut_off(&mut self, id: FlowId, why: &str) {
        let Some(connection) = self.open.get(&id) else { return };
        if let Some(times) = self.broken_off.count() {
            warn!(peer = %connection.flow.peer, times, "closed a connection: {why}");
        }
        connection.reset();
        self.remove(id);
    }

    /// What the peer cannot have whole goes another way, if it has one.
    pub(super) fn remove(&mut self, id: FlowId) {
        let Some(connection) = self.open.remove(&id) else { return };
        if self.by_name.get(&connection.name) == Some(&id) {
            self.by_name.remove(&connection.name);
        }
        self.metrics.closed(&connection.flow);
        debug!(flow = id.0, peer = %connection.flow.peer, "connection closed");
        self.unread -= connection.cost;
        self.fates.push_back(Fate::Closed(id));
        for transmit in connection.into_unsent() {
            self.convey(transmit);
        }
    }
}
