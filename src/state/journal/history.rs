//! The past, asked for piece by piece: events for who reads the file, ended calls for their records.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::{COLUMNS, FILE, JournalError, PastEvent, load, read};
use crate::agent::CallId;

/// A journal that is only read, whether an agent writes it or not.
#[derive(Debug)]
pub struct History(Connection);

impl History {
    /// Opens the journal in a data directory.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let file = directory.join(FILE);
        let missing = |error| JournalError::Directory { directory: file.clone(), error };
        std::fs::metadata(&file).map_err(missing)?;
        let connection = read::open(&file)?;
        Ok(Self(connection))
    }

    /// The epoch, and the sequence of the oldest event kept.
    pub fn place(&self) -> Result<(String, u64), JournalError> {
        let epoch = self
            .0
            .query_row("SELECT value FROM meta WHERE name = 'epoch'", [], |row| row.get(0))
            .optional()?;
        Ok((epoch.unwrap_or_default(), load::oldest(&self.0)?))
    }

    /// The events behind a sequence, of one call or of all, to who takes them; until he has enough.
    pub fn events(
        &self,
        after: u64,
        call: Option<CallId>,
        mut take: impl FnMut(PastEvent) -> bool,
    ) -> Result<(), JournalError> {
        let of_call = if call.is_some() { "call = ?2" } else { "?2 IS NULL" };
        let sql = format!("SELECT {COLUMNS} FROM event WHERE sequence > ?1 AND {of_call} ORDER BY sequence");
        let mut find = self.0.prepare(&sql)?;
        for event in find.query_map(params![after, call.map(CallId::to_bytes)], PastEvent::read)? {
            if !take(event?) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The pictures of ended calls that began before `cursor` (excluded) and not before `since`, newest first, to who takes them;
/// until he has enough. JSON.
pub fn ended(
    connection: &Connection,
    since: CallId,
    cursor: CallId,
    mut take: impl FnMut(&[u8]) -> Result<bool, JournalError>,
) -> Result<(), JournalError> {
    let mut find = connection.prepare_cached(
        "SELECT picture FROM call WHERE id >= ? AND id < ? AND ended IS NOT NULL ORDER BY id DESC",
    )?;
    let mut rows = find.query(params![since.to_bytes(), cursor.to_bytes()])?;
    while let Some(row) = rows.next()? {
        if !take(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)? {
            return Ok(());
        }
    }
    Ok(())
}
