//! What becomes of calls in a transaction: one row each, however much has happened to them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, Result, params};

use super::row::{EventRow, Id, Row};
use crate::agent::Call;
use crate::json;

/// The last word on each call.
#[derive(Debug, Default)]
pub(super) struct Calls<'a>(HashMap<Id, Latest<'a>>);

/// What of its row is new.
#[derive(Debug, Default)]
struct Latest<'a> {
    /// When the first of its events happened.
    told: Option<i64>,
    /// The time and the sequence of the last event, if the call is over.
    ended: Option<(i64, u64)>,
    /// The sequence of the last event that tells a new description of the peer's.
    remote: Option<u64>,
    /// The call, if it is not to be put together from its events.
    whole: Option<&'a Arc<Call>>,
    /// What brings it back: JSON.
    saved: Option<&'a Bytes>,
}

impl<'a> Calls<'a> {
    /// Of the rows.
    pub fn of(rows: &'a [Row]) -> Self {
        let mut calls = Self::default();
        for row in rows {
            match row {
                Row::Event(EventRow { call: Some(call), turn, sequence, time, whole, .. }) => {
                    let latest = calls.0.entry(*call).or_default();
                    latest.told.get_or_insert(*time);
                    latest.ended = turn.is_over.then_some((*time, *sequence)).or(latest.ended);
                    latest.remote = turn.tells_remote.then_some(*sequence).or(latest.remote);
                    latest.whole = whole.as_ref().or(latest.whole);
                }
                Row::Save { call, saved } => calls.0.entry(*call).or_default().saved = Some(saved),
                _ => {}
            }
        }
        calls
    }

    /// Writes them, within a transaction.
    pub fn apply(&self, connection: &Connection) -> Result<()> {
        // Written again, an earlier word changes nothing of a later one.
        let mut show = connection.prepare_cached(
            "INSERT INTO call (id, created, ended, ended_sequence, remote, picture) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET
                 ended = coalesce(ended, ?3), ended_sequence = iif(?4 > coalesce(ended_sequence, 0), ?4, ended_sequence),
                 remote = iif(?5 > coalesce(remote, 0), ?5, remote), picture = iif(?6 = x'', picture, ?6),
                 saved = iif(?3 IS NULL, saved, NULL)",
        )?;
        let mut save =
            connection.prepare_cached("UPDATE call SET saved = ?2 WHERE id = ?1 AND ended IS NULL")?;
        for (id, Latest { told, ended, remote, whole, saved }) in &self.0 {
            if told.is_some() {
                let picture = whole.map_or(Ok(Vec::new()), json::to_vec).map_err(to_sql)?;
                let (time, sequence) = ended.unzip();
                show.execute(params![id, told, time, sequence, remote, picture])?;
            }
            // Nothing brings back what has ended.
            if let (Some(saved), None) = (saved, ended) {
                save.execute(params![id, &***saved])?;
            }
        }
        Ok(())
    }
}

fn to_sql(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}
