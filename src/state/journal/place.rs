//! The data directory: ours alone, as what is in it says who called whom, and holds secrets.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::{FILE, JournalError};

/// Who has it locked writes the other files.
pub(super) const LOCK: &str = "journal.lock";

/// Makes the directory, if there is none.
pub fn make_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Makes the directory, if there is none, and a file in it: whether a journal can be there.
pub fn prepare(directory: &Path) -> io::Result<()> {
    make_directory(directory)?;
    ours(&directory.join(LOCK)).map(drop)
}

/// Makes directory and database, if there are none, and sees to it that no other process writes there for as long as the file
/// is held.
pub(super) fn take(directory: &Path) -> Result<File, JournalError> {
    let failed = |error| JournalError::Directory { directory: directory.to_owned(), error };
    make_directory(directory).map_err(failed)?;
    ours(&directory.join(FILE)).map_err(failed)?;
    // Whoever could open it could lock it, and keep us from starting.
    let lock = ours(&directory.join(LOCK)).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn ours(file: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(file)
}
