//! Readers of the log. A reader has a place in the log and pulls from there: it misses nothing and is copied nothing.
//!
//! A reader that was up to date and falls behind by more than the setting, or any that falls off the log's old end, is
//! cut: its stream ends, and it resumes by its last id. With a journal the old end is that of the disk.

use tokio::sync::watch;
use tokio::task::coop::consume_budget;

use super::audience::Listener;
use super::batch::Batch;
use super::frame::{Envelope, Gap};
use super::log::{Entry, Log, Subject};
use super::readers::Place;
use super::{After, Board, EventId, Filter, Frame, Shown, Topic};
use crate::agent::event::{CallState, EventKind};
use crate::agent::{CallId, Timestamp};

/// At most so many events are looked at while the board is locked.
const STRIDE: usize = 256;

/// A place in the log, and what is wanted from there on.
#[derive(Debug)]
pub struct Reader {
    board: Board,
    call: Option<CallId>,
    filter: Filter,
    /// The sequence of the last event looked at.
    position: u64,
    /// Told before anything else.
    gap: Option<Frame>,
    /// Whether the end of the log was reached once.
    live: bool,
    news: watch::Receiver<()>,
    closed: watch::Receiver<bool>,
    /// Of who follows everything.
    _listener: Option<Listener>,
    /// For those who watch.
    place: Option<Place>,
}

/// What a look at the log gave.
enum Look {
    Frames(Vec<Frame>),
    /// Nothing wanted in this stride; there is more.
    Nothing,
    /// What comes next is no longer in memory.
    Past,
    /// Nothing more now.
    UpToDate,
    /// Nothing more ever.
    Over,
}

impl Board {
    /// A reader of all events that the filter lets through. `now` is the time of a `stream.gap`.
    pub fn follow(&self, after: &After, filter: Filter, now: Timestamp) -> Reader {
        let reader = self.follow_aside(after, filter, now);
        let place = Some(self.0.readers.join(reader.position));
        Reader { _listener: Some(self.0.audience.join()), place, ..reader }
    }

    /// The same for who says by himself whether he listens: [`Board::listener`].
    pub fn follow_aside(&self, after: &After, filter: Filter, now: Timestamp) -> Reader {
        let news = self.0.news.subscribe();
        let shown = self.read();
        let (oldest, last) = (self.oldest(shown.log.oldest()), shown.log.last());
        drop(shown);
        let (position, lost) = match after {
            After::Now => (last, false),
            After::Earliest => (oldest - 1, false),
            After::Event(id) if !self.knows(id, last) || id.sequence + 1 < oldest => (oldest - 1, true),
            After::Event(id) => (id.sequence, false),
        };
        let gap = if lost { self.gap(oldest, last, now) } else { None };
        self.reader(None, filter, position, gap, news)
    }

    /// A reader of one call's events, from its first on unless `after` names an event; it ends after `call.ended`. `None`:
    /// there is no such call. `now` is the time of a `stream.gap`.
    pub fn follow_call(&self, id: CallId, after: &After, filter: Filter, now: Timestamp) -> Option<Reader> {
        let news = self.write().views.subscribe(id)?;
        let shown = self.read();
        let (oldest, last) = (shown.log.oldest(), shown.log.last());
        let (position, unknown) = match after {
            After::Now | After::Earliest => (0, false),
            After::Event(id) if self.knows(id, last) => (id.sequence, false),
            After::Event(_) => (0, true),
        };
        let lost = unknown || shown.views.slot(id)?.has_lost(position, oldest);
        drop(shown);
        let gap = if lost { self.gap(oldest, last, now) } else { None };
        let position = if lost { position.max(oldest - 1) } else { position };
        // It looks at no events but its own, and so is never behind.
        let place = Some(self.0.readers.join(u64::MAX));
        Some(Reader { place, ..self.reader(Some(id), filter, position, gap, news) })
    }

    fn reader(
        &self,
        call: Option<CallId>,
        filter: Filter,
        position: u64,
        gap: Option<Frame>,
        news: watch::Receiver<()>,
    ) -> Reader {
        let closed = self.0.closed.subscribe();
        let board = self.clone();
        Reader { board, call, filter, position, gap, live: false, news, closed, _listener: None, place: None }
    }

    /// Whether the id was given by this log.
    fn knows(&self, id: &EventId, last: u64) -> bool {
        *id.epoch == *self.0.settings.epoch && id.sequence <= last
    }

