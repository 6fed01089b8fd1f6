//! What the core's gate has done.

use std::sync::{Mutex, PoisonError};

use prometheus::{IntCounter, Registry};

use super::make;
use crate::agent::Counts;

/// The values of the label, in the order of [`values`].
const OUTCOMES: [&str; 8] = [
    "denied",
    "over_rate",
    "over_calls",
    "challenged",
    "rejected",
    "authenticated",
    "overloaded",
    "idle_connection",
];

/// The counters, and what the core has counted when it was last looked at.
#[derive(Debug)]
pub(super) struct Gate {
    counters: [IntCounter; OUTCOMES.len()],
    last: Mutex<Counts>,
}

impl Gate {
    pub fn new(registry: &Registry) -> Self {
        let about = (
            "call_agent_sip_gate_total",
            "Requests outside dialogs that were not simply let in, and idle connections that were closed, by outcome.",
        );
        let counters = make::counters(registry, about, &["outcome"]);
        Self {
            counters: OUTCOMES.map(|outcome| counters.with_label_values(&[outcome])),
            last: Mutex::default(),
        }
    }

    /// So much was counted until now.
    pub fn counted(&self, counts: Counts) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == counts {
            return;
        }
        let (before, now) = (values(std::mem::replace(&mut *last, counts)), values(counts));
        for (counter, (before, now)) in self.counters.iter().zip(before.into_iter().zip(now)) {
            counter.inc_by(now.saturating_sub(before));
        }
    }
}

fn values(counts: Counts) -> [u64; OUTCOMES.len()] {
    let Counts { denied, over_rate, over_calls, challenged, rejected, authenticated, overloaded, idle } =
        counts;
    [denied, over_rate, over_calls, challenged, rejected, authenticated, overloaded, idle]
}
