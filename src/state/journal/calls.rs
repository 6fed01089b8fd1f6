//! What becomes of calls in a transaction: one row each, however much has happened to them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, Result, params};

use super::row::{EventRow, Id, Row};
use crate::agent::Call;
use crate::agent::event::CallState;
use crate::json;

/// The last word on each call.
#[derive(Debug, Default)]
pub(super) struct Calls<'a>(HashMap<Id, Latest<'a>>);

#[derive(Debug, Default)]
struct Latest<'a> {
    /// The call after its last event, and the event's sequence.
    picture: Option<(&'a Arc<Call>, u64)>,
    /// What brings it back: JSON.
    saved: Option<&'a Bytes>,
}

impl<'a> Calls<'a> {
    /// Of the rows.
    pub fn of(rows: &'a [Row]) -> Self {
        let mut calls = Self::default();
        for row in rows {
            match row {
                Row::Event(EventRow { call: Some(call), picture: Some(picture), sequence, .. }) => {
                    calls.0.entry(*call).or_default().picture = Some((picture, *sequence));
                }
                Row::Save { call, saved } => calls.0.entry(*call).or_default().saved = Some(saved),
                _ => {}
            }
        }
        calls
    }

    /// Writes them, within a transaction.
    pub fn apply(&self, connection: &Connection) -> Result<()> {
        let mut text = Vec::new();
        for (id, Latest { picture, saved }) in &self.0 {
            if let Some((call, sequence)) = picture {
                text.clear();
                json::append(&mut text, call).map_err(to_sql)?;
                match call.state {
                    CallState::Ended => end(connection, (id, call), *sequence, &text)?,
                    _ => show(connection, (id, call), &text)?,
                }
            }
            if let Some(saved) = saved {
                save(connection, id, saved)?;
            }
        }
        Ok(())
    }
}

/// A call that goes on; one that has ended meanwhile stays ended.
fn show(connection: &Connection, (id, call): (&Id, &Call), picture: &[u8]) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO call (id, created, picture) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET picture = ?3 WHERE ended IS NULL",
    )?;
    insert.execute(params![id, call.created_at.0, picture])?;
    Ok(())
}

/// A call that has ended, with its last event; nothing brings it back any more.
fn end(connection: &Connection, (id, call): (&Id, &Call), sequence: u64, picture: &[u8]) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO call (id, created, ended, ended_sequence, picture) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET ended = ?3, ended_sequence = ?4, picture = ?5, saved = NULL",
    )?;
    let ended = call.ended_at.unwrap_or(call.created_at);
    insert.execute(params![id, call.created_at.0, ended.0, sequence, picture])?;
    Ok(())
}

fn save(connection: &Connection, id: &Id, saved: &[u8]) -> Result<()> {
    let mut update =
        connection.prepare_cached("UPDATE call SET saved = ?2 WHERE id = ?1 AND ended IS NULL")?;
    update.execute(params![id, saved])?;
    Ok(())
}

fn to_sql(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}
