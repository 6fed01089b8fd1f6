//! How often each peer may ask something outside dialogs.

use std::time::{Duration, Instant};

use super::Peer;
use crate::agent::map::{Hashing, Map};

/// How many peers are known at a time. A peer is forgotten as soon as it could ask all it may at once again.
const PEERS: usize = 10_000;

/// How long after one search for peers to forget there is no other.
const SEARCH: Duration = Duration::from_secs(1);

/// So many requests at once, then one at each interval (the generic cell rate algorithm: of each peer it is known when
/// it will have paid for what it has asked). At [`PEERS`] those that are not known share the rate of one.
#[derive(Debug)]
pub struct Rate {
    /// `None`: there is no limit.
    interval: Option<Duration>,
    /// How far ahead a peer may be.
    credit: Duration,
    paid: Map<Peer, Instant>,
    /// What all who find no place have paid.
    strangers: Option<Instant>,
    searched: Option<Instant>,
}

impl Rate {
    /// So many requests per second, 0 for no limit; and so many at once.
    pub fn new(per_second: u32, burst: u32, hashing: Hashing) -> Self {
        let interval = Duration::from_secs(1).checked_div(per_second);
        let credit = interval.unwrap_or_default().saturating_mul(burst.saturating_sub(1));
        Self { interval, credit, paid: Map::with_hasher(hashing), strangers: None, searched: None }
    }

    /// Whether a peer may ask something now; if so, it has.
    pub fn take(&mut self, peer: Peer, now: Instant) -> bool {
        let Some(interval) = self.interval else { return true };
        self.make_room(peer, now);
        let is_known = self.paid.contains_key(&peer) || self.paid.len() < PEERS;
        let paid = if is_known { self.paid.get(&peer).copied() } else { self.strangers };
        let paid = paid.map_or(now, |paid| paid.max(now));
        if paid.duration_since(now) > self.credit {
            return false;
        }
        match is_known {
            true => drop(self.paid.insert(peer, paid + interval)),
            false => self.strangers = Some(paid + interval),
        }
        true
    }

    fn make_room(&mut self, peer: Peer, now: Instant) {
        let is_due = self.searched.is_none_or(|searched| now.duration_since(searched) >= SEARCH);
        if is_due && self.paid.len() >= PEERS && !self.paid.contains_key(&peer) {
            self.searched = Some(now);
            self.paid.retain(|_, paid| *paid > now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn rate(per_second: u32, burst: u32) -> Rate {
        Rate::new(per_second, burst, Hashing::with_seeds(1, 2, 3, 4))
    }

    fn peer(number: usize) -> Peer {
        let number = u32::try_from(number).unwrap();
        Peer::of(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number)))
    }

    /// How many of so many are let through.
    fn taken(rate: &mut Rate, count: usize, now: Instant) -> usize {
        (0..count).filter(|_| rate.take(peer(1), now)).count()
    }

    #[test]
    fn a_peer_may_ask_a_burst_at_once_and_then_at_its_rate() {
        let (mut rate, start) = (rate(10, 5), Instant::now());
        assert_eq!(taken(&mut rate, 20, start), 5);
        assert_eq!(taken(&mut rate, 20, start + Duration::from_millis(99)), 0);
        assert_eq!(taken(&mut rate, 20, start + Duration::from_millis(100)), 1);
        assert_eq!(taken(&mut rate, 20, start + Duration::from_millis(400)), 3);
        assert_eq!(
            taken(&mut rate, 20, start + Duration::from_secs(60)),
            5,
            "no more than a burst is saved up"
        );
        assert!(rate.take(peer(2), start), "another peer has a rate of its own");
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let mut rate = rate(0, 0);
        assert_eq!(taken(&mut rate, 1000, Instant::now()), 1000);
        assert!(rate.paid.is_empty());
    }

    #[test]
    fn peers_beyond_the_bound_share_one_rate_until_others_are_forgotten() {
        let (mut rate, start) = (rate(1, 1), Instant::now());
        for number in 0..PEERS {
            assert!(rate.take(peer(number), start));
        }
        assert!(rate.take(peer(PEERS), start), "the first that finds no place");
        assert!(!rate.take(peer(PEERS + 1), start), "the second one shares its rate");
        assert!(!rate.take(peer(0), start), "who is known stays known");
        assert_eq!(rate.paid.len(), PEERS);
        let later = start + Duration::from_secs(2);
        assert!(rate.take(peer(PEERS + 1), later) && rate.take(peer(PEERS + 2), later));
        assert_eq!(rate.paid.len(), 2, "who owes nothing is forgotten");
    }
}
