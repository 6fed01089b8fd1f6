//! The calls as they are, by id; those that ended are kept for a time and up to a count.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::agent::event::{CallState, EventKind};
use crate::agent::{Call, CallId, Event, Timestamp};

/// The log played back.
#[derive(Debug)]
pub(super) struct Views {
    slots: BTreeMap<CallId, Slot>,
    /// In the order in which they ended.
    ended: VecDeque<(Timestamp, CallId)>,
    max_ended: usize,
    max_age: Duration,
}

/// A call, and what a reader of its events alone needs.
#[derive(Debug)]
pub(super) struct Slot {
    pub call: Arc<Call>,
    /// Its events in the log, oldest first; some at the front may be gone from it.
    sequences: VecDeque<u64>,
    /// The last of its events that was gone from the log when this list was shortened; 0 if none.
    shortened: u64,
    /// Made for the first reader, so that an event wakes the readers of its call and no others'.
    news: Option<watch::Sender<()>>,
}

impl Slot {
    /// Whether its last event has come.
    pub fn is_over(&self) -> bool {
        self.call.state == CallState::Ended
    }

    /// Its events behind `position`.
    pub fn after(&self, position: u64) -> impl Iterator<Item = u64> {
        let seen = self.sequences.partition_point(|sequence| *sequence <= position);
        self.sequences.range(seen..).copied()
    }

    /// Whether an event of this call behind `position` is no longer in a log that starts at `oldest`.
    pub fn has_lost(&self, position: u64, oldest: u64) -> bool {
        self.shortened > position || self.after(position).next().is_some_and(|sequence| sequence < oldest)
    }

    fn add(&mut self, sequence: u64, oldest: u64) {
        while let Some(gone) = self.sequences.front().copied().filter(|front| *front < oldest) {
            self.sequences.pop_front();
            self.shortened = gone;
        }
        self.sequences.push_back(sequence);
    }
}

impl Views {
    pub fn new(max_ended: usize, max_age: Duration) -> Self {
        Self { slots: BTreeMap::new(), ended: VecDeque::new(), max_ended, max_age }
    }

    /// Shows what an event made of its call. `oldest` is where the log starts.
    pub fn apply(&mut self, event: &Event, sequence: u64, oldest: u64) {
        let slot = self.slots.entry(event.call.id).or_insert_with(|| Slot {
            call: event.call.clone(),
            sequences: VecDeque::new(),
            shortened: 0,
            news: None,
        });
        slot.call = event.call.clone();
        // What comes behind the end is no part of the call's own stream, which closes there.
        if event.kind == EventKind::Ended || !slot.is_over() {
            slot.add(sequence, oldest);
        }
        if let Some(news) = &slot.news {
            news.send_replace(());
        }
        if event.kind == EventKind::Ended {
            self.ended.push_back((event.time, event.call.id));
        }
    }

    /// Forgets the ended calls that are too many or too old.
    pub fn forget(&mut self, now: Timestamp) {
        let age = i64::try_from(self.max_age.as_micros()).unwrap_or(i64::MAX);
        while let Some((time, id)) = self.ended.front().copied() {
            if self.ended.len() <= self.max_ended && now.0.saturating_sub(time.0) <= age {
                return;
            }
            self.ended.pop_front();
            self.slots.remove(&id);
        }
    }

    pub fn call(&self, id: CallId) -> Option<Arc<Call>> {
        self.slots.get(&id).map(|slot| slot.call.clone())
    }

    pub fn slot(&self, id: CallId) -> Option<&Slot> {
        self.slots.get(&id)
    }

    /// What wakes at the events of one call.
    pub fn subscribe(&mut self, id: CallId) -> Option<watch::Receiver<()>> {
        let slot = self.slots.get_mut(&id)?;
        Some(slot.news.get_or_insert_with(|| watch::Sender::new(())).subscribe())
    }

    /// The calls, newest first, that began before `cursor`.
    pub fn older_than(&self, cursor: Option<CallId>) -> impl Iterator<Item = &Arc<Call>> {
        let end = cursor.map_or(Bound::Unbounded, Bound::Excluded);
        self.slots.range((Bound::Unbounded, end)).rev().map(|(_, slot)| &slot.call)
    }
}
