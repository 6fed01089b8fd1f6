//! Rows: what is written, as it goes into the log's own file and from there into the database.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, Result, params};
use serde::{Deserialize, Serialize};

use super::{answers, kept};
use crate::agent::event::{CallState, Extent};
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
    /// What it makes of its call. Not kept: it can be told from the envelope.
    #[serde(skip)]
    pub turn: Turn,
    /// The call right after it, if its earlier events may have gone: what is told of a call behind its end. Not kept: after a crash such a
    /// call is as the event tells it.
    #[serde(skip)]
    pub whole: Option<Arc<Call>>,
}

/// What an event makes of its call's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    /// The call has ended with it or before.
    pub is_over: bool,
    /// It tells a new description of the peer's.
    pub tells_remote: bool,
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

    /// Writes it, within a transaction, unless it is an event or of a call: [`Events`] and [`Calls`](super::calls::Calls) write those.
    pub fn apply(&self, connection: &Connection) -> Result<()> {
        match self {
            Self::Event(_) | Self::Save { .. } => Ok(()),
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
            Told::News(News::Call(event)) => (Some(event), None),
            Told::News(News::Account(event)) => (None, Some(event.account.id.to_string())),
            Told::Draining(_) => (None, None),
        };
        let turn = call.map(|event| Turn {
            is_over: event.call.state == CallState::Ended,
            tells_remote: event.extent() == Extent::Changes { remote_sdp: true },
        });
        let late = call.filter(|event| event.is_late());
        Self {
            sequence: event.sequence,
            time: event.told.time().0,
            topic: event.told.topic().name().into(),
            call: call.map(|event| event.call.id.to_bytes()),
            account,
            envelope: event.envelope(),
            turn: turn.unwrap_or_default(),
            whole: late.map(|event| event.call.clone()),
        }
    }
}

/// Where events go: a statement for many, as it takes longer to find it than to run it.
pub(super) struct Events<'a>(CachedStatement<'a>);

impl<'a> Events<'a> {
    pub fn of(connection: &'a Connection) -> Result<Self> {
        let insert = "INSERT OR IGNORE INTO event (sequence, time, topic, call, account, envelope)
             VALUES (?, ?, ?, ?, ?, ?)";
        connection.prepare_cached(insert).map(Self)
    }

    pub fn insert(&mut self, event: &EventRow) -> Result<()> {
        let EventRow { sequence, time, topic, call, account, envelope, .. } = event;
        self.0.execute(params![sequence, time, topic, call, account, &**envelope])?;
        Ok(())
    }
}
