//! Readers of the log. A reader has a place in the log and pulls from there: it misses nothing and is copied nothing.
//!
//! A reader that was up to date and falls behind by more than the setting, or any that falls off the log's old end, is
//! cut: its stream ends, and it resumes by its last id. With a journal the old end is that of the disk.

mod of_call;

use tokio::sync::watch;
use tokio::task::coop::consume_budget;

use super::audience::Listener;
use super::batch::Batch;
use super::frame::{Envelope, Gap};
use super::journal::JournalError;
use super::log::{Entry, Log};
use super::readers::Place;
use super::{After, Board, EventId, Filter, Frame, Topic};
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
    /// What is gone before this event was told: the oldest of the log then.
    told: u64,
    /// When the reader came: the time of its gap.
    begun: Timestamp,
    /// Where the stream of a call ends that only the journal knows.
    end: Option<u64>,
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
    /// What comes next, up to this sequence, is no longer in memory.
    Past(u64),
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
        let news = self.0.bells.subscribe(filter.topics, self.read().log.last());
        let shown = self.read();
        let (oldest, last) = (self.oldest(shown.log.oldest()), shown.log.last());
        drop(shown);
        let (position, lost) = match after {
            After::Now => (last, false),
            After::Earliest => (oldest - 1, false),
            After::Event(id) if !self.0.settings.epochs.know(id, last) || id.sequence + 1 < oldest => {
                (oldest - 1, true)
            }
            After::Event(id) => (id.sequence, false),
        };
        let gap = if lost { self.gap(oldest, last, now) } else { None };
        self.reader(None, filter, position, (gap, now), news)
    }

    fn reader(
        &self,
        call: Option<CallId>,
        filter: Filter,
        position: u64,
        (gap, begun): (Option<Frame>, Timestamp),
        news: watch::Receiver<()>,
    ) -> Reader {
        let closed = self.0.closed.subscribe();
        let board = self.clone();
        let told = if gap.is_some() { self.oldest(self.read().log.oldest()) } else { 0 };
        Reader {
            board,
            call,
            filter,
            position,
            gap,
            told,
            begun,
            end: None,
            live: false,
            news,
            closed,
            _listener: None,
            place: None,
        }
    }

    /// The word that events before the oldest kept are gone, for who finds that by himself.
    pub fn gap_now(&self, now: Timestamp) -> Option<Frame> {
        let shown = self.read();
        let (oldest, last) = (self.oldest(shown.log.oldest()), shown.log.last());
        drop(shown);
        self.gap(oldest, last, now)
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
            let look = match (self.look(), self.call) {
                (Look::Past(upto), None) => self.read_past(upto).await,
                (Look::Past(upto), Some(call)) => self.read_past_of(call, upto).await,
                (look, _) => look,
            };
            match look {
                Look::Frames(frames) => return Some(frames),
                Look::Nothing | Look::Past(_) => consume_budget().await,
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
            return if is_kept { Look::Past(log.last()) } else { Look::Over };
        }
        let entries = log.after(self.position).take(STRIDE);
        self.take(entries, |filter, entry| filter.lets_event(entry))
    }

    /// The same from the journal, which may have more than can be seen yet.
    async fn read_past(&mut self, upto: u64) -> Look {
        match self.board.clone().past(self.position, upto).await {
            // The next one was taken away meanwhile.
            Ok(entries) if entries.first().is_none_or(|(first, _)| *first > self.position + 1) => Look::Over,
            Ok(entries) => {
                let entries = entries.iter().map(|(sequence, entry)| (*sequence, entry));
                self.take(entries, |filter, entry| filter.lets_event(entry))
            }
            Err(error) => unread(&error),
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
}

/// The stream ends, and is resumed when its reader comes back.
fn unread(error: &JournalError) -> Look {
    tracing::warn!(%error, "the past cannot be read for who is behind");
    Look::Over
}
