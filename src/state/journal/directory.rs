//! The directory: our user's alone, and one process's at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::{FILE, JournalError};

/// Who has it locked writes the other.
const LOCK: &str = "journal.lock";

/// Makes the directory and the file, if there are none: for our user alone, as they hold who called whom, and secrets.
pub(super) fn prepare(directory: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    OpenOptions::new().append(true).create(true).mode(0o600).open(directory.join(FILE)).map(drop)
}

/// Sees to it that no other process writes there.
pub(super) fn lock(directory: &Path) -> Result<File, JournalError> {
    let failed = |error| JournalError::Directory { directory: directory.to_owned(), error };
    let lock = File::create(directory.join(LOCK)).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
