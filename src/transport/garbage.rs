//! How much each peer sends that cannot be read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::agent::Peer;

/// For how long it is summed up, from the first of it on; and how long a peer that has sent too much is left alone at most.
const MINUTE: Duration = Duration::from_secs(60);

/// How many peers are known at a time. Beyond it further ones are not counted: of connections there are hardly more, and of
/// datagrams, whose senders can be forged, no more is lost than what their reading costs.
const PEERS: usize = 10_000;

/// What peers have sent, in this minute of theirs.
#[derive(Clone, Debug)]
pub(super) struct Garbage {
    /// Bytes; 0: any number.
    limit: usize,
    sent: Arc<Mutex<HashMap<Peer, Sent>>>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    since: Instant,
    bytes: usize,
}

impl Sent {
    fn is_over(&self) -> bool {
        self.since.elapsed() >= MINUTE
    }
}

impl Garbage {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, sent: Arc::default() }
    }

    /// A peer has sent so many bytes that cannot be read; whether that is too much.
    pub(super) fn add(&self, peer: Peer, bytes: usize) -> bool {
        if self.limit == 0 {
            return false;
        }
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PEERS && !all.contains_key(&peer) {
            all.retain(|_, sent| !sent.is_over());
            if all.len() >= PEERS {
                return false;
            }
        }
        let sent = all.entry(peer).or_insert(Sent { since: Instant::now(), bytes: 0 });
        if sent.is_over() {
            *sent = Sent { since: Instant::now(), bytes: 0 };
        }
        sent.bytes = sent.bytes.saturating_add(bytes);
        sent.bytes > self.limit
    }

    /// Whether a peer has sent too much.
    pub(super) fn is_of(&self, peer: Peer) -> bool {
        if self.limit == 0 {
            return false;
        }
        let all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&peer).is_some_and(|sent| sent.bytes > self.limit && !sent.is_over())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn peer(number: u32) -> Peer {
        Peer::of(IpAddr::V4(Ipv4Addr::from(number)))
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_peer_sends_in_a_minute_is_summed_up_and_then_forgotten() {
        let garbage = Garbage::new(100);
        assert!(!garbage.add(peer(1), 60) && !garbage.add(peer(2), 60) && !garbage.is_of(peer(1)));
        tokio::time::advance(MINUTE / 2).await;
        assert!(garbage.add(peer(1), 60));
        assert!(garbage.is_of(peer(1)) && !garbage.is_of(peer(2)));
        tokio::time::advance(MINUTE / 2).await;
        assert!(!garbage.is_of(peer(1)));
        assert!(!garbage.add(peer(1), 60));
    }

    #[tokio::test(start_paused = true)]
    async fn of_peers_only_so_many_are_known() {
        let garbage = Garbage::new(1);
        for number in 0..=10_000 {
            garbage.add(peer(number), 2);
        }
        assert!(garbage.is_of(peer(9_999)) && !garbage.is_of(peer(10_000)));
        tokio::time::advance(MINUTE).await;
        assert!(garbage.add(peer(10_000), 2));
        assert_eq!(garbage.sent.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn without_a_limit_nothing_is_counted() {
        let garbage = Garbage::new(0);
        assert!(!garbage.add(peer(1), usize::MAX) && !garbage.is_of(peer(1)));
    }
}
