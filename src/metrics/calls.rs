//! Calls: how they begin and end.

use prometheus::{Histogram, IntCounter, Registry};

use super::make;
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::agent::{Call, Event};

const CAUSES: [EndCause; 7] = [
    EndCause::Cancelled,
    EndCause::Rejected,
    EndCause::Hangup,
    EndCause::Timeout,
    EndCause::Failed,
    EndCause::Lost,
    EndCause::Replaced,
];
const ENDERS: [EndBy; 4] = [EndBy::Remote, EndBy::Api, EndBy::Policy, EndBy::System];

/// The counters.
#[derive(Debug)]
pub(super) struct Calls {
    inbound: IntCounter,
    outbound: IntCounter,
    ended: [[IntCounter; ENDERS.len()]; CAUSES.len()],
    setup: Histogram,
    duration: Histogram,
}

impl Calls {
    pub fn new(registry: &Registry) -> Self {
        let about =
            ("call_agent_calls_started_total", "Calls that were offered to us or that we have placed.");
        let started = make::counters(registry, about, &["direction"]);
        let about = (
            "call_agent_calls_ended_total",
            "Calls that have ended, by what ended them and whose doing it was.",
        );
        let ended = make::counters(registry, about, &["cause", "by"]);
        let setup =
            ("call_agent_call_setup_seconds", "From the INVITE to the ACK of its 200, of established calls.");
        let duration =
            ("call_agent_call_duration_seconds", "From the ACK to the end, of calls that were established.");
        Self {
            inbound: started.with_label_values(&["inbound"]),
            outbound: started.with_label_values(&["outbound"]),
            ended: CAUSES.map(|cause| ENDERS.map(|by| ended.with_label_values(&[cause.name(), by.name()]))),
            setup: make::histogram(registry, setup, make::CALLS),
            duration: make::histogram(registry, duration, make::CALLS),
        }
    }

    pub fn told(&self, event: &Event) {
        let call = &event.call;
        match event.kind {
            EventKind::Offered => self.inbound.inc(),
            EventKind::Dialing => self.outbound.inc(),
            EventKind::Established => {
                if let Some(established) = call.established_at {
                    self.setup.observe(seconds(established.0 - call.created_at.0));
                }
            }
            EventKind::Ended => self.ended(call),
            _ => {}
        }
    }

    fn ended(&self, call: &Call) {
        if let (Some(established), Some(ended)) = (call.established_at, call.ended_at) {
            self.duration.observe(seconds(ended.0 - established.0));
        }
        let Some(end) = &call.end else { return };
        let cause = CAUSES.iter().position(|cause| *cause == end.cause);
        let by = ENDERS.iter().position(|by| *by == end.by);
        let counter = cause.zip(by).and_then(|(cause, by)| self.ended.get(cause)?.get(by));
        counter.iter().for_each(|counter| counter.inc());
    }
}
fn seconds(microseconds: i64) -> f64 {
    microseconds.max(0) as f64 / 1e6
}
