//! What is to be written, in the words of who wants it.

use std::sync::Arc;

use super::kept::CLOSING;
use super::row::{AnswerRow, EventRow, Row};
use crate::agent::{CallId, Saved};
use crate::json;
use crate::state::answers::Keyed;
use crate::state::frame::Numbered;

/// One thing that is to survive. What costs time to encode is encoded by the writer.
#[derive(Clone, Debug)]
pub enum Write {
    /// An event of the log, and what it makes of its call.
    Event(Arc<Numbered>),
    /// What brings a call back after a crash, until it has ended.
    Save(CallId, Arc<Saved>),
    /// What sends the BYE of an ended call after a crash.
    Close(CallId, Arc<Saved>),
    /// That BYE is answered or given up.
    Closed(CallId),
    /// A command with an `Idempotency-Key`, or its answer.
    Answer(Arc<Keyed>),
    /// The answers to these keys are no longer kept.
    ForgetAnswers(Vec<String>),
    /// A value that a room keeps under a key, instead of the one before.
    Keep(String, String, Vec<u8>),
    /// The room no longer keeps these keys.
    Drop(String, Vec<String>),
}

impl Write {
    /// As it is kept.
    pub(super) fn into_row(self) -> serde_json::Result<Row> {
        Ok(match self {
            Self::Event(event) => Row::Event(EventRow::of(&event)),
            Self::Save(call, saved) => {
                Row::Save { call: call.to_bytes(), saved: json::to_vec(&*saved)?.into() }
            }
            Self::Close(call, saved) => {
                let (room, key) = (CLOSING.to_owned(), call.to_string());
                Row::Keep { room, key, value: json::to_vec(&*saved)?.into() }
            }
            Self::Closed(call) => Row::Drop { room: CLOSING.to_owned(), keys: vec![call.to_string()] },
            Self::Answer(keyed) => Row::Answer(answer(&keyed)?),
            Self::ForgetAnswers(keys) => Row::ForgetAnswers(keys),
            Self::Keep(room, key, value) => Row::Keep { room, key, value: value.into() },
            Self::Drop(room, keys) => Row::Drop { room, keys },
        })
    }
}

fn answer(Keyed { key, fingerprint, at, answer }: &Keyed) -> serde_json::Result<AnswerRow> {
    let answer = answer.as_ref().map(|answer| {
        let headers = serde_json::to_string(&answer.headers)?;
        Ok((answer.status, headers, answer.body.clone(), answer.call.map(CallId::to_bytes)))
    });
    Ok(AnswerRow { key: key.clone(), fingerprint: *fingerprint, at: at.0, answer: answer.transpose()? })
}
