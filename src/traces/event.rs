//! What of an event's envelope goes into a trace: nobody's number.

use serde::Deserialize;

use crate::agent::event::{Direction, EndBy, EndCause, EventKind};
use crate::agent::{CallId, Timestamp};

/// An event of a call.
#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    #[serde(rename = "type")]
    pub kind: EventKind,
    pub time: Timestamp,
    pub data: Data,
}

#[derive(Debug, Deserialize)]
pub(super) struct Data {
    pub call: Facts,
}

/// What is told of the call.
#[derive(Debug, Deserialize)]
pub(super) struct Facts {
    pub id: CallId,
    pub direction: Direction,
    pub account: Option<String>,
    pub sip: Sip,
    pub created_at: Timestamp,
    pub end: Option<Ending>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sip {
    pub call_id: String,
    pub transport: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ending {
    pub cause: EndCause,
    pub by: EndBy,
    pub sip_status: Option<u16>,
}

/// Reads an envelope; `None`: it is of no call.
pub(super) fn read(envelope: &[u8]) -> Option<Seen> {
    serde_json::from_slice(envelope).ok()
}
