//! The answers to commands with an `Idempotency-Key`, as rows.

use rusqlite::{Connection, Result, params};

use super::row::AnswerRow;
use crate::agent::{CallId, Timestamp};
use crate::state::answers::{Answer, Keyed};

/// Writes a key, or its answer.
pub(super) fn put(connection: &Connection, row: &AnswerRow) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO answer (key, fingerprint, at, status, headers, body, call)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    let AnswerRow { key, fingerprint, at, answer } = row;
    let answer = answer.as_ref();
    insert.execute(params![
        key,
        fingerprint,
        at,
        answer.map(|(status, ..)| status),
        answer.map(|(_, headers, ..)| headers),
        answer.map(|(_, _, body, _)| &**body),
        answer.and_then(|(.., call)| *call),
    ])?;
    Ok(())
}

/// Takes keys off the record.
pub(super) fn forget(connection: &Connection, keys: &[String]) -> Result<()> {
    let mut delete = connection.prepare_cached("DELETE FROM answer WHERE key = ?")?;
    for key in keys {
        delete.execute([key])?;
    }
    Ok(())
}

/// All of them, in the order in which they came.
pub(super) fn all(connection: &Connection) -> Result<Vec<Keyed>> {
    let mut find = connection
        .prepare("SELECT key, fingerprint, at, status, headers, body, call FROM answer ORDER BY at, key")?;
    let keyed = find.query_map([], |row| {
        let status: Option<u16> = row.get(3)?;
        let answer = match status {
            Some(status) => Some(Answer {
                status,
                headers: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default(),
                body: row.get::<_, Vec<u8>>(5)?.into(),
                call: row.get::<_, Option<[u8; 16]>>(6)?.map(CallId::from_bytes),
            }),
            None => None,
        };
        Ok(Keyed { key: row.get(0)?, fingerprint: row.get(1)?, at: Timestamp(row.get(2)?), answer })
    })?;
    keyed.collect()
}
