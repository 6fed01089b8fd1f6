//! Timelines: what happened to a call, its SIP messages, commands and events on one clock.
//!
//! ```text
//!  driver ──── received, answered, told ─┐
//!  transport ─ sent ─────────────────────┴─► Timelines (by call, bounded) ─┐
//!                                            log of events ────────────────┴─► Story ─► text, mermaid, pcapng; JSON
//! ```
//!
//! Messages and commands are kept in memory alone, on the side; events come from the log. Secrets are taken out when a story is
//! told: what is seen of each message must cost next to nothing, and few are ever asked for. A trace begins with the first event
//! of its call in this run; the message that made the call is seen right behind it. What belongs to no call costs a look and
//! leaves nothing. Each trace is bounded, and all of them together are: the first begun goes first.

mod arrived;
mod asked;
mod dialog;
mod kept;
mod mermaid;
mod pcapng;
mod secrets;
mod story;
#[cfg(test)]
mod tests;
mod text;
mod trace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

pub use arrived::Arrived;
pub use asked::Asked;
pub use mermaid::mermaid;
pub use pcapng::pcapng;
pub use story::{CommandEntry, EventEntry, SipDirection, SipEntry, Story, StoryEntry};
pub use text::text;

use crate::agent::event::EventKind;
use crate::agent::{Arrival, Call, CallId, Event, Flow, Timestamp};
use dialog::{Sent, Tags};
use kept::Kept;
use trace::{Direction, Entry, Seen, Sighting};

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Of all traces together, bytes; 0: nothing is kept.
    pub bytes: usize,
    /// How long after the end of its call a trace is kept.
    pub ended_age: Duration,
}

/// The traces of calls. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub struct Timelines(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clock: fn() -> Timestamp,
    kept: Mutex<Kept>,
}

/// Nothing is kept.
impl Default for Timelines {
    fn default() -> Self {
        Self::new(Settings { bytes: 0, ended_age: Duration::ZERO }, || Timestamp(0))
    }
}

impl Timelines {
    /// None yet; `clock` says when something is sent or answered.
    pub fn new(settings: Settings, clock: fn() -> Timestamp) -> Self {
        Self(Arc::new(Inner { settings, clock, kept: Mutex::new(Kept::new(settings.bytes)) }))
    }

    /// Whether anything is kept.
    pub fn is_on(&self) -> bool {
        self.0.settings.bytes > 0
    }

    /// A message has come. What is given goes to [`Timelines::received`] when the agent has handled it: only then its call is known.
    pub fn arrived(&self, arrival: &Arrival) -> Option<Arrived> {
        self.is_on().then(|| Arrived::of(arrival)).flatten()
    }

    /// A message was received, at that time: that of what is told of it.
    pub fn received(&self, at: Timestamp, arrived: &Arrived) {
        let sighting = || Sighting::new(&arrived.flow, Direction::Received, [&arrived.head, &arrived.body]);
        self.lock().see(arrived.call_id.as_bytes(), || Tags::of_arrived(arrived), at, sighting);
    }

    /// A message goes out.
    pub fn sent(&self, flow: &Flow, message: &Bytes) {
        if !self.is_on() {
            return;
        }
        let Some(sent) = Sent::of(message) else { return };
        let sighting = || Sighting::new(flow, Direction::Sent, [message, &Bytes::new()]);
        self.lock().see(sent.call_id, || sent.tags(), (self.0.clock)(), sighting);
    }

    /// A command to a call was answered.
    pub fn answered(&self, call: CallId, asked: Asked, refusal: Option<String>) {
        if !self.is_on() {
            return;
        }
        let answered_at = (self.0.clock)();
        let asked = Asked { call: Some(call), ..asked };
        self.lock().add(call, Entry { at: asked.at, seen: Seen::Command { asked, answered_at, refusal } });
    }

    /// Something is told of a call: with its first event its trace begins, with its last it may go after a while.
    pub fn told(&self, event: &Event) {
        if !self.is_on() {
            return;
        }
        match event.kind {
            EventKind::Offered | EventKind::Dialing | EventKind::Recovered => self.lock().begin(&event.call),
            EventKind::Ended => self.lock().end(event.call.id, event.time),
            _ => {}
        }
    }

    /// Forgets the traces of calls that ended long ago.
    pub fn forget(&self, now: Timestamp) {
        if self.is_on() {
            self.lock().forget(now, self.0.settings.ended_age);
        }
    }

    /// What was seen of a call, in the order of time, with its events, which are envelopes.
    pub fn story(&self, call: Arc<Call>, events: &[Bytes]) -> Story {
        let (entries, dropped) = self.lock().of(call.id);
        Story::new(call, entries, dropped, events)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
