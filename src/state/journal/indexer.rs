//! The thread that brings what is committed into the database: a large transaction at a time, beside the writer, which waits
//! neither for it nor for what else the database needs, its checkpoints and the taking away of what is too old.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use super::calls::Calls;
use super::life::Mark;
use super::retention::{self, Retention};
use super::row::{EventRow, Events, Row};
use super::{JournalError, Progress, life, load, tail, whole};
use crate::priority;

/// How long it waits before it tries again what the database did not take.
const RETRY: Duration = Duration::from_millis(250);
/// How often the disk is made to take all that the database has, and what is too old is looked for; and how long it rests between two
/// helpings of that.
const SWEEP: Duration = Duration::from_secs(10);
const REST: Duration = Duration::from_millis(20);
/// After how many bytes the pages of SQLite's own write-ahead log go into the database earlier: each time costs a few waits for the disk.
const CHECKPOINT: usize = 32 * 1024 * 1024;
/// How large it may be: beyond it, it is cut off as soon as no reader is in it.
const LARGEST: u64 = 256 * 1024 * 1024;
/// How many rows are written before others have their turn on this processor: some 50 µs.
const TURN: usize = 8;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Task {
    Index(Helping),
    Close(oneshot::Sender<()>),
}

/// What was committed together, and the files that hold it.
#[derive(Debug)]
pub(super) struct Helping {
    pub rows: Vec<Row>,
    pub files: Vec<PathBuf>,
}

/// Whether the journal is to be closed: what the database does not take then stays in its files for the next start.
#[derive(Clone, Debug, Default)]
pub(super) struct Closing(Arc<AtomicBool>);

impl Closing {
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The thread's state.
pub(super) struct Indexer {
    connection: Connection,
    mark: Mark,
    inbox: Receiver<Task>,
    closing: Closing,
    progress: Arc<watch::Sender<Progress>>,
    retention: Retention,
    sweep_at: Instant,
    /// SQLite's write-ahead log. It keeps its size when its pages are in the database.
    wal: PathBuf,
    /// How many bytes were written into it since the last checkpoint.
    unmoved: usize,
    /// Whether the database has all that it was given.
    left_nothing: bool,
}

impl Indexer {
    /// Of the database in that file; it says how far it is.
    pub fn new(
        (connection, mark): (Connection, Mark),
        database: &Path,
        inbox: Receiver<Task>,
        (closing, progress): (Closing, Arc<watch::Sender<Progress>>),
        retention: Retention,
    ) -> Self {
        let mut wal = database.as_os_str().to_owned();
        wal.push("-wal");
        let (wal, sweep_at) = (wal.into(), Instant::now() + SWEEP);
        Self {
            connection,
            mark,
            inbox,
            closing,
            progress,
            retention,
            sweep_at,
            wal,
            unmoved: 0,
            left_nothing: true,
        }
    }

    /// Starts the thread; it ends when the journal is closed or dropped.
    pub fn start(mut self) -> Result<(), JournalError> {
        let thread = thread::Builder::new().name("journal-index".to_owned());
        let run = move || {
            priority::give_way();
            while self.turn() {}
        };
        thread.spawn(run).map_err(JournalError::Thread)?;
        Ok(())
    }

