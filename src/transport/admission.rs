//! A connection's place under the bounds, and how long it may be silent on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

use super::places::Place;

/// A connection's place, free again when dropped.
#[derive(Debug)]
pub(super) enum Admission {
    /// Among those of our own making.
    Own(#[expect(dead_code, reason = "held, not used")] OwnedSemaphorePermit),
    /// Among those of peers.
    Peers(Place),
}

impl Admission {
    /// The connection has brought a message.
    pub(super) fn keep(&self) {
        if let Self::Peers(place) = self {
            place.keep();
        }
    }

    /// Waits until the connection must be closed because it has never brought a message: its place is another's, or its time is
    /// over. One of our own waits for ever.
    pub(super) async fn overdue(&self, until: Instant) -> Overdue {
        match self {
            Self::Own(_) => std::future::pending().await,
            Self::Peers(place) => tokio::select! {
                () = place.lost() => Overdue::Displaced,
                () = sleep_until(until) => Overdue::Silent,
            },
        }
    }
}

/// Why a connection that has never brought a message must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Its place is another's.
    Displaced,
    /// Its time is over.
    Silent,
}

/// When something last came by a connection; told by its reader, read by its owner.
#[derive(Clone, Debug)]
pub(super) struct Life(Arc<Lived>);

#[derive(Debug)]
struct Lived {
    begun: Instant,
    /// Milliseconds from there.
    last: AtomicU64,
}

impl Life {
    /// It begins now.
    pub(super) fn new() -> Self {
        Self(Arc::new(Lived { begun: Instant::now(), last: AtomicU64::new(0) }))
    }

    /// Something came, or it is to count as if it had.
    pub(super) fn touch(&self) {
        let since = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last.store(since, Ordering::Relaxed);
    }

    /// For how long nothing has come.
    pub(super) fn silence(&self) -> Duration {
        self.0.begun.elapsed().saturating_sub(Duration::from_millis(self.0.last.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_what_came_last() {
        let life = Life::new();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(life.silence(), Duration::from_secs(5));
        life.clone().touch();
        assert_eq!(life.silence(), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(life.silence(), Duration::from_secs(3));
    }
}
