//! The connections being made: one at a time to each address, with what waits for it.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::admission::Admission;
use super::reach::Errand;
use super::stream::Stream;
use super::task::Task;
use super::{Bounds, Heard, Inbound, Notice, tls};
use crate::agent::Address;
use crate::sip::Transport;
use crate::tls::Tls;

/// The connections being made.
#[derive(Debug)]
pub(super) struct Dials {
    bounds: Bounds,
    places: Arc<Semaphore>,
    tls: Option<Tls>,
    inbound: mpsc::Sender<Inbound>,
    under_way: HashMap<Address, Dial>,
}

#[derive(Debug)]
struct Dial {
    waiting: Vec<Errand>,
    /// What they cost in memory, bytes.
    cost: usize,
    /// Ends with it.
    _work: Task,
}

impl Dials {
    pub(super) fn new(
        bounds: Bounds,
        places: Arc<Semaphore>,
        tls: Option<Tls>,
        inbound: mpsc::Sender<Inbound>,
    ) -> Self {
        Self { bounds, places, tls, inbound, under_way: HashMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Sees to it that a connection to an address is being made for which this may wait; the address is named as
    /// [`same`](super::reach::same) does. An error says why that may not be.
    pub(super) fn begin(&mut self, address: &Address, errand: &Errand) -> Result<(), &'static str> {
        if let Some(dial) = self.under_way.get(address) {
            let is_full = dial.cost + errand.cost() > self.bounds.dial_bytes;
            return if is_full { Err("too much waits for a connection") } else { Ok(()) };
        }
        if self.under_way.len() >= self.bounds.dials || self.is_crowded(address.address.ip()) {
            return Err("as many connections are being made as may be");
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return Err("as many connections are open as may be");
        };
        let dial = dial(address.clone(), self.tls.clone(), errand.patience);
        let work =
            connect(address.clone(), dial, errand.patience, self.inbound.clone(), Admission::Own(place));
        let dial = Dial { waiting: Vec::new(), cost: 0, _work: Task::spawn(work) };
        self.under_way.insert(address.clone(), dial);
        Ok(())
    }

    /// Lets something wait for a connection that is being made.
    pub(super) fn wait(&mut self, address: &Address, errand: Errand) {
        if let Some(dial) = self.under_way.get_mut(address) {
            dial.cost += errand.cost();
            dial.waiting.push(errand);
        }
    }

    /// Whether as many connections are being made to a host as may be.
    fn is_crowded(&self, host: IpAddr) -> bool {
        let to_it = self.under_way.keys().filter(|address| address.address.ip() == host);
        to_it.count() >= self.bounds.dials_per_address
    }

    /// The connection is made or cannot be: what waited for it, in order.
    pub(super) fn finish(&mut self, address: &Address) -> Vec<Errand> {
        self.under_way.remove(address).map(|dial| dial.waiting).unwrap_or_default()
    }
}

async fn connect(
    address: Address,
    dial: impl Future<Output = io::Result<Stream>>,
    limit: Duration,
    inbound: mpsc::Sender<Inbound>,
    admission: Admission,
) {
    let made = timeout(limit, dial).await;
    let made = made.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer")));
    let _ = inbound.send(Inbound::Notice(Notice(Heard::Dialed(address, made, admission)))).await;
}

async fn dial(address: Address, tls: Option<Tls>, limit: Duration) -> io::Result<Stream> {
    let unsupported = || io::Error::new(io::ErrorKind::Unsupported, "there is no way to connect so");
    match (address.transport, tls) {
        (Transport::Tcp, _) => TcpStream::connect(address.address).await.map(Stream::Plain),
        (Transport::Tls, Some(tls)) => {
            let socket = TcpStream::connect(address.address).await?;
            tls::connect(socket, address.host.trim_end_matches('.'), &tls, limit).await
        }
        _ => Err(unsupported()),
    }
}
