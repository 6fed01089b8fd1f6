//! Where the log's lives part. Events that somebody has seen can be gone: with `relaxed` the last moments before a power failure, and what
//! is behind an older copy of the directory. What comes then has their numbers, and must not have their ids: it begins another epoch, and
//! those before it are remembered, so that only who has seen what is gone is told so.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::place::LOCK;
use super::{Durability, FILE, load};
use crate::state::{Epochs, EventId};

/// How many former epochs are remembered; a place in an older one is as good as gone.
const FORMER: usize = 64;
/// In a mark: nothing that was committed can be missing, whatever becomes of the machine.
const SAFE: &str = "-";

/// A directory, and the start of the machine: what is written under the same mark is there, or was never seen.
#[derive(Debug)]
pub(super) struct Mark {
    directory: String,
    machine: String,
}

impl Mark {
    /// Of a directory and of the running system. One that does not tell its starts apart never loses anything, as far as we know.
    pub fn of(directory: &Path) -> std::io::Result<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_else(|_| SAFE.to_owned());
        let (database, lock) = (fs::metadata(directory.join(FILE))?, fs::metadata(directory.join(LOCK))?);
        // Nothing is ever written to the lock's file, and a copy cannot keep the time at which it was made.
        let directory = format!("{}:{}.{}", database.ino(), lock.ctime(), lock.ctime_nsec());
        Ok(Self { directory, machine: boot.trim().to_owned() })
    }

    fn text(&self, machine: &str) -> String {
        format!("{} {machine}", self.directory)
    }

    /// Whether all is there that was committed under the other mark.
    fn follows(&self, earlier: &str) -> bool {
        [self.text(&self.machine), self.text(SAFE)].iter().any(|mark| mark == earlier)
    }
}

/// Begins a new epoch if events may be missing, or the first one; and marks what may be lost from here on. Whole: nothing is known to be
/// missing.
pub(super) fn begin(
    connection: &Connection,
    (mark, durability): (&Mark, Durability),
    is_whole: bool,
    new_epoch: &str,
) -> Result<()> {
    let earlier = value(connection, "mark")?;
    let is_whole = is_whole && earlier.as_ref().is_none_or(|earlier| mark.follows(earlier));
    match value(connection, "epoch")? {
        Some(_) if is_whole => {}
        Some(_) => {
            let mut former = epochs(connection)?.ended_by(load::last(connection)?);
            former.drain(..former.len().saturating_sub(FORMER));
            let former: Vec<_> = former.iter().map(ToString::to_string).collect();
            keep(connection, "former", &former.join(" "))?;
            keep(connection, "epoch", new_epoch)?;
            tracing::warn!(epoch = new_epoch, "events that were seen may be missing: ids begin anew");
        }
        None => keep(connection, "epoch", new_epoch)?,
    }
    let now = match durability {
        Durability::Relaxed => mark.text(&mark.machine),
        Durability::Strict => mark.text(SAFE),
    };
    if earlier.as_ref() != Some(&now) {
        keep(connection, "mark", &now)?;
        // Before anything is committed that could be lost.
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Nothing is on its way any more: what there is comes to the disk before this does.
pub(super) fn end(connection: &Connection, mark: &Mark) -> Result<()> {
    keep(connection, "mark", &mark.text(SAFE))
}

/// The epochs of what is kept.
pub(super) fn epochs(connection: &Connection) -> Result<Epochs> {
    let former = value(connection, "former")?.unwrap_or_default();
    let former = former.split(' ').filter_map(|last| last.parse::<EventId>().ok()).collect();
    Ok(Epochs::new(value(connection, "epoch")?.unwrap_or_default(), former))
}

fn value(connection: &Connection, name: &str) -> Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE name = ?", [name], |row| row.get(0)).optional()
}

fn keep(connection: &Connection, name: &str, value: &str) -> Result<()> {
    connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", params![name, value])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::journal::schema;

    /// A machine and a directory.
    fn mark(machine: &str, directory: &str) -> Mark {
        Mark { directory: directory.to_owned(), machine: machine.to_owned() }
    }

    fn database() -> Connection {
        let mut database = Connection::open_in_memory().unwrap();
        schema::migrate(&mut database).unwrap();
        database
    }

    /// A start, and whether it begins an epoch.
    fn begins(database: &Connection, mark: &Mark, is_whole: bool, durability: Durability) -> bool {
        let before = epochs(database).unwrap();
        let next = format!("{:04x}", load::last(database).unwrap() + 1);
        begin(database, (mark, durability), is_whole, &next).unwrap();
        database.execute("INSERT INTO event VALUES ((SELECT coalesce(max(sequence), 0) + 1 FROM event), 0, '', NULL, NULL, x'')", []).unwrap();
        epochs(database).unwrap() != before
    }

    #[test]
    fn an_epoch_begins_where_something_can_have_been_lost_that_was_seen() {
        let (relaxed, strict) = (Durability::Relaxed, Durability::Strict);
        let (first, second) = (mark("first", "1"), mark("second", "1"));
        let database = database();
        assert!(begins(&database, &first, true, relaxed), "of a new log");
        assert!(!begins(&database, &first, true, relaxed), "the process was killed, and no more");
        assert!(begins(&database, &second, true, relaxed), "the machine was started anew");
        assert!(begins(&database, &second, false, relaxed), "events are missing");
        end(&database, &second).unwrap();
        assert!(!begins(&database, &first, true, relaxed), "it was closed before");
        assert!(begins(&database, &mark("first", "2"), true, relaxed), "the directory is a copy");
        assert!(!begins(&database, &mark("first", "2"), true, strict));
        assert!(!begins(&database, &mark("second", "2"), true, strict), "the disk had all that was seen");
        assert_eq!(epochs(&database).unwrap().ended_by(9).len(), 4);
    }

    #[test]
    fn so_many_epochs_are_remembered() {
        let database = database();
        for number in 0..2 * FORMER {
            assert!(begins(&database, &mark(&number.to_string(), "1"), true, Durability::Relaxed));
        }
        let former = epochs(&database).unwrap().ended_by(0);
        assert_eq!((former.len(), former[0].sequence), (FORMER + 1, FORMER as u64));
    }
}
