//! The one thread that commits: it appends what has come together to the [`Tail`], says so, and hands it to the [`Indexer`](super::indexer)
//! a helping at a time.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::indexer::{Closing, Helping, Task};
use super::row::Row;
use super::tail::Tail;
use super::{JournalError, Progress, Write};
use crate::metrics::Metrics;

/// How many jobs are committed together at most; what has come meanwhile is taken.
const BATCH: usize = 256;
/// How long the writer waits before it tries again what the disk did not take.
const RETRY: Duration = Duration::from_secs(1);
/// How long what is committed may wait for the database.
const HELPING: Duration = Duration::from_millis(500);
/// How many bytes of it may wait before it goes at once.
const HELPING_BYTES: usize = 16 * 1024 * 1024;
/// How many bytes of it may wait at all. A database that takes nothing is a fault by which new calls are refused; if what runs
/// comes to this, nothing more is committed until the database takes some.
const PENDING_BYTES: usize = 128 * 1024 * 1024;
/// How soon the indexer is asked again that has its hands full.
const SOON: Duration = Duration::from_millis(20);

/// Something to be written.
#[derive(Debug)]
pub(super) struct Job {
    pub writes: Vec<Write>,
    pub done: Done,
}

/// Who is told that it is committed.
#[derive(Debug)]
pub(super) enum Done {
    /// Who follows the progress.
    Number(u64),
    /// Who waits for this alone; he is also told that it failed, and it is not tried again.
    Reply(oneshot::Sender<Result<(), JournalError>>),
    /// Who wants it in the database, and follows the progress.
    Index,
    /// Who closes the journal.
    Close(oneshot::Sender<()>),
}

/// A job whose writes are encoded.
struct Ready {
    rows: Vec<Row>,
    done: Done,
}

/// The writer's state.
pub(super) struct Writer {
    pub inbox: Receiver<Job>,
    pub tail: Tail,
    pub indexer: SyncSender<Task>,
    pub closing: Closing,
    pub progress: Arc<watch::Sender<Progress>>,
    pub metrics: Metrics,
    pub pending: Pending,
}

/// What is committed and not on its way to the database.
#[derive(Default)]
pub(super) struct Pending {
    rows: Vec<Row>,
    bytes: usize,
    /// When it goes; `None`: there is nothing.
    due: Option<Instant>,
}

/// Whether there is more to come.
enum Next {
    GoOn,
    Stop,
}

impl Writer {
    /// Starts the thread; it ends when the journal is closed or dropped.
    pub fn start(mut self) -> Result<(), JournalError> {
        let thread = thread::Builder::new().name("journal".to_owned());
        thread.spawn(move || while let Next::GoOn = self.turn() {}).map_err(JournalError::Thread)?;
        Ok(())
    }

    fn turn(&mut self) -> Next {
        let came = match self.pending.due {
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => self.inbox.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        let next = match came {
            Ok(job) => {
                let more = self.inbox.try_iter().take(BATCH);
                let jobs = [job].into_iter().chain(more).map(Ready::of).collect();
                self.write(jobs)
            }
            Err(RecvTimeoutError::Timeout) => Next::GoOn,
            Err(RecvTimeoutError::Disconnected) => return Next::Stop,
        };
        if matches!(next, Next::GoOn) {
            self.hand_over();
        }
        next
    }

    /// Commits the jobs, however often it takes.
    fn write(&mut self, mut jobs: Vec<Ready>) -> Next {
        while let Err(error) = self.commit(&jobs) {
            self.metrics.uncommitted();
            self.say_fault(&error);
            if let Next::Stop = self.refuse(&mut jobs, &error) {
                return Next::Stop;
            }
            self.hand_over();
            // What is new waits behind what failed.
            let until = Instant::now() + RETRY;
            while let Ok(job) = self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                jobs.push(Ready::of(job));
            }
        }
        self.confirm(jobs)
    }

    fn commit(&mut self, jobs: &[Ready]) -> std::io::Result<()> {
        let began = Instant::now();
        let rows: Vec<_> = jobs.iter().flat_map(|job| &job.rows).collect();
        if !rows.is_empty() {
            self.tail.append(&rows)?;
            self.metrics.committed(rows.len(), began.elapsed());
        }
        Ok(())
    }

