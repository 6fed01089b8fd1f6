//! The places of connections that peers make: so many of all, so many of each peer.
//!
//! At the bound of all a new connection takes the place of the one that has been silent longest without ever having brought a
//! message, at the bound of a peer that of the peer's own. Whoever opens connections and says nothing keeps nobody out that
//! way. Where every connection has spoken, the new one is closed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::agent::Peer;
use crate::metrics::{Count, KeptOut};

/// The places, shared by all listeners.
#[derive(Clone, Debug)]
pub(super) struct Places {
    shared: Arc<Mutex<Taken>>,
    kept_out: KeptOut,
}

#[derive(Debug)]
struct Taken {
    /// Of all peers.
    bound: usize,
    /// Of one peer; 0: as many as of all.
    bound_of_peer: usize,
    last: u64,
    /// A connection is its number: the oldest has the lowest.
    all: HashMap<u64, Held>,
    by_peer: HashMap<Peer, usize>,
    /// Those that have never brought a message.
    silent: BTreeSet<u64>,
    silent_of: BTreeSet<(Peer, u64)>,
}

#[derive(Debug)]
struct Held {
    peer: Peer,
    leave: Arc<Notify>,
}

/// A connection's place, free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    places: Places,
    leave: Arc<Notify>,
}

impl Places {
    /// All free; a peer may have `bound_of_peer`, 0 for as many as there are.
    pub(super) fn new(bound: usize, bound_of_peer: usize, kept_out: KeptOut) -> Self {
        let taken = Taken {
            bound,
            bound_of_peer,
            last: 0,
            all: HashMap::new(),
            by_peer: HashMap::new(),
            silent: BTreeSet::new(),
            silent_of: BTreeSet::new(),
        };
        Self { shared: Arc::new(Mutex::new(taken)), kept_out }
    }

    /// A place for a connection of a peer; `None`: there is none.
    pub(super) fn take(&self, peer: Peer) -> Option<Place> {
        let mut taken = self.lock();
        if let Err(displaced) = taken.find_room(peer) {
            let Some(displaced) = displaced else {
                self.kept_out.add(Count::RefusedConnections);
                return None;
            };
            self.kept_out.add(Count::DisplacedConnections);
            if let Some(held) = taken.free(displaced) {
                held.leave.notify_one();
            }
        }
        let (number, leave) = taken.add(peer);
        Some(Place { number, places: self.clone(), leave })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Whether there is room; if not, whose place could be given away.
    fn find_room(&self, peer: Peer) -> Result<(), Option<u64>> {
        let is_crowded = self.bound_of_peer > 0
            && self.by_peer.get(&peer).is_some_and(|count| *count >= self.bound_of_peer);
        if is_crowded {
            let mut own = self.silent_of.range((peer, 0)..=(peer, u64::MAX));
            return Err(own.next().map(|(_, number)| *number));
        }
        if self.all.len() >= self.bound { Err(self.silent.first().copied()) } else { Ok(()) }
    }

    fn add(&mut self, peer: Peer) -> (u64, Arc<Notify>) {
        self.last += 1;
        let (number, leave) = (self.last, Arc::new(Notify::new()));
        self.all.insert(number, Held { peer, leave: leave.clone() });
        *self.by_peer.entry(peer).or_default() += 1;
        self.silent.insert(number);
        self.silent_of.insert((peer, number));
        (number, leave)
    }

    fn free(&mut self, number: u64) -> Option<Held> {
        let held = self.all.remove(&number)?;
        self.silent.remove(&number);
        self.silent_of.remove(&(held.peer, number));
        if let Some(count) = self.by_peer.get_mut(&held.peer) {
            *count -= 1;
            if *count == 0 {
                self.by_peer.remove(&held.peer);
            }
        }
        Some(held)
    }
}

impl Place {
    /// The connection has brought a message: its place is its own now.
    pub(super) fn keep(&self) {
        let mut taken = self.places.lock();
        if let Some(peer) = taken.all.get(&self.number).map(|held| held.peer) {
            taken.silent.remove(&self.number);
            taken.silent_of.remove(&(peer, self.number));
        }
    }

    /// Waits until the place is another's; the connection is to be closed.
    pub(super) async fn lost(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().free(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn peer(number: u8) -> Peer {
        Peer::of(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)))
    }

    fn places(bound: usize, bound_of_peer: usize) -> Places {
        Places::new(bound, bound_of_peer, crate::metrics::Metrics::default().kept_out())
    }

    fn is_lost(place: &Place) -> bool {
        futures_util::FutureExt::now_or_never(place.lost()).is_some()
    }

    #[test]
    fn at_the_bound_the_longest_silent_connection_gives_its_place_away() {
        let places = places(3, 0);
        let (spoken, silent, newer) =
            (places.take(peer(1)).unwrap(), places.take(peer(1)).unwrap(), places.take(peer(2)).unwrap());
        spoken.keep();
        let newest = places.take(peer(3)).unwrap();
        assert!(is_lost(&silent) && !is_lost(&spoken) && !is_lost(&newer));
        drop(silent);
        newer.keep();
        newest.keep();
        assert!(places.take(peer(4)).is_none(), "who has spoken stays");
        assert_eq!(places.kept_out.of(Count::RefusedConnections), 1);
        assert_eq!(places.kept_out.of(Count::DisplacedConnections), 1);
        drop(spoken);
        assert!(places.take(peer(4)).is_some());
    }

    #[test]
    fn a_peer_at_its_bound_takes_no_place_of_others() {
        let places = places(10, 2);
        let other = places.take(peer(2)).unwrap();
        let first = places.take(peer(1)).unwrap();
        let second = places.take(peer(1)).unwrap();
        first.keep();
        let third = places.take(peer(1)).unwrap();
        assert!(is_lost(&second) && !is_lost(&other));
        third.keep();
        assert!(places.take(peer(1)).is_none());
        drop(first);
        assert!(places.take(peer(1)).is_some());
    }

    #[test]
    fn nothing_is_left_of_what_is_gone() {
        let places = places(2, 1);
        for number in 0..10 {
            let place = places.take(peer(number)).unwrap();
            if number % 2 == 0 {
                place.keep();
            }
        }
        let taken = places.lock();
        assert!(taken.all.is_empty() && taken.by_peer.is_empty());
        assert!(taken.silent.is_empty() && taken.silent_of.is_empty());
    }
}
