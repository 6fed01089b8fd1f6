//! What other rooms keep on record: values by key, which mean nothing to the journal.

use rusqlite::{Connection, Result, params};

use super::JournalError;

/// All that a room keeps, in the order of the keys.
pub fn kept(
    connection: &Connection,
    room: &str,
) -> std::result::Result<Vec<(String, Vec<u8>)>, JournalError> {
    let mut find = connection.prepare_cached("SELECT key, value FROM kept WHERE room = ? ORDER BY key")?;
    let rows = find.query_map([room], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_>>()?)
}

/// Writes a value.
pub(super) fn put(connection: &Connection, room: &str, key: &str, value: &[u8]) -> Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT OR REPLACE INTO kept (room, key, value) VALUES (?, ?, ?)")?;
    insert.execute(params![room, key, value])?;
    Ok(())
}

/// Takes values off the record.
pub(super) fn drop(connection: &Connection, room: &str, keys: &[String]) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM kept WHERE room = ? AND key = ?")?;
    for key in keys {
        delete.execute([room, key])?;
    }
    Ok(())
}
