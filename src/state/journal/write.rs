//! What is written: a row at a time, many to a transaction.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use rusqlite::{Connection, Result, params};

use super::{answers, kept};
use crate::agent::{Call, CallId, Saved, Timestamp};
use crate::state::answers::Keyed;

/// One thing that is to survive. What costs time to encode is encoded by the writer.
#[derive(Clone, Debug)]
pub enum Write {
    /// An event of the log.
    Event(EventRow),
    /// The first event of a call has come.
    Begin(Arc<Call>),
    /// A call, and what brings it back after a crash.
    Save(Arc<Call>, Arc<Saved>),
    /// A command with an `Idempotency-Key`, or its answer.
    Answer(Arc<Keyed>),
    /// The answers to these keys are no longer kept.
    ForgetAnswers(Vec<String>),
    /// A value that a room keeps under a key, instead of the one before.
    Keep(String, String, Vec<u8>),
    /// The room no longer keeps these keys.
    Drop(String, Vec<String>),
    /// A call has ended with the event of that sequence; nothing brings it back any more.
    End(Arc<Call>, u64),
}

/// An event as it is kept.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its number.
    pub sequence: u64,
    /// When it happened.
    pub time: Timestamp,
    /// Its name.
    pub topic: &'static str,
    /// The call it is of.
    pub call: Option<CallId>,
    /// The account it is of.
    pub account: Option<ByteString>,
    /// The CloudEvents envelope, without a line feed.
    pub envelope: Bytes,
}

impl Write {
    /// Writes it, within a transaction.
    pub(super) fn apply(&self, connection: &Connection) -> Result<()> {
        match self {
            Self::Event(event) => event.insert(connection),
            Self::Begin(call) => begin(connection, call),
            Self::Save(call, saved) => save(connection, call, saved),
            Self::Answer(keyed) => answers::put(connection, keyed),
            Self::ForgetAnswers(keys) => answers::forget(connection, keys),
            Self::Keep(room, key, value) => kept::put(connection, room, key, value),
            Self::Drop(room, keys) => kept::drop(connection, room, keys),
            Self::End(call, sequence) => end(connection, call, *sequence),
        }
    }
}

impl EventRow {
    fn insert(&self, connection: &Connection) -> Result<()> {
        let mut insert = connection.prepare_cached(
            "INSERT INTO event (sequence, time, topic, call, account, envelope) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        let call = self.call.map(CallId::to_bytes);
        let account = self.account.as_deref();
        insert.execute(params![self.sequence, self.time.0, self.topic, call, account, &*self.envelope])?;
        Ok(())
    }
}

fn begin(connection: &Connection, call: &Call) -> Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT OR REPLACE INTO call (id, created, picture) VALUES (?, ?, ?)")?;
    insert.execute(params![call.id.to_bytes(), call.created_at.0, json(call)?])?;
    Ok(())
}

fn save(connection: &Connection, call: &Call, saved: &Saved) -> Result<()> {
    // A call that has ended meanwhile stays ended.
    let mut update = connection
        .prepare_cached("UPDATE call SET picture = ?2, saved = ?3 WHERE id = ?1 AND ended IS NULL")?;
    update.execute(params![call.id.to_bytes(), json(call)?, json(saved)?])?;
    Ok(())
}

fn end(connection: &Connection, call: &Call, sequence: u64) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO call (id, created, ended, ended_sequence, picture) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET ended = ?3, ended_sequence = ?4, picture = ?5, saved = NULL",
    )?;
    let ended = call.ended_at.unwrap_or(call.created_at);
    insert.execute(params![call.id.to_bytes(), call.created_at.0, ended.0, sequence, json(call)?])?;
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