    fn confirm(&mut self, jobs: Vec<Ready>) -> Next {
        let (mut last, mut dones, mut closes, mut recorded) = (None, Vec::new(), None, 0);
        for Ready { rows, done } in jobs {
            recorded += rows.len() as u64;
            self.pending.add(rows);
            match done {
                Done::Number(number) => last = last.max(Some(number)),
                Done::Reply(reply) => dones.push(reply),
                Done::Index => self.pending.due = Some(Instant::now()),
                Done::Close(reply) => closes = Some(reply),
            }
        }
        self.progress.send_if_modified(|progress| {
            let recovered = progress.unwritten.take().is_some();
            if recovered {
                tracing::info!("the journal can be written again");
            }
            progress.recorded += recorded;
            progress.committed = last.unwrap_or(progress.committed);
            recovered || last.is_some()
        });
        for reply in dones {
            let _ = reply.send(Ok(()));
        }
        match closes {
            None => Next::GoOn,
            Some(reply) => self.close(reply),
        }
    }

    /// Tells those who wait for one thing alone that it failed, and takes it out. Who wants to read does not wait for the disk. Whether
    /// the journal is to be closed, with what it could not write.
    fn refuse(&mut self, jobs: &mut Vec<Ready>, error: &std::io::Error) -> Next {
        let mut next = Next::GoOn;
        let mut kept = Vec::with_capacity(jobs.len());
        for job in jobs.drain(..) {
            match job.done {
                Done::Number(_) => kept.push(job),
                Done::Index => self.pending.due = Some(Instant::now()),
                Done::Reply(reply) => {
                    let _ = reply.send(Err(JournalError::Unwritten(error.to_string())));
                }
                Done::Close(reply) => {
                    let _ = reply.send(());
                    next = Next::Stop;
                }
            }
        }
        *jobs = kept;
        next
    }

    /// Gives the indexer what is due. While the database takes nothing and too much waits, nothing more is committed.
    fn hand_over(&mut self) {
        while self.pending.is_due() {
            let due = Task::Index(self.helping());
            let helping = match self.indexer.try_send(due) {
                Err(TrySendError::Full(Task::Index(helping))) => helping,
                Err(TrySendError::Disconnected(_)) => return self.say_unindexed(),
                _ => return,
            };
            self.pending.take_back(helping.rows, Instant::now() + SOON);
            self.tail.take_back(helping.files);
            if self.pending.bytes < PENDING_BYTES || self.closing.has_begun() {
                return;
            }
            thread::sleep(SOON);
        }
    }

    fn helping(&mut self) -> Helping {
        let Pending { rows, .. } = std::mem::take(&mut self.pending);
        Helping { rows, files: self.tail.take() }
    }

    fn close(&mut self, reply: oneshot::Sender<()>) -> Next {
        // The indexer takes both: it waits for no disk any more.
        let helping = self.helping();
        let _ = self.indexer.send(Task::Index(helping));
        let _ = self.indexer.send(Task::Close(reply));
        Next::Stop
    }

    /// What is committed is in its files, for the next start.
    fn say_unindexed(&self) {
        self.progress.send_modify(|progress| {
            progress.unindexed.get_or_insert_with(|| "the thread that fills the database has died".into());
        });
    }

    fn say_fault(&self, error: &std::io::Error) {
        self.progress.send_if_modified(|progress| {
            let is_new = progress.unwritten.is_none();
            if is_new {
                tracing::error!(%error, "the journal cannot be written: no new calls are taken until it can");
                progress.unwritten = Some(error.to_string().into());
            }
            is_new
        });
    }
}

impl Ready {
    fn of(Job { writes, done }: Job) -> Self {
        let rows = writes.into_iter().filter_map(|write| {
            let row = write.into_row();
            row.inspect_err(|error| tracing::error!(%error, "something could not be encoded for the journal"))
                .ok()
        });
        Self { rows: rows.collect(), done }
    }
}

impl Pending {
    fn add(&mut self, rows: Vec<Row>) {
        if rows.is_empty() {
            return;
        }
        self.bytes += rows.iter().map(Row::size).sum::<usize>();
        self.rows.extend(rows);
        let due = self.due.get_or_insert_with(|| Instant::now() + HELPING);
        if self.bytes >= HELPING_BYTES {
            *due = (*due).min(Instant::now());
        }
    }

    fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }

    fn take_back(&mut self, rows: Vec<Row>, due: Instant) {
        self.bytes = rows.iter().map(Row::size).sum();
        (self.rows, self.due) = (rows, Some(due));
    }
}
