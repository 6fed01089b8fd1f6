//! What is in the write-ahead log goes into the database beside the writer, which must not wait for the disk meanwhile.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::JournalError;

/// How often it is done while something is written.
const EVERY: Duration = Duration::from_millis(500);
/// How large the write-ahead log may be, bytes: beyond it the writer itself sees to it, and waits.
pub(super) const LARGEST: u64 = 256 * 1024 * 1024;

/// The thread that does it; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Checkpoints(SyncSender<()>);

impl Checkpoints {
    /// Starts it for this database.
    pub fn start(file: &Path) -> Result<Self, JournalError> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::ZERO)?;
        let (nudges, inbox) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("journal-pages".to_owned());
        thread.spawn(move || run(&connection, &inbox)).map_err(JournalError::Thread)?;
        Ok(Self(nudges))
    }

    /// Something was written.
    pub fn nudge(&self) {
        // One that waits is enough.
        let _ = self.0.try_send(());
    }
}

fn run(connection: &Connection, inbox: &Receiver<()>) {
    while inbox.recv().is_ok() {
        // PASSIVE waits for nobody and keeps nobody waiting; what it does not get is the next time's.
        if let Err(error) = checkpoint(connection, "PASSIVE") {
            tracing::debug!(%error, "pages stay in the write-ahead log");
        }
        thread::sleep(EVERY);
    }
}

/// One checkpoint of that mode.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()))
}
