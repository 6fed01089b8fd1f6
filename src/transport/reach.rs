//! Getting to where something is to go: a look-up if need be, then the first address that can be used (RFC 3263 §4.3).

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tracing::debug;

use super::admission::Admission;
use super::connection::Connection;
use super::stream::Stream;
use super::{Connections, Fate, resolve, tcp};
use crate::agent::{Address, Destination, FlowId, Hop, ListenerId, ReachId, Reached, Transmit, Unreachable};
use crate::sip::Transport;

/// What a way is looked for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// To send this.
    Send(Transmit),
    /// To tell the core of it.
    Reach(ReachId),
}

impl Purpose {
    /// What it costs in memory, bytes.
    pub(super) fn cost(&self) -> usize {
        size_of::<Self>() + if let Self::Send(transmit) = self { transmit.bytes.len() } else { 0 }
    }
}

/// Something that wants to get to one of several addresses.
#[derive(Debug)]
pub(super) struct Errand {
    purpose: Purpose,
    /// What has not been tried.
    left: VecDeque<Address>,
    /// How long each of the addresses may take: they share the time, so that a silent one leaves some for the next; but no
    /// less than a third of it, in which a healthy one that is far away answers.
    pub(super) patience: Duration,
}

impl Errand {
    fn new(purpose: Purpose, addresses: Vec<Address>, limit: Duration) -> Self {
        let count = u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        Self { purpose, left: addresses.into(), patience: limit / count.min(3) }
    }

    /// A new connection was its other way: for what that does not take there is no third.
    fn at_its_last(self) -> Self {
        let purpose = match self.purpose {
            Purpose::Send(transmit) => Purpose::Send(Transmit { otherwise: None, ..transmit }),
            reach => reach,
        };
        Self { purpose, ..self }
    }

    /// What it costs in memory, bytes.
    pub(super) fn cost(&self) -> usize {
        self.purpose.cost() + self.left.len() * size_of::<Address>()
    }
}

/// Who has made a connection.
#[derive(Debug)]
pub(super) enum Origin {
    /// A peer, to that listener of ours.
    Accepted(ListenerId),
    /// We, to that address.
    Made(Address),
}

/// The name by which a connection to an address is found again. Whom a certificate must name matters for TLS alone: there
/// a connection that was made to one host is none to another (RFC 5922 §7).
pub(super) fn same(address: &Address) -> Address {
    let host = match address.transport {
        Transport::Tls => address.host.trim_end_matches('.').to_ascii_lowercase().into(),
        _ => Default::default(),
    };
    Address { transport: address.transport, address: tcp::canonical(address.address), host }
}

impl Connections {
    /// Finds a way for the core; [`Fate::Reached`] tells it, once.
    pub fn reach(&mut self, id: ReachId, destination: Destination) {
        match destination {
            Destination::Hop(hop) => self.seek(&hop, Purpose::Reach(id)),
            Destination::Addresses(addresses) => self.go(Purpose::Reach(id), addresses),
        }
    }

    /// Takes something to a hop, looked up first if need be.
    pub(super) fn seek(&mut self, hop: &Hop, purpose: Purpose) {
        match resolve::literal(hop) {
            Ok(Some(address)) => self.go(purpose, vec![address]),
            Ok(None) => {
                if let Some(purpose) = self.lookups.wait(hop.clone(), purpose) {
                    self.strand(
                        purpose,
                        "too many names are being looked up, or too much waits for this one",
                    );
                }
            }
            Err(why) => self.strand(purpose, &why),
        }
    }

    /// The hop's addresses are known, or it has none.
    pub(super) fn resolved(&mut self, hop: &Hop, found: Result<Vec<Address>, String>) {
        if let Err(why) = &found {
            debug!(host = %hop.host, port = hop.port, why, "no address");
        }
        for purpose in self.lookups.finish(hop) {
            match &found {
                Ok(addresses) => self.go(purpose, addresses.clone()),
                Err(why) => self.strand(purpose, why),
            }
        }
    }

