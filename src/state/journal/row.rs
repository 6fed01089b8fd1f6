//! Rows: what is written, as it goes into the log's own file and from there into the database.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, Result, params};
use serde::{Deserialize, Serialize};

use super::{answers, kept};
use crate::agent::{Call, News};
use crate::state::Told;
use crate::state::frame::Numbered;

/// A call's id as it is kept.
pub type Id = [u8; 16];

/// One thing that is on record. To write it again changes nothing, if all that came behind it is written again, too.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Row {
    /// An event of the log.
    Event(EventRow),
    /// What brings a call back after a crash: JSON.
    Save { call: Id, saved: Bytes },
    /// A command with an `Idempotency-Key`, or its answer.
    Answer(AnswerRow),
    /// The answers to these keys are no longer kept.
    ForgetAnswers(Vec<String>),
    /// A value that a room keeps under a key, instead of the one before.
    Keep { room: String, key: String, value: Bytes },
    /// The room no longer keeps these keys.
    Drop { room: String, keys: Vec<String> },
}

/// An event as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct EventRow {
    /// Its number.
    pub sequence: u64,
    /// When it happened, microseconds since 1970.
    pub time: i64,
    /// Its name.
    pub topic: Cow<'static, str>,
    /// The call it is of.
    pub call: Option<Id>,
    /// The account it is of.
    pub account: Option<String>,
    /// The CloudEvents envelope, without a line feed.
    pub envelope: Bytes,
    /// The call right after it. Not kept: it can be told from the envelopes.
    #[serde(skip)]
    pub picture: Option<Arc<Call>>,
}

/// A key and its answer as they are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AnswerRow {
    pub key: String,
    pub fingerprint: [u8; 32],
    pub at: i64,
    /// Status, headers as JSON, body, call.
    pub answer: Option<(u16, String, Bytes, Option<Id>)>,
}

impl Row {
    /// About how many bytes it holds.
    pub fn size(&self) -> usize {
        let held = match self {
            Self::Event(event) => event.envelope.len(),
            Self::Save { saved, .. } => saved.len(),
            Self::Answer(row) => row.key.len() + row.answer.as_ref().map_or(0, |answer| answer.2.len()),
            Self::ForgetAnswers(keys) | Self::Drop { keys, .. } => keys.iter().map(String::len).sum(),
            Self::Keep { key, value, .. } => key.len() + value.len(),
        };
        held + size_of::<Self>()
    }

    /// The event's number, if it is one.
    pub fn sequence(&self) -> Option<u64> {
        match self {
            Self::Event(event) => Some(event.sequence),
            _ => None,
        }
    }

    /// The call it is of.
    pub fn call(&self) -> Option<Id> {
        match self {
            Self::Event(event) => event.call,
            Self::Save { call, .. } => Some(*call),
            _ => None,
        }
    }

    /// Writes it, within a transaction; what it makes of its call, [`Calls`](super::calls::Calls) write.
    pub fn apply(&self, connection: &Connection) -> Result<()> {
        match self {
            Self::Event(event) => event.insert(connection),
            Self::Save { .. } => Ok(()),
            Self::Answer(row) => answers::put(connection, row),
            Self::ForgetAnswers(keys) => answers::forget(connection, keys),
            Self::Keep { room, key, value } => kept::put(connection, room, key, value),
            Self::Drop { room, keys } => kept::drop(connection, room, keys),
        }
    }
}

impl EventRow {
    /// Of an event, which it encodes if nobody has done so before.
    pub fn of(event: &Numbered) -> Self {
        let (call, account) = match &event.told {
            Told::News(News::Call(event)) => (Some(event.call.clone()), None),
            Told::News(News::Account(event)) => (None, Some(event.account.id.to_string())),
            Told::Draining(_) => (None, None),
        };
        Self {
            sequence: event.sequence,
            time: event.told.time().0,
            topic: event.told.topic().name().into(),
            call: call.as_ref().map(|call| call.id.to_bytes()),
            account,
            envelope: event.envelope(),
            picture: call,
        }
    }

    fn insert(&self, connection: &Connection) -> Result<()> {
        let mut insert = connection.prepare_cached(
            "INSERT OR IGNORE INTO event (sequence, time, topic, call, account, envelope) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        let Self { sequence, time, topic, call, account, envelope, .. } = self;
        insert.execute(params![sequence, time, topic, call, account, &**envelope])?;
        Ok(())
    }
}
