//! The journal: what is written to disk.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, Registry};

use super::make;

/// The instruments.
#[derive(Debug)]
pub(super) struct Journal {
    writes: Histogram,
    seconds: Histogram,
    failures: IntCounter,
}

impl Journal {
    pub fn new(registry: &Registry) -> Self {
        let writes = ("call_agent_journal_commit_writes", "How many writes one commit of the journal has.");
        let seconds = ("call_agent_journal_commit_seconds", "How long a commit of the journal takes.");
        let failures = (
            "call_agent_journal_commit_failures_total",
            "Commits of the journal that the disk did not take.",
        );
        Self {
            writes: make::histogram(registry, writes, make::COUNTS),
            seconds: make::histogram(registry, seconds, make::LONG),
            failures: make::counter(registry, failures),
        }
    }
    pub fn committed(&self, writes: usize, time: Duration) {
        self.writes.observe(writes as f64);
        make::observe(&self.seconds, time);
    }

    pub fn failed(&self) {
        self.failures.inc();
    }
}