    fn gap(&self, oldest: u64, last: u64, time: Timestamp) -> Option<Frame> {
        let data = Gap { oldest: self.event_id(oldest), last: self.event_id(last) };
        let before = self.event_id(oldest - 1);
        self.press().aside(&before, &Envelope { topic: Topic::Gap, subject: None, time, data })
    }
}

impl Reader {
    /// The next events, at least one; `None` when the stream is over: the call ended, the reader was cut, or the board
    /// was closed. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Vec<Frame>> {
        if let Some(gap) = self.gap.take() {
            return Some(vec![gap]);
        }
        loop {
            self.news.mark_unchanged();
            let look = match self.look() {
                Look::Past => self.read_past().await,
                look => look,
            };
            match look {
                Look::Frames(frames) => return Some(frames),
                Look::Nothing | Look::Past => consume_budget().await,
                Look::Over => return None,
                Look::UpToDate if *self.closed.borrow() => return None,
                Look::UpToDate => self.wait().await,
            }
        }
    }

    /// The last event that was looked at, wanted or not.
    pub fn position(&self) -> EventId {
        self.board.event_id(self.position)
    }

    /// Whether the stream is over before it began: the call has ended and the reader has seen all of it.
    pub fn is_over(&self) -> bool {
        let shown = self.board.read();
        let slot = self.call.and_then(|id| shown.views.slot(id));
        self.gap.is_none()
            && slot.is_some_and(|slot| slot.is_over() && slot.after(self.position).next().is_none())
    }

    async fn wait(&mut self) {
        // An error says that the sender is gone: the call was forgotten, which the next look finds.
        tokio::select! {
            _ = self.news.changed() => {}
            _ = self.closed.changed() => {}
        }
    }

    fn look(&mut self) -> Look {
        let board = self.board.clone();
        let shown = board.read();
        match self.call {
            None => self.look_at_all(&shown.log, board.0.settings.max_lag),
            Some(id) => self.look_at_call(&shown, id),
        }
    }

    fn look_at_all(&mut self, log: &Log, max_lag: u64) -> Look {
        let behind = log.last().saturating_sub(self.position);
        if behind == 0 {
            self.live = true;
            return Look::UpToDate;
        }
        if self.live && behind > max_lag {
            return Look::Over;
        }
        if self.position + 1 < log.oldest() {
            let is_kept = self.board.oldest(log.oldest()) <= self.position + 1;
            return if is_kept { Look::Past } else { Look::Over };
        }
        let entries = log.after(self.position).take(STRIDE);
        self.take(entries, |filter, entry| filter.lets_event(entry))
    }

    /// The same from the journal.
    async fn read_past(&mut self) -> Look {
        match self.board.clone().past(self.position).await {
            // Taken away meanwhile.
            Ok(entries) if entries.is_empty() => Look::Over,
            Ok(entries) => {
                let entries = entries.iter().map(|(sequence, entry)| (*sequence, entry));
                self.take(entries, |filter, entry| filter.lets_event(entry))
            }
            Err(error) => {
                tracing::warn!(%error, "the past cannot be read for who is behind");
                Look::Over
            }
        }
    }

    /// The wanted ones of the entries, up to a batch, and moves on behind them.
    fn take<'a>(
        &mut self,
        entries: impl Iterator<Item = (u64, &'a Entry)>,
        is_wanted: impl Fn(&Filter, &Entry) -> bool,
    ) -> Look {
        let mut batch = Batch::default();
        for (sequence, entry) in entries {
            if is_wanted(&self.filter, entry) && !batch.add(&entry.frame) {
                break;
            }
            self.position = sequence;
        }
        if let Some(place) = self.place.as_ref().filter(|_| self.call.is_none()) {
            place.move_to(self.position);
        }
        batch.frames().map_or(Look::Nothing, Look::Frames)
    }

    fn look_at_call(&mut self, shown: &Shown, id: CallId) -> Look {
        let Some(slot) = shown.views.slot(id) else { return self.look_for_forgotten(&shown.log, id) };
        let mut sequences = slot.after(self.position).take(STRIDE).peekable();
        match sequences.peek() {
            None if slot.is_over() => return Look::Over,
            None => return Look::UpToDate,
            Some(next) if shown.log.get(*next).is_none() => return Look::Over,
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
        let is_wanted = |filter: &Filter, entry: &Entry| {
            let Subject::Call(call) = &entry.subject else { return false };
            let is_of_stream = entry.topic == Topic::Call(EventKind::Ended) || call.state != CallState::Ended;
            call.id == id && is_of_stream && filter.lets_topic(entry.topic)
        };
        self.take(log.after(self.position).take(STRIDE), is_wanted)
    }
}
