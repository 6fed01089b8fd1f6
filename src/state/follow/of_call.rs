//! Readers of one call's events. What memory no longer has of them is read from the journal, if there is one.

use tokio::sync::watch;

use super::super::log::{Entry, Log, Subject};
use super::super::{After, Board, Filter, Shown, Topic};
use super::{Look, Reader, unread};
use crate::agent::event::{CallState, EventKind};
use crate::agent::{CallId, Timestamp};
use crate::state::journal::JournalError;

impl Board {
    /// A reader of one call's events, from its first on unless `after` names an event; it ends after `call.ended`. `None`:
    /// there is no such call. `now` is the time of a `stream.gap`.
    pub fn follow_call(&self, id: CallId, after: &After, filter: Filter, now: Timestamp) -> Option<Reader> {
        let news = self.write().views.subscribe(id)?;
        let shown = self.read();
        let (oldest, last) = (shown.log.oldest(), shown.log.last());
        let (position, is_unknown) = self.place_of_call(after, last);
        let has_lost = !self.has_journal() && shown.views.slot(id)?.has_lost(position, oldest);
        drop(shown);
        let gap = if is_unknown || has_lost { self.gap(self.oldest(oldest), last, now) } else { None };
        let position = if has_lost { position.max(oldest - 1) } else { position };
        // It looks at no events but its own, and so is never behind.
        let place = Some(self.0.readers.join(u64::MAX));
        Some(Reader { place, ..self.reader(Some(id), filter, position, (gap, now), news) })
    }

    /// The same of a call that has ended and is no longer readable, as long as its end is in the journal.
    pub async fn follow_past_call(
        &self,
        id: CallId,
        after: &After,
        filter: Filter,
        now: Timestamp,
    ) -> Result<Option<Reader>, JournalError> {
        let Some(end) = self.end_on_disk(id).await? else { return Ok(None) };
        let (oldest, last) = {
            let shown = self.read();
            (self.oldest(shown.log.oldest()), shown.log.last())
        };
        let (position, is_unknown) = self.place_of_call(after, last);
        let gap = if is_unknown { self.gap(oldest, last, now) } else { None };
        // One that never tells anything.
        let news = watch::channel(()).1;
        let place = Some(self.0.readers.join(u64::MAX));
        Ok(Some(Reader {
            end: Some(end),
            place,
            ..self.reader(Some(id), filter, position, (gap, now), news)
        }))
    }

    /// Where a call's stream begins, and whether the position is none of this log.
    fn place_of_call(&self, after: &After, last: u64) -> (u64, bool) {
        match after {
            After::Now | After::Earliest => (0, false),
            After::Event(id) if self.0.settings.epochs.know(id, last) => (id.sequence, false),
            After::Event(_) => (0, true),
        }
    }
}

impl Reader {
    /// Whether the stream is over before it began: the call has ended and the reader has seen all of it.
    pub fn is_over(&self) -> bool {
        let shown = self.board.read();
        let slot = self.call.and_then(|id| shown.views.slot(id));
        let has_all = match self.end {
            Some(end) => end <= self.position,
            None => slot.is_some_and(|slot| slot.is_over() && slot.after(self.position).next().is_none()),
        };
        self.gap.is_none() && has_all
    }

    pub(super) fn look_at_call(&mut self, shown: &Shown, id: CallId) -> Look {
        let (has_journal, oldest) = (self.board.has_journal(), shown.log.oldest());
        let Some(slot) = shown.views.slot(id) else {
            return if has_journal {
                Look::Past(shown.log.last())
            } else {
                self.look_for_forgotten(&shown.log, id)
            };
        };
        if slot.has_lost(self.position, oldest) {
            let upto = slot.lost_upto(oldest);
            return if has_journal { Look::Past(upto) } else { Look::Over };
        }
        let mut sequences = slot.after(self.position).take(super::STRIDE).peekable();
        match sequences.peek() {
            None if slot.is_over() => return Look::Over,
            None => return Look::UpToDate,
            Some(_) => {}
        }
        let entries = sequences.filter_map(|sequence| Some((sequence, shown.log.get(sequence)?)));
        self.take(entries, |filter, entry| filter.lets_topic(entry.topic))
    }

    /// The call ended and was forgotten before this reader saw its end, which the log may still hold.
    fn look_for_forgotten(&mut self, log: &Log, id: CallId) -> Look {
        if log.last() <= self.position {
            return Look::Over;
        }
        let is_wanted =
            |filter: &Filter, entry: &Entry| is_of_call(entry, id) && filter.lets_topic(entry.topic);
        self.take(log.after(self.position).take(super::STRIDE), is_wanted)
    }

    /// The call's next events up to there, from the journal.
    pub(super) async fn read_past_of(&mut self, id: CallId, upto: u64) -> Look {
        let (entries, oldest) = match self.board.past_of(id, self.position, upto).await {
            Ok(found) => found,
            Err(error) => return unread(&error),
        };
        if self.told < oldest && has_gap(self.position, &entries, oldest) {
            self.told = oldest;
            let last = self.board.read().log.last();
            return self
                .board
                .gap(oldest, last, self.begun)
                .map_or(Look::Nothing, |gap| Look::Frames(vec![gap]));
        }
        let last = entries.last().map(|(sequence, _)| *sequence);
        let entries = entries.iter().map(|(sequence, entry)| (*sequence, entry));
        let look =
            self.take(entries, |filter, entry| is_of_call(entry, id) && filter.lets_topic(entry.topic));
        if last.is_none() {
            self.position = self.position.max(upto);
            // Nothing more comes of a call that is forgotten.
            return if self.board.call(id).is_none() { Look::Over } else { look };
        }
        look
    }
}

/// Whether an event is of this call's stream, which closes with its end.
fn is_of_call(entry: &Entry, id: CallId) -> bool {
    let Subject::Call(call) = &entry.subject else { return false };
    call.id == id && (entry.topic == Topic::Call(EventKind::Ended) || call.state != CallState::Ended)
}

/// Whether events of the call behind the position may be gone from the disk, too.
fn has_gap(position: u64, found: &[(u64, Entry)], oldest: u64) -> bool {
    let has_first =
        found.first().is_some_and(|(_, entry)| matches!(entry.topic, Topic::Call(kind) if kind.is_first()));
    position + 1 < oldest && !has_first
}
