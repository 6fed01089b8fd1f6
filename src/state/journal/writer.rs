//! The one thread that writes.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use super::checkpoint::{Checkpoints, LARGEST, checkpoint};
use super::last::Last;
use super::retention::{self, Retention};
use super::{JournalError, Progress, Settings, Write};
use crate::metrics::Metrics;

/// How many jobs make one transaction at most; what has come together meanwhile is taken.
const BATCH: usize = 256;
/// How long the writer waits before it tries again what the disk did not take.
const RETRY: Duration = Duration::from_secs(1);
/// How often what is too old is looked for, and how long the writer rests between two helpings of it.
const SWEEP: Duration = Duration::from_secs(10);

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
    /// Who closes the journal.
    Close(oneshot::Sender<()>),
}

/// The writer's state.
pub(super) struct Writer {
    connection: Connection,
    inbox: Receiver<Job>,
    progress: watch::Sender<Progress>,
    retention: Retention,
    sweep_at: Instant,
    checkpoints: Checkpoints,
    wal: PathBuf,
    metrics: Metrics,
}

/// Whether there is more to come.
enum Next {
    GoOn,
    Stop,
}

impl Writer {
    /// Starts the thread; it ends when the journal is closed or dropped.
    pub fn start(
        connection: Connection,
        file: &Path,
        inbox: Receiver<Job>,
        oldest: u64,
        &Settings { retention, ref metrics, .. }: &Settings,
    ) -> Result<watch::Receiver<Progress>, JournalError> {
        let (progress, follow) = watch::channel(Progress { oldest, ..Progress::default() });
        let (sweep_at, checkpoints) = (Instant::now() + SWEEP, Checkpoints::start(file)?);
        let mut wal = file.as_os_str().to_owned();
        wal.push("-wal");
        let wal = wal.into();
        let metrics = metrics.clone();
        let mut writer = Self { connection, inbox, progress, retention, sweep_at, checkpoints, wal, metrics };
        let thread = thread::Builder::new().name("journal".to_owned());
        thread.spawn(move || while let Next::GoOn = writer.turn() {}).map_err(JournalError::Thread)?;
        Ok(follow)
    }

    fn turn(&mut self) -> Next {
        match self.inbox.recv_timeout(self.sweep_at.saturating_duration_since(Instant::now())) {
            Ok(job) => {
                let mut jobs = vec![job];
                jobs.extend(self.inbox.try_iter().take(BATCH));
                let next = self.write(jobs);
                self.sweep();
                next
            }
            Err(RecvTimeoutError::Timeout) => {
                self.sweep();
                Next::GoOn
            }
            Err(RecvTimeoutError::Disconnected) => Next::Stop,
        }
    }

    /// Commits the jobs, however often it takes.
    fn write(&mut self, mut jobs: Vec<Job>) -> Next {
        while let Err(error) = self.commit(&jobs) {
            self.metrics.uncommitted();
            self.say_fault(&error);
            if refuse(&mut jobs, &error) {
                return Next::Stop;
            }
            // What is new waits behind what failed.
            if let Ok(job) = self.inbox.recv_timeout(RETRY) {
                jobs.push(job);
                let until = Instant::now() + RETRY;
                while let Ok(job) = self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    jobs.push(job);
                }
            }
        }
        self.confirm(jobs)
    }

    fn commit(&mut self, jobs: &[Job]) -> rusqlite::Result<()> {
        let began = Instant::now();
        let writes = || jobs.iter().flat_map(|job| &job.writes).enumerate();
        let last = Last::of(writes());
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (place, write) in writes() {
            if last.lasts(place, write) {
                write.apply(&transaction)?;
            }
        }
        transaction.commit()?;
        self.metrics.committed(writes().count(), began.elapsed());
        Ok(())
    }

    fn confirm(&mut self, jobs: Vec<Job>) -> Next {
        self.checkpoints.nudge();
        let mut next = Next::GoOn;
        let numbers = jobs.iter().filter_map(|job| match job.done {
            Done::Number(number) => Some(number),
            Done::Reply(_) | Done::Close(_) => None,
        });
        let last = numbers.max();
        self.progress.send_if_modified(|progress| {
            let recovered = progress.fault.take().is_some();
            if recovered {
                tracing::info!("the journal can be written again");
            }
            progress.committed = last.unwrap_or(progress.committed);
            recovered || last.is_some()
        });
        for job in jobs {
            match job.done {
                Done::Number(_) => {}
                Done::Reply(reply) => {
                    let _ = reply.send(Ok(()));
                }
                Done::Close(reply) => {
                    self.checkpoint("TRUNCATE");
                    let _ = reply.send(());
                    next = Next::Stop;
                }
            }
        }
        next
    }

    /// Moves what is in the write-ahead log into the database, now.
    fn checkpoint(&self, mode: &str) {
        if let Err(error) = checkpoint(&self.connection, mode) {
            tracing::warn!(%error, "the write-ahead log could not be emptied");
        }
    }

    fn say_fault(&self, error: &rusqlite::Error) {
        self.progress.send_if_modified(|progress| {
            let is_new = progress.fault.is_none();
            if is_new {
                tracing::error!(%error, "the journal cannot be written: no new calls are taken until it can");
                progress.fault = Some(error.to_string().into());
            }
            is_new
        });
    }

    /// A helping of what is too old, if it is time.
    fn sweep(&mut self) {
        if Instant::now() < self.sweep_at {
            return;
        }
        if std::fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > LARGEST) {
            self.checkpoint("RESTART");
        }
        match retention::sweep(&mut self.connection, self.retention) {
            Ok(swept) => {
                let wait = if swept.more { Duration::from_millis(20) } else { SWEEP };
                self.sweep_at = Instant::now() + wait;
                self.progress.send_if_modified(|progress| {
                    std::mem::replace(&mut progress.oldest, swept.oldest) != swept.oldest
                });
            }
            Err(error) => {
                tracing::warn!(%error, "what is too old could not be taken out of the journal");
                self.sweep_at = Instant::now() + SWEEP;
            }
        }
    }
}

/// Tells those who wait for one thing alone that it failed, and takes it out; whether the journal is to be closed, with
/// what it could not write.
fn refuse(jobs: &mut Vec<Job>, error: &rusqlite::Error) -> bool {
    let mut closes = false;
    let mut kept = Vec::with_capacity(jobs.len());
    for job in jobs.drain(..) {
        match job.done {
            Done::Number(_) => kept.push(job),
            Done::Reply(reply) => {
                let _ = reply.send(Err(JournalError::Unwritten(error.to_string())));
            }
            Done::Close(reply) => {
                let _ = reply.send(());
                closes = true;
            }
        }
    }
    *jobs = kept;
    closes
}
