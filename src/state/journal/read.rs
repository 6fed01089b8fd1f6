//! Reading beside the writer, by connections of its own: a reader sees what was committed when it began.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::JournalError;

/// How many reads go on at a time; a further one waits for its turn.
const READERS: usize = 4;

/// Connections that are not in use.
#[derive(Debug)]
pub(super) struct Pool {
    file: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Semaphore,
}

impl Pool {
    pub fn new(file: PathBuf) -> Self {
        Self { file, idle: Arc::default(), turns: Semaphore::new(READERS) }
    }

    /// Looks at what is committed, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let _turn = self.turns.acquire().await.map_err(|_| JournalError::Closed)?;
        let (file, idle) = (self.file.clone(), self.idle.clone());
        let work = tokio::task::spawn_blocking(move || {
            let known = lock(&idle).pop();
            let connection = known.map_or_else(|| open(&file), Ok)?;
            // All that is looked for is of one moment.
            let found =
                connection.unchecked_transaction().map_err(Into::into).and_then(|moment| look(&moment));
            lock(&idle).push(connection);
            found
        });
        work.await.unwrap_or(Err(JournalError::Closed))
    }
}

/// A connection that only reads.
pub(super) fn open(file: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(file, flags)?)
}

fn lock(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