    /// Whether there is more to come.
    fn turn(&mut self) -> bool {
        match self.inbox.recv_timeout(self.sweep_at.saturating_duration_since(Instant::now())) {
            Ok(Task::Index(helping)) => self.index(&helping),
            Ok(Task::Close(reply)) => {
                self.end();
                let _ = reply.send(());
                return false;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        self.sweep();
        true
    }

    /// Tries until the database has it.
    fn index(&mut self, helping: &Helping) {
        while let Err(error) = index(&mut self.connection, &helping.rows) {
            self.say_fault(&error);
            if self.closing.has_begun() {
                self.left_nothing = false;
                return;
            }
            thread::sleep(RETRY);
        }
        helping.files.iter().for_each(|file| remove(file));
        let last = helping.rows.iter().rev().find_map(Row::sequence);
        self.progress.send_modify(|progress| {
            if progress.unindexed.take().is_some() {
                tracing::info!("the database can be written again");
            }
            progress.indexed += helping.rows.len() as u64;
            progress.indexed_event = last.unwrap_or(progress.indexed_event);
        });
        self.unmoved += helping.rows.iter().map(Row::size).sum::<usize>();
        if self.unmoved >= CHECKPOINT {
            let is_large = fs::metadata(&self.wal).is_ok_and(|wal| wal.len() > LARGEST);
            self.checkpoint(if is_large { "TRUNCATE" } else { "PASSIVE" });
        }
    }

    /// If all is in the database, it comes to the disk with the word that it does.
    fn end(&mut self) {
        if self.left_nothing
            && let Err(error) = life::end(&self.connection, &self.mark)
        {
            tracing::warn!(%error, "the next start takes events for missing if the machine is started anew before");
        }
        self.checkpoint("TRUNCATE");
    }

    /// Moves what is in SQLite's write-ahead log into the database.
    fn checkpoint(&mut self, mode: &str) {
        self.unmoved = 0;
        let moved = self.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
        if let Err(error) = moved {
            tracing::warn!(%error, "pages stay in the write-ahead log");
        }
    }

    fn say_fault(&self, error: &rusqlite::Error) {
        self.progress.send_if_modified(|progress| {
            let is_new = progress.unindexed.is_none();
            if is_new {
                tracing::error!(%error, "the database cannot be written: no new calls are taken until it can");
                progress.unindexed = Some(error.to_string().into());
            }
            is_new
        });
    }

    /// If it is time: takes away a helping of what is too old; when there is no more, has the disk take what the database has.
    fn sweep(&mut self) {
        if Instant::now() < self.sweep_at {
            return;
        }
        match retention::sweep(&mut self.connection, self.retention) {
            Ok(swept) => {
                self.sweep_at = Instant::now() + if swept.more { REST } else { SWEEP };
                self.progress.send_if_modified(|progress| {
                    std::mem::replace(&mut progress.oldest, swept.oldest) != swept.oldest
                });
                // Not for each helping of a long sweep.
                if !swept.more {
                    self.checkpoint("PASSIVE");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "what is too old could not be taken out of the journal");
                self.sweep_at = Instant::now() + SWEEP;
            }
        }
    }
}

/// Writes the rows in one transaction.
fn index(connection: &mut Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut events = Events::of(&transaction)?;
    for some in rows.chunks(TURN) {
        for row in some {
            match row {
                Row::Event(event) => events.insert(event)?,
                row => row.apply(&transaction)?,
            }
        }
        // Who waits for this processor comes before the next ones: hardly anybody waits for this thread.
        thread::yield_now();
    }
    drop(events);
    Calls::of(rows).apply(&transaction)?;
    transaction.commit()
}

/// Brings into the database what an earlier run has left in its files. If an event is missing, for which the machine must have died and
/// taken it along, what is behind it does not count: the log has no holes. Whether all was there.
pub(super) fn catch_up(connection: &mut Connection, directory: &Path) -> Result<bool, JournalError> {
    let files = tail::left(directory).map_err(JournalError::Tail)?;
    let (mut last, oldest, mut is_whole) = (load::last(connection)?, load::oldest(connection)?, true);
    for file in &files {
        let bytes = fs::read(file).map_err(JournalError::Tail)?;
        let mut rows = Vec::new();
        for record in tail::records(&bytes).map_err(JournalError::Tail)? {
            let Some(next) = behind(last, &record) else {
                tracing::warn!(file = %file.display(), last, "events are missing: those behind them do not count");
                is_whole = false;
                break;
            };
            last = next;
            // What was taken away meanwhile stays away.
            rows.extend(record.into_iter().filter(|row| row.sequence().is_none_or(|event| event >= oldest)));
        }
        rows.iter_mut().try_for_each(turn)?;
        index(connection, &rows)?;
        if !is_whole {
            break;
        }
    }
    files.iter().for_each(|file| remove(file));
    Ok(is_whole)
}

/// Fills in what is not kept in the files.
fn turn(row: &mut Row) -> Result<(), JournalError> {
    if let Row::Event(EventRow { topic, call: Some(_), envelope, turn, .. }) = row {
        *turn = whole::turn(topic, envelope)?;
    }
    Ok(())
}

/// The last event when the rows are added; `None`: some are missing before them.
fn behind(last: u64, rows: &[Row]) -> Option<u64> {
    let mut sequences = rows.iter().filter_map(Row::sequence);
    sequences.try_fold(last, |last, next| (next <= last + 1).then_some(last.max(next)))
}

fn remove(file: &Path) {
    if let Err(error) = fs::remove_file(file) {
        tracing::warn!(%error, file = %file.display(), "what is in the database stays in its file, too");
    }
}
