//! The log on disk: a file that is appended to, and SQLite behind it.
//!
//! ```text
//!  driver ─submit─► jobs ─► writer ─append─► tail ╌╌╌ after a crash ╌╌╌► database        (progress: what is committed, what
//!  others ──save──►           └──── helpings ─► indexer ─► transaction ────┘  │            is in the database, what fails)
//!  readers ─read─► connections of their own ◄─────────────────────────────────┘
//! ```
//!
//! Nothing is shown before it is committed, so what a client has seen is still there after a crash. Committed is what is in the
//! log's own file: to append to it costs one system call, and `strict` one wait for the disk. The writer takes what has come
//! together as one record; while it commits, the driver goes on. If it cannot commit, it says so and tries again, with
//! everything that it has been given, in order. The database, which answers questions, takes what is committed twice a
//! second in one transaction each; who wants to read from it has it take the rest first.

mod answers;
mod calls;
mod history;
mod indexer;
mod kept;
mod life;
mod load;
mod place;
mod progress;
mod read;
mod retention;
mod row;
mod schema;
mod tail;
mod whole;
mod write;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot, watch};

pub use history::{History, ended};
pub use kept::kept;
pub use load::{
    COLUMNS, Limits, LiveCall, Past, PastEvent, Stretch, end_of, envelopes, envelopes_of, events_behind,
    events_of, oldest,
};
pub use place::{make_directory, prepare};
pub use progress::Progress;
pub use retention::Retention;
#[cfg(test)]
pub use retention::sweep_all;
pub use row::Id;
pub(super) use whole::call_of;
pub use write::Write;

use crate::metrics::Metrics;
use indexer::{Closing, Indexer};
use life::Mark;
use read::Pool;
use tail::Tail;
use writer::{Done, Job, Pending, Writer};

/// The database in the data directory.
const FILE: &str = "journal.db";
/// The size of a new one's pages, bytes. An event is some kilobytes, and each page of SQLite's log costs two system calls.
const PAGE: u32 = 16384;
/// How much of them the writing connection keeps in memory, KiB.
const CACHE: i64 = 16 * 1024;
/// How many [`Journal::save`]s may wait for the writer at a time; a further one waits for its turn.
const SAVES: usize = 256;

/// When something counts as committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When the system has it: it survives the death of the process. What a power failure takes are the last moments; the
    /// database stays whole.
    #[default]
    Relaxed,
    /// When the disk has it.
    Strict,
}

/// Where the journal is, and how much it keeps.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The directory; it is made if there is none.
    pub directory: PathBuf,
    /// When something counts as committed.
    pub durability: Durability,
    /// What is kept.
    pub retention: Retention,
    /// Where commits are counted.
    pub metrics: Metrics,
}

/// The journal cannot be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory cannot be made.
    #[error("{}: {error}", directory.display())]
    Directory {
        /// Which.
        directory: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// What an earlier run has left in the log's own files cannot be read.
    #[error("what is to go into the database cannot be read: {0}")]
    Tail(std::io::Error),
    /// SQLite says no.
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    /// What a row holds is not what this program writes.
    #[error("a row cannot be read: {0}")]
    Row(#[from] serde_json::Error),
    /// The database was written by a later version of this program.
    #[error("the journal is of a later version: its schema is {found}, this program knows {known}")]
    TooNew {
        /// Its schema.
        found: usize,
        /// The last one known.
        known: usize,
    },
    /// Another process has it open.
    #[error("another process uses this data directory")]
    InUse,
    /// There is no thread to be had for it.
    #[error("no thread for the journal: {0}")]
    Thread(std::io::Error),
    /// The disk did not take it; it is not tried again.
    #[error("the journal cannot be written: {0}")]
    Unwritten(String),
    /// The database does not take what is committed, and cannot be asked for it.
    #[error("the database cannot be written: {0}")]
    Unindexed(Arc<str>),
    /// The journal was closed.
    #[error("the journal is closed")]
    Closed,
}

/// The journal. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Unbounded: the driver holds itself to its own bound (see `driver::release`), the others to [`SAVES`].
    jobs: Sender<Job>,
    saves: Semaphore,
    progress: watch::Receiver<Progress>,
    closing: Closing,
    pool: Pool,
    directory: PathBuf,
    /// Held for as long as the process lives.
    _lock: File,
}

