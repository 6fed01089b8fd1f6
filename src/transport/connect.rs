//! Making connections: one at a time to each hop, with what waits for it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::debug;

use super::stream::Stream;
use super::task::Task;
use super::{Admission, Bounds, Connections, Fate, Heard, Inbound, Notice, resolve};
use crate::agent::{Destination, FlowId, Hop, ReachId, Reached, Transmit, Unreachable};
use crate::sip::Transport;

/// The connections being made.
#[derive(Debug)]
pub(super) struct Dials {
    bounds: Bounds,
    inbound: mpsc::Sender<Inbound>,
    under_way: HashMap<Hop, Dial>,
}

/// What waits for a connection.
#[derive(Debug)]
pub(super) enum Waiting {
    Send(Transmit),
    Reach(ReachId),
}

impl Waiting {
    fn cost(&self) -> usize {
        size_of::<Self>() + if let Self::Send(transmit) = self { transmit.bytes.len() } else { 0 }
    }
}

#[derive(Debug)]
struct Dial {
    waiting: Vec<Waiting>,
    bytes: usize,
    /// `None` until its name is looked up.
    address: Option<IpAddr>,
    /// What is being done for it, which ends with it.
    work: Task,
}

impl Dials {
    pub(super) fn new(bounds: Bounds, inbound: mpsc::Sender<Inbound>) -> Self {
        Self { bounds, inbound, under_way: HashMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Lets something wait for a connection to `hop`; begins to make one if none is being made. Gives it back if as
    /// many or as much wait as may.
    pub(super) fn wait(&mut self, hop: &Hop, what: Waiting) -> Result<(), Waiting> {
        let bytes = what.cost();
        if let Some(dial) = self.under_way.get_mut(hop) {
            if dial.bytes + bytes > self.bounds.dial_bytes {
                return Err(what);
            }
            dial.bytes += bytes;
            dial.waiting.push(what);
            return Ok(());
        }
        let address = resolve::literal(hop).map(|peer| peer.ip().to_canonical());
        if self.under_way.len() >= self.bounds.dials || self.is_crowded(address) {
            return Err(what);
        }
        let work = Task::spawn(resolve(hop.clone(), self.bounds.connect, self.inbound.clone()));
        self.under_way.insert(hop.clone(), Dial { waiting: vec![what], bytes, address, work });
        Ok(())
    }

    /// Whether as many connections are being made to an address, or as many names looked up, as may be.
    fn is_crowded(&self, address: Option<IpAddr>) -> bool {
        let bound = if address.is_some() { self.bounds.dials_per_address } else { self.bounds.lookups };
        self.under_way.values().filter(|dial| dial.address == address).count() >= bound
    }

    /// Connects to the first of `addresses` that answers, if not as many connections to the first as may be are being
    /// made.
    pub(super) fn connect(
        &mut self,
        hop: &Hop,
        addresses: Vec<SocketAddr>,
        admission: Admission,
    ) -> io::Result<()> {
        let address = addresses.first().map(|peer| peer.ip().to_canonical());
        let is_known = self.under_way.get(hop).is_some_and(|dial| dial.address == address);
        if !is_known && self.is_crowded(address) {
            return Err(io::Error::other("as many connections to its address are being made as may be"));
        }
        if let Some(dial) = self.under_way.get_mut(hop) {
            dial.address = address;
            let (limit, inbound) = (self.bounds.connect, self.inbound.clone());
            dial.work = Task::spawn(connect(hop.clone(), addresses, limit, inbound, admission));
        }
        Ok(())
    }

    /// The connection is made or cannot be: what waited for it, in order.
    pub(super) fn finish(&mut self, hop: &Hop) -> Vec<Waiting> {
        self.under_way.remove(hop).map(|dial| dial.waiting).unwrap_or_default()
    }
}

impl Connections {
    /// An open connection to that very address, whoever made it.
    pub(super) fn connected(&self, hop: &Hop, peer: SocketAddr) -> Option<FlowId> {
        let id = *self.by_peer.get(&peer)?;
        (is_tcp(hop) && self.is_open(id)).then_some(id)
    }

    /// Finds a way for the core: an open connection to the destination, or a new one.
    pub fn reach(&mut self, id: ReachId, destination: Destination) {
        let Destination::Hop(hop) = destination else { return self.unreached(id, "nothing is left to try") };
        match resolve::literal(&hop).and_then(|peer| self.connected(&hop, peer)) {
            Some(flow) => self.reached(id, flow),
            None => self.dial(&hop, Waiting::Reach(id)),
        }
    }

    /// Lets something wait for a new connection.
    pub(super) fn dial(&mut self, hop: &Hop, what: Waiting) {
        if !is_tcp(hop) {
            return self.stranded(what, "no such transport");
        }
        if let Err(what) = self.dials.wait(hop, what) {
            self.stranded(what, "too much waits for connections");
        }
    }

    fn carry(&mut self, flow: FlowId, what: Waiting) {
        match what {
            Waiting::Send(transmit) => self.push(flow, transmit),
            Waiting::Reach(id) => self.reached(id, flow),
        }
    }

    fn stranded(&mut self, what: Waiting, why: &str) {
        match what {
            Waiting::Send(transmit) => self.undelivered(transmit),
            Waiting::Reach(id) => self.unreached(id, why),
        }
    }

    fn reached(&mut self, id: ReachId, flow: FlowId) {
        let fate = match self.flow(flow) {
            Some(flow) => Ok(Reached { flow, others: Vec::new() }),
            None => Err(Unreachable("the connection was closed".to_owned())),
        };
        self.fates.push_back(Fate::Reached(id, fate));
    }

    fn unreached(&mut self, id: ReachId, why: &str) {
        self.fates.push_back(Fate::Reached(id, Err(Unreachable(why.to_owned()))));
    }

    /// The hop's addresses are known, or it has none.
    pub(super) fn resolved(&mut self, hop: Hop, found: io::Result<Vec<SocketAddr>>) {
        let addresses = match found {
            Ok(addresses) => addresses,
            Err(error) => return self.unreachable(&hop, &error),
        };
        if let Some(flow) = addresses.iter().find_map(|peer| self.connected(&hop, *peer)) {
            for what in self.dials.finish(&hop) {
                self.carry(flow, what);
            }
            return;
        }
        let begun = match self.places.clone().try_acquire_owned() {
            Ok(admission) => self.dials.connect(&hop, addresses, admission),
            Err(_) => Err(io::Error::other("as many connections are open as may be")),
        };
        if let Err(error) = begun {
            self.unreachable(&hop, &error);
        }
    }

    /// The connection is made, or cannot be.
    pub(super) fn dialed(&mut self, hop: &Hop, made: io::Result<Stream>, admission: Admission) {
        match made.and_then(|stream| self.open(stream, admission)) {
            Ok(flow) => {
                for what in self.dials.finish(hop) {
                    // This was its other way: for what a new connection does not take there is no third.
                    self.carry(
                        flow,
                        match what {
                            Waiting::Send(transmit) => {
                                Waiting::Send(Transmit { otherwise: None, ..transmit })
                            }
                            reach => reach,
                        },
                    );
                }
            }
            Err(error) => self.unreachable(hop, &error),
        }
    }

    fn unreachable(&mut self, hop: &Hop, error: &io::Error) {
        debug!(host = %hop.host, port = hop.port, %error, "cannot connect");
        let why = error.to_string();
        for what in self.dials.finish(hop) {
            self.stranded(what, &why);
        }
    }
}

fn is_tcp(hop: &Hop) -> bool {
    hop.transport == Some(Transport::Tcp)
}

async fn resolve(hop: Hop, limit: Duration, inbound: mpsc::Sender<Inbound>) {
    let found = timeout(limit, resolve::addresses(&hop)).await.unwrap_or_else(|_| Err(late()));
    let _ = inbound.send(Inbound::Notice(Notice(Heard::Resolved(hop, found)))).await;
}

async fn connect(
    hop: Hop,
    addresses: Vec<SocketAddr>,
    limit: Duration,
    inbound: mpsc::Sender<Inbound>,
    admission: Admission,
) {
    let made = timeout(limit, any(&addresses, limit)).await.unwrap_or_else(|_| Err(late()));
    let made = made.map(Stream::Plain);
    let _ = inbound.send(Inbound::Notice(Notice(Heard::Dialed(hop, made, admission)))).await;
}

/// Tries one address after the other; the limit is shared, so that a silent one leaves time for the next.
async fn any(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let each = limit / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = late(),
        }
    }
    Err(last)
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