    /// The connection is made, or cannot be.
    pub(super) fn dialed(&mut self, address: &Address, made: io::Result<Stream>, admission: Admission) {
        let opened = made.and_then(|stream| self.open(stream, Origin::Made(address.clone()), admission));
        let errands = self.dials.finish(address);
        match opened {
            Ok(flow) => {
                for errand in errands {
                    self.carry(flow, errand.at_its_last(), None);
                }
            }
            Err(error) => {
                debug!(transport = %address.transport, peer = %address.address, %error, "cannot connect");
                let why = failure(address, &error);
                for errand in errands {
                    self.advance(errand, why.clone());
                }
            }
        }
    }

    fn go(&mut self, purpose: Purpose, addresses: Vec<Address>) {
        let errand = Errand::new(purpose, addresses, self.bounds.connect);
        self.advance(errand, "nothing is left to try".to_owned());
    }

    /// Takes an errand to its next address that can be used, or waits for a connection to it.
    fn advance(&mut self, mut errand: Errand, mut why: String) {
        while let Some(address) = errand.left.pop_front() {
            let address = Address { address: tcp::canonical(address.address), ..address };
            if address.transport == Transport::Udp {
                match self.remembered(&address) {
                    Ok(flow) => return self.carry(flow, errand, Some(address)),
                    Err(error) => why = failure(&address, &error),
                }
                continue;
            }
            let name = same(&address);
            if let Some(flow) = self.connected(&name) {
                return self.carry(flow, errand, Some(address));
            }
            match self.dials.begin(&name, &errand) {
                Ok(()) => return self.dials.wait(&name, errand),
                Err(reason) => why = failure(&address, &io::Error::other(reason)),
            }
        }
        self.strand(errand.purpose, &why);
    }

    /// An open connection to that very address, whoever made it; over TLS from one who has shown to be the host.
    fn connected(&self, address: &Address) -> Option<FlowId> {
        let made = self.by_name.get(address).copied().filter(|id| self.is_open(*id));
        made.or_else(|| {
            let id = *self.by_name.get(&Address { host: Default::default(), ..address.clone() })?;
            let accepted = self.open.get(&id).filter(|connection| connection.is_open())?;
            Connection::is_authenticated_as(accepted, &address.host).then_some(id)
        })
    }

    fn remembered(&mut self, address: &Address) -> io::Result<FlowId> {
        let (flow, forgotten) = self.udp.reach(address.address)?;
        self.fates.extend(forgotten.into_iter().map(Fate::Closed));
        Ok(flow.id)
    }

    /// Uses a connection, which was there already if it can be made `again`.
    fn carry(&mut self, id: FlowId, Errand { purpose, left, .. }: Errand, again: Option<Address>) {
        match (purpose, self.flow(id)) {
            (Purpose::Send(transmit), _) => self.push(id, transmit),
            (Purpose::Reach(id), Some(flow)) => {
                self.reached(id, Reached { flow, again, others: left.into() })
            }
            (Purpose::Reach(id), None) => self.unreached(id, "the connection was closed"),
        }
    }

    fn strand(&mut self, purpose: Purpose, why: &str) {
        match purpose {
            Purpose::Send(transmit) => self.undelivered(transmit),
            Purpose::Reach(id) => self.unreached(id, why),
        }
    }

    fn reached(&mut self, id: ReachId, way: Reached) {
        self.fates.push_back(Fate::Reached(id, Ok(way)));
    }

    fn unreached(&mut self, id: ReachId, why: &str) {
        self.fates.push_back(Fate::Reached(id, Err(Unreachable(why.to_owned()))));
    }
}

fn failure(address: &Address, error: &io::Error) -> String {
    format!("{} {}: {error}", address.transport, address.address)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn addresses_share_the_time_but_each_has_a_third_of_it_at_least() {
        let address = |number: u8| Address {
            transport: Transport::Tcp,
            address: SocketAddr::from(([10, 0, 0, number], 5060)),
            host: "pbx.example.com".into(),
        };
        let limit = Duration::from_secs(6);
        for (count, seconds) in [(1, 6), (2, 3), (3, 2), (16, 2)] {
            let addresses = (0..count).map(address).collect();
            let errand = Errand::new(Purpose::Reach(ReachId(1)), addresses, limit);
            assert_eq!(errand.patience, Duration::from_secs(seconds), "{count}");
        }
    }
}
