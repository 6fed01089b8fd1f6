//! What the transport has kept out, counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counters, shared by the transport's tasks and whoever reads them.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<[AtomicU64; Count::ALL.len()]>);

/// What is counted. Since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Connections from where no peer may be.
    DeniedConnections,
    /// Datagrams from there.
    DeniedDatagrams,
    /// Connections closed at once: as many are open as may be, of all peers or of that one.
    RefusedConnections,
    /// Connections that had never brought a message and gave their places to new ones.
    DisplacedConnections,
    /// Connections closed because their peer sent too much that cannot be read, and those that it was refused after that.
    GarbageConnections,
    /// Datagrams that cannot be read and were not looked at any further: their peer sent too many.
    GarbageDatagrams,
    /// Messages that can be neither read nor answered.
    Unreadable,
    /// Connections that had never brought a message in time.
    SilentConnections,
    /// Times that no connection could be accepted: there are no file descriptors left.
    FailedAccepts,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::DeniedConnections,
        Self::DeniedDatagrams,
        Self::RefusedConnections,
        Self::DisplacedConnections,
        Self::GarbageConnections,
        Self::GarbageDatagrams,
        Self::Unreadable,
        Self::SilentConnections,
        Self::FailedAccepts,
    ];

    /// Its name, for who shows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeniedConnections => "denied_connections",
            Self::DeniedDatagrams => "denied_datagrams",
            Self::RefusedConnections => "refused_connections",
            Self::DisplacedConnections => "displaced_connections",
            Self::GarbageConnections => "garbage_connections",
            Self::GarbageDatagrams => "garbage_datagrams",
            Self::Unreadable => "unreadable_messages",
            Self::SilentConnections => "silent_connections",
            Self::FailedAccepts => "failed_accepts",
        }
    }
}

impl Counts {
    /// It happened once more.
    pub(super) fn add(&self, count: Count) {
        if let Some(counter) = self.0.get(count as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often it has happened.
    pub fn of(&self, count: Count) -> u64 {
        self.0.get(count as usize).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_by_itself() {
        let counts = Counts::default();
        counts.add(Count::FailedAccepts);
        counts.add(Count::FailedAccepts);
        for count in Count::ALL {
            assert_eq!(
                counts.of(count),
                if count == Count::FailedAccepts { 2 } else { 0 },
                "{}",
                count.name()
            );
        }
    }
}
