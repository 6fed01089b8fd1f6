//! What the transport has kept out.

use std::sync::Arc;

use prometheus::{IntCounter, Registry};

use super::make;

/// The counters, shared by the transport's tasks.
#[derive(Clone, Debug)]
pub struct KeptOut(Arc<[IntCounter; Count::ALL.len()]>);

/// What is counted.
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
    /// Connections that had never brought a message in time.
    SilentConnections,
    /// Times that no connection could be accepted: there are no file descriptors left.
    FailedAccepts,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::DeniedConnections,
        Self::DeniedDatagrams,
        Self::RefusedConnections,
        Self::DisplacedConnections,
        Self::GarbageConnections,
        Self::GarbageDatagrams,
        Self::SilentConnections,
        Self::FailedAccepts,
    ];

    /// Its value of the label.
    const fn name(self) -> &'static str {
        match self {
            Self::DeniedConnections => "denied_connections",
            Self::DeniedDatagrams => "denied_datagrams",
            Self::RefusedConnections => "refused_connections",
            Self::DisplacedConnections => "displaced_connections",
            Self::GarbageConnections => "garbage_connections",
            Self::GarbageDatagrams => "garbage_datagrams",
            Self::SilentConnections => "silent_connections",
            Self::FailedAccepts => "failed_accepts",
        }
    }
}

impl KeptOut {
    pub(super) fn new(registry: &Registry) -> Self {
        let about =
            ("call_agent_sip_kept_out_total", "What was kept out before it was looked at, by what it was.");
        let counters = make::counters(registry, about, &["what"]);
        Self(Arc::new(Count::ALL.map(|count| counters.with_label_values(&[count.name()]))))
    }

    /// It happened once more.
    pub fn add(&self, count: Count) {
        if let Some(counter) = self.0.get(count as usize) {
            counter.inc();
        }
    }

    /// How often it has happened.
    pub fn of(&self, count: Count) -> u64 {
        self.0.get(count as usize).map_or(0, IntCounter::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_by_itself() {
        let kept_out = KeptOut::new(&Registry::new());
        kept_out.add(Count::FailedAccepts);
        kept_out.add(Count::FailedAccepts);
        for count in Count::ALL {
            let times = if count == Count::FailedAccepts { 2 } else { 0 };
            assert_eq!(kept_out.of(count), times, "{}", count.name());
        }
    }
}
