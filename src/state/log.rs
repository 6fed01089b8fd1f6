//! The numbered log: a ring of the last events, bounded by count and by bytes.
//!
//! A journal on disk takes its place behind the same few questions: push, oldest, last, get.

use std::collections::VecDeque;
use std::sync::Arc;

use bytestring::ByteString;

use super::{Frame, Topic};
use crate::agent::Call;

/// One event: what readers are sent, and what their filters look at.
#[derive(Debug)]
pub(super) struct Entry {
    pub topic: Topic,
    pub subject: Subject,
    pub frame: Frame,
}

/// What an event is of.
#[derive(Debug)]
pub(super) enum Subject {
    /// The stream itself.
    Stream,
    /// A call, as it was right after the event. Shared with the views, so not counted among the log's bytes.
    Call(Arc<Call>),
    /// An account, by its id.
    Account(ByteString),
}

impl Entry {
    /// About how many bytes it takes when it is encoded, whether it is or not. It never changes.
    fn size(&self) -> usize {
        self.frame.held() + size_of::<Self>() + size_of::<Call>()
    }
}

/// The last events; an entry's sequence is its place.
#[derive(Debug)]
pub(super) struct Log {
    entries: VecDeque<Entry>,
    oldest: u64,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

impl Log {
    pub fn new(max_events: usize, max_bytes: usize) -> Self {
        Self { entries: VecDeque::new(), oldest: 1, bytes: 0, max_events, max_bytes }
    }

    /// The same, behind the last event of an earlier run.
    pub fn behind(last: u64, max_events: usize, max_bytes: usize) -> Self {
        Self { oldest: last + 1, ..Self::new(max_events, max_bytes) }
    }

    /// Adds the next event and drops the oldest ones over the bounds; the newest always stays.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.entries.len() > 1 && (self.entries.len() > self.max_events || self.bytes > self.max_bytes)
        {
            let Some(dropped) = self.entries.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(dropped.size());
            self.oldest += 1;
        }
    }

    /// The sequence of the oldest event kept, or of the first that will come.
    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    /// The sequence of the newest event; 0 before the first.
    pub fn last(&self) -> u64 {
        self.oldest + self.entries.len() as u64 - 1
    }

    /// The event of that sequence, if it is kept.
    pub fn get(&self, sequence: u64) -> Option<&Entry> {
        let place = sequence.checked_sub(self.oldest)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The kept events behind `position`, with their sequences.
    pub fn after(&self, position: u64) -> impl Iterator<Item = (u64, &Entry)> {
        let first = self.oldest.max(position.saturating_add(1));
        (first..=self.last()).filter_map(|sequence| Some((sequence, self.get(sequence)?)))
    }
}