impl Journal {
    /// Opens the journal, or makes one, and reads what it holds of the past. This epoch begins if it is new, or events may be missing.
    pub fn open(settings: &Settings, new_epoch: &str, limits: Limits) -> Result<(Self, Past), JournalError> {
        let directory = &settings.directory;
        let lock = place::take(directory)?;
        let file = directory.join(FILE);
        let mut connection = connect(&file, settings.durability)?;
        schema::migrate(&mut connection)?;
        let is_whole = indexer::catch_up(&mut connection, directory)?;
        let mark = Mark::of(directory)
            .map_err(|error| JournalError::Directory { directory: directory.clone(), error })?;
        life::begin(&connection, (&mark, settings.durability), is_whole, new_epoch)?;
        let past = load::past(&connection, limits)?;
        let tail = Tail::new(directory, settings.durability == Durability::Strict);
        let tail = tail.map_err(JournalError::Tail)?;
        let progress = Progress { oldest: past.oldest, indexed_event: past.last, ..Progress::default() };
        let (progress, closing) = (Arc::new(watch::Sender::new(progress)), Closing::default());
        let follow = progress.subscribe();
        // One helping may wait; what comes meanwhile joins the next.
        let (indexer, tasks) = sync_channel(1);
        let told = (closing.clone(), progress.clone());
        Indexer::new((connection, mark), &file, tasks, told, settings.retention).start()?;
        let ((jobs, inbox), metrics) = (channel(), settings.metrics.clone());
        let pending = Pending::default();
        Writer { inbox, tail, indexer, closing: closing.clone(), progress, metrics, pending }.start()?;
        let (saves, pool, directory) = (Semaphore::new(SAVES), Pool::new(file), directory.clone());
        let inner = Inner { jobs, saves, progress: follow, closing, pool, directory, _lock: lock };
        Ok((Self(Arc::new(inner)), past))
    }

    /// Gives the writer a batch. It is committed when [`Progress::committed`] has come to its number; numbers rise.
    pub fn submit(&self, number: u64, writes: Vec<Write>) {
        // A writer that is gone has said so: progress is closed.
        let _ = self.0.jobs.send(Job { writes, done: Done::Number(number) });
    }

    /// Writes something and waits until it is committed.
    pub async fn save(&self, write: Write) -> Result<(), JournalError> {
        let _permit = self.0.saves.acquire().await.map_err(|_| JournalError::Closed)?;
        let (reply, replied) = oneshot::channel();
        let job = Job { writes: vec![write], done: Done::Reply(reply) };
        self.0.jobs.send(job).map_err(|_| JournalError::Closed)?;
        replied.await.unwrap_or(Err(JournalError::Closed))
    }

    /// What is committed, and whether the journal can be written.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.clone()
    }

    /// The size of its files.
    pub fn bytes(&self) -> u64 {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let database = [FILE.to_owned(), format!("{FILE}-wal")].map(|name| self.0.directory.join(name));
        let tail = tail::left(&self.0.directory).unwrap_or_default();
        database.iter().chain(&tail).map(|path| size(path)).sum()
    }

    /// Reads all that is committed, beside the writer, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let recorded = self.0.progress.borrow().recorded;
        self.indexed(|progress| progress.indexed >= recorded).await?;
        self.0.pool.read(look).await
    }

    /// The same, of all events up to that one.
    pub async fn read_upto<T: Send + 'static>(
        &self,
        sequence: u64,
        look: impl FnOnce(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.indexed(|progress| progress.indexed_event >= sequence).await?;
        self.0.pool.read(look).await
    }

    /// Waits until the database has so much.
    async fn indexed(&self, has: impl Fn(&Progress) -> bool) -> Result<(), JournalError> {
        let mut progress = self.progress();
        if has(&progress.borrow()) {
            return Ok(());
        }
        let _ = self.0.jobs.send(Job { writes: Vec::new(), done: Done::Index });
        let come = progress.wait_for(|progress| has(progress) || progress.unindexed.is_some()).await;
        let come = come.map_err(|_| JournalError::Closed)?;
        match &come.unindexed {
            Some(why) if !has(&come) => Err(JournalError::Unindexed(why.clone())),
            _ => Ok(()),
        }
    }

    /// Commits what is left and closes the database. What is submitted afterwards is lost.
    pub async fn close(&self) {
        self.0.closing.begin();
        let (reply, replied) = oneshot::channel();
        if self.0.jobs.send(Job { writes: Vec::new(), done: Done::Close(reply) }).is_ok() {
            let _ = replied.await;
        }
    }
}

/// A connection that writes.
fn connect(file: &Path, durability: Durability) -> Result<Connection, JournalError> {
    let connection = Connection::open(file)?;
    // Of a new database; one that is there keeps its own.
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::Relaxed => "NORMAL",
            Durability::Strict => "FULL",
        },
    )?;
    // Done between two transactions: see `indexer`.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Nobody else writes; who keeps us from writing is told of, not waited for.
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A page that is changed often in one large transaction is written once, at its end.
    connection.pragma_update(None, "cache_size", -CACHE)?;
    Ok(connection)
}
