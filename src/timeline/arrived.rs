//! A message that has come, until the agent has said of which call it is.

use bytes::Bytes;
use bytestring::ByteString;

use crate::agent::{Arrival, Flow};
use crate::sip::Message;

/// What a timeline needs of a message that the agent takes away.
#[derive(Debug)]
pub struct Arrived {
    pub(super) flow: Flow,
    pub(super) is_response: bool,
    pub(super) call_id: ByteString,
    /// The tags of From and To.
    pub(super) from: Option<ByteString>,
    pub(super) to: Option<ByteString>,
    pub(super) head: Bytes,
    pub(super) body: Bytes,
}

impl Arrived {
    /// Costs no copy; `None`: it could not be read, and is of no call.
    pub(super) fn of(arrival: &Arrival) -> Option<Self> {
        let flow = arrival.flow;
        Some(match arrival.message.as_ref().ok()? {
            Message::Request(request) => Self {
                flow,
                is_response: false,
                call_id: request.call_id.clone(),
                from: request.from.tag().cloned(),
                to: request.to.tag().cloned(),
                head: request.headers.head().clone(),
                body: request.body.clone(),
            },
            Message::Response(response) => Self {
                flow,
                is_response: true,
                call_id: response.call_id.clone(),
                from: response.from.tag().cloned(),
                to: response.to.tag().cloned(),
                head: response.headers.head().clone(),
                body: response.body.clone(),
            },
        })
    }
}
