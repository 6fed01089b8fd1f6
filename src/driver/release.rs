//! What has come out of the agent is released: events first, when the journal has them, so that what a client has seen and a
//! peer been told is on record; then the wire; then the answers, so that no command is answered before its effect.
//!
//! ```text
//!  batch ─seal─► journal ──committed──► board ──► wire ──► answers
//!                   └──── fails ─────────────────► wire ──► answers      what runs goes on; the events wait for the disk
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::batch::{Acts, Batch};
use super::tickets::Tickets;
use super::{calls, registrations};
use crate::agent::{Call, CallId};
use crate::metrics::Metrics;
use crate::state::journal::{Journal, Progress};
use crate::state::{Board, Sealed};
use crate::transport::Connections;

/// How many bytes of events may wait for the disk. Beyond it the agent takes nothing more from the wire and from clients until
/// some are written: new calls have been refused since the disk failed, so only a long failure under many calls gets there.
const HELD_BYTES: usize = 256 * 1024 * 1024;
/// A disk that takes longer for a batch counts as one that fails, until it is through.
const PATIENCE: Duration = Duration::from_secs(1);

/// Batches on their way to the disk, in order.
#[derive(Debug)]
pub(super) struct Release {
    board: Board,
    /// `None`: the log is in memory alone, and nothing waits.
    journal: Option<Journal>,
    /// How far that one is.
    progress: watch::Receiver<Progress>,
    metrics: Metrics,
    /// The number of the last batch that was given to the journal.
    last: u64,
    unseen: VecDeque<Unseen>,
    held_bytes: usize,
    unacted: VecDeque<(u64, Acts)>,
    /// New calls are to be refused.
    is_failing: bool,
    /// What runs goes on without waiting for the disk.
    is_stuck: bool,
}

/// Events that nobody sees before they are committed.
#[derive(Debug)]
struct Unseen {
    number: u64,
    since: Instant,
    bytes: usize,
    sealed: Sealed,
    /// When the messages were read that tell of it.
    read: Vec<Instant>,
}

impl Release {
    pub(super) fn new(board: Board, journal: Option<Journal>, metrics: Metrics) -> Self {
        let progress = match &journal {
            Some(journal) => journal.progress(),
            // One that is closed never tells anything new.
            None => watch::channel(Progress { committed: u64::MAX, ..Progress::default() }).1,
        };
        let (unseen, unacted) = (VecDeque::new(), VecDeque::new());
        let (is_failing, is_stuck) = (false, false);
        Self {
            board,
            journal,
            progress,
            metrics,
            last: 0,
            unseen,
            held_bytes: 0,
            unacted,
            is_failing,
            is_stuck,
        }
    }

    /// Waits until the journal has come further than was seen, or fails. An error: it never will.
    pub(super) async fn progressed(&mut self) -> Result<(), watch::error::RecvError> {
        self.progress.changed().await
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.unseen.is_empty() && self.unacted.is_empty()
    }

    /// Whether something waits for a disk that works.
    pub(super) fn is_waiting(&self) -> bool {
        !self.is_empty() && !self.is_stuck
    }

    /// Whether as much waits as may.
    pub(super) fn is_full(&self) -> bool {
        self.held_bytes >= HELD_BYTES
    }

    /// A call as it is told of last, seen or not.
    pub(super) fn latest(&self, id: CallId) -> Option<Arc<Call>> {
        let unseen = self.unseen.iter().rev().find_map(|unseen| unseen.sealed.latest(id));
        unseen.or_else(|| self.board.call(id))
    }

    /// Since when something waits for the disk.
    pub(super) fn unrecorded(&self) -> Option<Instant> {
        self.unseen.front().map(|unseen| unseen.since)
    }

    /// When the disk has taken too long, if nothing is heard of it until then.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let oldest = self.unseen.front().map(|unseen| unseen.since + PATIENCE);
        oldest.filter(|_| !self.is_stuck)
    }

    /// Takes what has come out, and lets go what may go. What tells nothing new goes behind what was before it. Tells whether the
    /// disk works, if that has changed.
    pub(super) fn take(
        &mut self,
        batch: &mut Batch,
        now: Instant,
        connections: &mut Connections,
        tickets: &mut Tickets,
    ) -> Option<bool> {
        let ((told, read), saves, acts) = batch.empty();
        let sealed = self.board.seal(told);
        match &self.journal {
            None => self.show(sealed, &read),
            Some(journal) if !(sealed.is_empty() && saves.is_empty()) => {
                self.last += 1;
                journal.submit(self.last, sealed.writes().chain(saves).collect());
                let bytes = sealed.bytes();
                self.held_bytes += bytes;
                self.unseen.push_back(Unseen { number: self.last, since: now, bytes, sealed, read });
            }
            Some(_) => {}
        }
        if !acts.is_empty() {
            self.unacted.push_back((self.last, acts));
        }
        self.go_on(now, connections, tickets)
    }

    /// Lets go what is committed; if the disk fails, also what else waits.
    fn go_on(&mut self, now: Instant, connections: &mut Connections, tickets: &mut Tickets) -> Option<bool> {
        // What is seen here wakes nobody for it.
        let progress = self.progress.borrow_and_update().clone();
        while self.unseen.front().is_some_and(|unseen| unseen.number <= progress.committed)
            && let Some(unseen) = self.unseen.pop_front()
        {
            self.held_bytes -= unseen.bytes;
            self.show(unseen.sealed, &unseen.read);
        }
        let has_changed = self.judge(&progress, now);
        let may_go = |number: u64| number <= progress.committed || self.is_stuck;
        while self.unacted.front().is_some_and(|(number, _)| may_go(*number))
            && let Some((_, acts)) = self.unacted.pop_front()
        {
            acts.perform(connections, tickets, &self.metrics);
        }
        connections.flush();
        has_changed.then_some(!self.is_failing)
    }

    /// Whether the disk fails; whether that is new.
    fn judge(&mut self, progress: &Progress, now: Instant) -> bool {
        let is_late = self.unseen.front().is_some_and(|unseen| now >= unseen.since + PATIENCE);
        self.is_stuck = is_late || progress.unwritten.is_some();
        let late = || is_late.then(|| Arc::from("the disk takes too long"));
        let fault = progress.fault().cloned().or_else(late);
        let was_failing = std::mem::replace(&mut self.is_failing, fault.is_some());
        if was_failing != self.is_failing {
            self.board.set_fault(fault);
        }
        was_failing != self.is_failing
    }

    /// From here on clients see it.
    fn show(&self, sealed: Sealed, read: &[Instant]) {
        registrations::say(sealed.news(), &self.board);
        calls::say(sealed.news());
        sealed.news().for_each(|news| self.metrics.told(news));
        self.board.show(sealed);
        self.metrics.visible(read);
    }
}
