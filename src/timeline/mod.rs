//! Timelines: what happened to a call, its SIP messages, commands and events on one clock.
//!
//! ```text
//!  driver ──── received, commanded ─┐
//!  transport ─ sent ────────────────┴─► Timelines (by Call-ID, bounded) ─┐
//!                                       log of events ───────────────────┴─► Story ─► text, mermaid, pcapng; JSON
//! ```
//!
//! Messages and commands are kept in memory alone, on the side, without their secrets; events come from the log. A trace begins with
//! an INVITE from a peer or with a call's first event: what belongs to no call costs a look and leaves nothing. Each is bounded, and all of them together are: the first
//! begun goes first.

mod asked;
mod belongs;
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

pub use asked::Asked;
pub use mermaid::mermaid;
pub use pcapng::pcapng;
pub use story::{CommandEntry, EventEntry, SipDirection, SipEntry, Story, StoryEntry};
pub use text::text;

use crate::agent::event::EventKind;
use crate::agent::{Call, CallId, Event, Flow, Timestamp};
use crate::sip::Message;
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

    /// A message has come, at that time: that of what is told of it.
    pub fn received(&self, at: Timestamp, flow: &Flow, message: &Message) {
        if !self.is_on() {
            return;
        }
        let (head, body, call_id) = match message {
            Message::Request(request) => (&request.head, &request.body, &request.call_id),
            Message::Response(response) => (&response.head, &response.body, &response.call_id),
        };
        self.see(at, flow, Direction::Received, call_id.as_bytes(), &[head, body]);
    }

    /// A message goes out.
    pub fn sent(&self, flow: &Flow, message: &Bytes) {
        if self.is_on()
            && let Some(call_id) = belongs::call_id(message)
        {
            self.see((self.0.clock)(), flow, Direction::Sent, call_id, &[message]);
        }
    }

    fn see(&self, at: Timestamp, flow: &Flow, direction: Direction, call_id: &[u8], parts: &[&Bytes]) {
        let is_invite = parts.first().is_some_and(|head| head.starts_with(b"INVITE "));
        let begins = is_invite && direction == Direction::Received;
        let mut kept = self.lock();
        if begins || kept.knows(call_id) {
            let sighting = Sighting::new(flow, direction, parts);
            kept.add(call_id, Entry { at, seen: Seen::Message(sighting) });
        }
    }

    /// A command to a call was answered.
    pub fn answered(&self, call: CallId, asked: Asked, refusal: Option<String>) {
        if !self.is_on() {
            return;
        }
        let answered_at = (self.0.clock)();
        let mut kept = self.lock();
        if let Some(call_id) = kept.call_id(call) {
            let asked = Asked { call: Some(call), ..asked };
            kept.add(&call_id, Entry { at: asked.at, seen: Seen::Command { asked, answered_at, refusal } });
        }
    }

    /// Something is told of a call: with its first event its trace begins, with its last it may go after a while.
    pub fn told(&self, event: &Event) {
        if !self.is_on() {
            return;
        }
        let call_id = event.call.sip.call_id.as_bytes();
        match event.kind {
            EventKind::Offered | EventKind::Dialing | EventKind::Recovered => {
                self.lock().begin(call_id, event.call.id)
            }
            EventKind::Ended => self.lock().end(call_id),
            _ => {}
        }
    }

    /// Forgets the traces of calls that ended long ago, and those of INVITEs that became no call.
    pub fn forget(&self, now: Timestamp) {
        if self.is_on() {
            self.lock().forget(now, self.0.settings.ended_age);
        }
    }

    /// What was seen of a call, in the order of time, with its events, which are envelopes.
    pub fn story(&self, call: Arc<Call>, events: &[Bytes]) -> Story {
        let (entries, dropped) = self.lock().of(&call);
        Story::new(call, entries, dropped, events)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
