//! The calls as they are, by id; those that ended are kept for a time, up to a count and up to a size.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::agent::event::{CallState, EventKind};
use crate::agent::{Call, CallId, Event, Timestamp};

use super::listed::Listed;
use super::size;

/// How many ended calls are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub calls: usize,
    pub bytes: usize,
    pub age: Duration,
}

/// The log played back.
#[derive(Debug)]
pub(super) struct Views {
    /// Nobody chooses the ids of calls: they need no secret to be hashed with.
    slots: HashMap<CallId, Slot, ahash::RandomState>,
    listed: Listed,
    /// In the order in which they ended.
    ended: VecDeque<(Timestamp, CallId)>,
    /// About how much memory the ended calls take.
    ended_bytes: usize,
    bounds: Bounds,
}

/// A call, and what a reader of its events alone needs.
#[derive(Debug)]
pub(super) struct Slot {
    pub call: Arc<Call>,
    /// Its events in the log, oldest first; some at the front may be gone from it.
    sequences: VecDeque<u64>,
    /// Up to which sequence events of the call are not in this list: they were gone from the log when it was shortened, or before it
    /// was begun. 0: none.
    shortened: u64,
    /// About how much memory it takes, if it has ended.
    ended_bytes: usize,
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

    /// Up to which sequence events of this call may no longer be in a log that starts at `oldest`.
    pub fn lost_upto(&self, oldest: u64) -> u64 {
        self.shortened.max(oldest - 1)
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
    pub fn new(bounds: Bounds) -> Self {
        Self {
            slots: HashMap::with_hasher(ahash::RandomState::with_seeds(1, 2, 3, 4)),
            listed: Listed::default(),
            ended: VecDeque::new(),
            ended_bytes: 0,
            bounds,
        }
    }

    /// How many have not ended.
    pub fn alive(&self) -> usize {
        self.slots.len().saturating_sub(self.ended.len())
    }

    /// Shows what an event made of its call. `oldest` is where the log starts.
    pub fn apply(&mut self, event: &Event, sequence: u64, oldest: u64) {
        // A call that was forgotten while its new labels were on their way to the disk does not come back.
        if event.is_late() && !self.slots.contains_key(&event.call.id) {
            return;
        }
        let slot = match self.slots.entry(event.call.id) {
            Entry::Occupied(slot) => {
                let slot = slot.into_mut();
                self.ended_bytes = self.ended_bytes.saturating_sub(std::mem::take(&mut slot.ended_bytes));
                slot
            }
            Entry::Vacant(slot) => slot.insert(Slot {
                call: event.call.clone(),
                sequences: VecDeque::new(),
                shortened: if event.kind.is_first() { 0 } else { sequence - 1 },
                ended_bytes: 0,
                news: None,
            }),
        };
        slot.call = event.call.clone();
        self.listed.show(&event.call);
        if slot.is_over() {
            slot.ended_bytes = size::of_call(&slot.call);
            self.ended_bytes += slot.ended_bytes;
        }
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

    /// Forgets the ended calls that are too many, too large together or too old.
    pub fn forget(&mut self, now: Timestamp) {
        let age = i64::try_from(self.bounds.age.as_micros()).unwrap_or(i64::MAX);
        while let Some((time, id)) = self.ended.front().copied() {
            let fits = self.ended.len() <= self.bounds.calls && self.ended_bytes <= self.bounds.bytes;
            if fits && now.0.saturating_sub(time.0) <= age {
                return;
            }
            self.ended.pop_front();
            self.listed.remove(id);
            let forgotten = self.slots.remove(&id).map_or(0, |slot| slot.ended_bytes);
            self.ended_bytes = self.ended_bytes.saturating_sub(forgotten);
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

    /// The calls as they are now.
    pub fn snapshot(&self) -> Listed {
        self.listed.clone()
    }
}
