//! Events that memory no longer keeps, read from the journal for who is so far behind.

use bytes::Bytes;

use super::journal::{self, JournalError, Stretch};
use super::log::Entry;
use super::replay::replayed_entry;
use super::shown::Shown;
use super::{Board, Frame};
use crate::agent::CallId;

/// How many events are read at a time.
const STRIDE: u64 = 256;

impl Board {
    /// Has readers find in the journal what memory no longer keeps. Once, before there are any.
    pub fn remember_by(&self, journal: journal::Journal) {
        let _first = self.0.journal.set(journal);
    }

    /// The oldest event that there is, in memory or on disk.
    pub(super) fn oldest(&self, in_memory: u64) -> u64 {
        let on_disk = self.0.journal.get().map(|journal| journal.progress().borrow().oldest);
        on_disk.map_or(in_memory, |on_disk| on_disk.min(in_memory))
    }

    /// The envelopes of these events, in their order, as far as they are still there.
    pub async fn envelopes(&self, sequences: &[u64]) -> Result<Vec<Bytes>, JournalError> {
        if let Some(journal) = self.0.journal.get() {
            let sequences = sequences.to_vec();
            let found = journal.read(move |connection| journal::envelopes(connection, &sequences)).await?;
            return Ok(found.into_iter().map(Bytes::from).collect());
        }
        let frames: Vec<_> = frames(&self.read(), sequences.iter().copied()).collect();
        Ok(written(&frames))
    }

    /// The envelopes of a call's events, as far as they are kept; at most so many, the first ones.
    pub async fn envelopes_of(&self, call: CallId, limit: usize) -> Result<Vec<Bytes>, JournalError> {
        if let Some(journal) = self.0.journal.get() {
            let found =
                journal.read(move |connection| journal::envelopes_of(connection, call, limit)).await?;
            return Ok(found.into_iter().map(Bytes::from).collect());
        }
        let shown = self.read();
        let sequences = shown.views.slot(call).into_iter().flat_map(|slot| slot.after(0));
        let frames: Vec<_> = frames(&shown, sequences).take(limit).collect();
        drop(shown);
        Ok(written(&frames))
    }

    /// Whether there is a journal behind memory.
    pub(super) fn has_journal(&self) -> bool {
        self.0.journal.get().is_some()
    }

    /// The next events behind a place, in order, up to another; none if they are gone from the disk, too.
    pub(super) async fn past(&self, after: u64, upto: u64) -> Result<Vec<(u64, Entry)>, JournalError> {
        let Some(journal) = self.0.journal.get() else { return Ok(Vec::new()) };
        let upto = upto.min(after + STRIDE);
        let find = move |connection: &_| journal::events_behind(connection, after, upto);
        let found = journal.read_upto(upto, find).await?;
        self.entries(found)
    }

    /// The same of one call, and the oldest event that the disk has.
    pub(super) async fn past_of(
        &self,
        call: CallId,
        after: u64,
        upto: u64,
    ) -> Result<(Vec<(u64, Entry)>, u64), JournalError> {
        let Some(journal) = self.0.journal.get() else { return Ok((Vec::new(), 1)) };
        let find = move |connection: &_| {
            let found = journal::events_of(connection, call, (after, upto), STRIDE)?;
            Ok((found, journal::oldest(connection)?))
        };
        let (found, oldest) = journal.read(find).await?;
        Ok((self.entries(found)?, oldest))
    }

    /// The sequence of a call's end, if the journal has it.
    pub(super) async fn end_on_disk(&self, call: CallId) -> Result<Option<u64>, JournalError> {
        let Some(journal) = self.0.journal.get() else { return Ok(None) };
        journal.read(move |connection| journal::end_of(connection, call)).await
    }

    fn entries(&self, (events, mut wholes): Stretch) -> Result<Vec<(u64, Entry)>, JournalError> {
        let entry = |event: journal::PastEvent| {
            let (sequence, id) = (event.sequence, self.event_id(event.sequence));
            Ok((sequence, replayed_entry(&id, event, &mut wholes)?))
        };
        events.into_iter().map(entry).collect()
    }
}

/// Those of the events that memory has.
fn frames(shown: &Shown, sequences: impl Iterator<Item = u64>) -> impl Iterator<Item = Frame> {
    sequences.filter_map(|sequence| Some(shown.log.get(sequence)?.frame.clone()))
}

/// Their envelopes. They may have to be encoded, for which nobody should wait at the board's lock.
fn written(frames: &[Frame]) -> Vec<Bytes> {
    frames.iter().map(Frame::envelope).collect()
}
