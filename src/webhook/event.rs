//! An event on its way to a receiver.

use bytes::Bytes;
use serde::Deserialize;

use crate::agent::Timestamp;
use crate::state::EventId;

/// An event, and what of its envelope matters on the way.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number.
    pub sequence: u64,
    /// What the receiver tells repetitions by.
    pub id: String,
    /// Its name.
    pub kind: String,
    /// The call or the account that it is of: events of one come in order.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// The CloudEvents envelope.
    pub body: Bytes,
}

/// The parts of an envelope that are looked at.
#[derive(Deserialize)]
struct Head {
    id: String,
    r#type: String,
    subject: Option<String>,
    time: Timestamp,
}

impl Event {
    /// From its envelope. `None`: it is none.
    pub fn read(envelope: Bytes) -> Option<Self> {
        let Head { id, r#type, subject, time } = serde_json::from_slice(&envelope).ok()?;
        let sequence = id.parse::<EventId>().ok()?.sequence;
        // A gap has the id of the event before it, which is another message.
        let id = if r#type == "stream.gap" { format!("{id}-gap") } else { id };
        Some(Self { sequence, id, kind: r#type, subject, time, body: envelope })
    }

    /// Whether it is in the log, and can be read there again.
    pub fn is_kept(&self) -> bool {
        self.kind != "stream.gap"
    }
}
