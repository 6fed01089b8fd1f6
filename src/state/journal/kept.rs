//! What other rooms keep on record: values by key, which mean nothing to the journal.

use std::sync::Arc;

use rusqlite::{Connection, Result, params};

use super::whole::whole;
use super::{JournalError, LiveCall};
use crate::agent::CallId;
use crate::agent::event::CallState;

/// The journal's own room: what sends the BYEs of ended calls after a crash, by call, until they are answered or given up.
pub(super) const CLOSING: &str = "closing";

/// All that a room keeps, in the order of the keys.
pub fn kept(
    connection: &Connection,
    room: &str,
) -> std::result::Result<Vec<(String, Vec<u8>)>, JournalError> {
    let mut find = connection.prepare_cached("SELECT key, value FROM kept WHERE room = ? ORDER BY key")?;
    let rows = find.query_map([room], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_>>()?)
}

/// The ended calls whose BYE may not have been sent, oldest first. What is there of a call that has gone meanwhile is taken away.
pub(super) fn closing(connection: &Connection) -> std::result::Result<Vec<LiveCall>, JournalError> {
    let mut closing = Vec::new();
    for (key, saved) in kept(connection, CLOSING)? {
        let call = key.parse::<CallId>().ok().map(|id| whole(connection, id)).transpose()?.flatten();
        match call.filter(|call| call.state == CallState::Ended) {
            Some(call) => closing.push(LiveCall { call: Arc::new(call), saved: Some(saved) }),
            None => drop(connection, CLOSING, &[key])?,
        }
    }
    Ok(closing)
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
