//! What the agent has sent and told, as tests read it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Sent, World};
use crate::agent::Call;
use crate::agent::Leftovers;
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::sip::{Message, Request, Response};

impl World {
    /// How the last call told of has ended.
    pub fn end(&self) -> (EndCause, EndBy, Option<u16>) {
        let end = self.call().end.clone().expect("an end");
        (end.cause, end.by, end.sip_status)
    }

    /// What was sent since the last time, in order.
    pub fn sent(&mut self) -> Vec<Message> {
        self.carried().into_iter().map(|sent| sent.message).collect()
    }

    /// The same, with when and where to it was sent.
    pub fn carried(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// The same, as it stands on the wire.
    pub fn wire(&mut self) -> Vec<Bytes> {
        self.carried().into_iter().map(|sent| sent.transmit.bytes).collect()
    }

    /// Time goes on; when something was sent on the way, in milliseconds from here.
    pub fn repeats(&mut self, by: Duration) -> Vec<u128> {
        assert!(self.sent.is_empty(), "what was sent before must have been looked at");
        let start = self.now.instant;
        self.advance(by);
        self.carried().iter().map(|sent| (sent.at - start).as_millis()).collect()
    }

    /// The one response that was sent since the last time.
    pub fn response(&mut self) -> Response {
        let mut responses = self.responses();
        assert_eq!(responses.len(), 1, "one response: {responses:?}");
        responses.remove(0)
    }

    /// The one request that was sent since the last time.
    pub fn request(&mut self) -> Request {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "one request: {sent:?}");
        match sent.remove(0) {
            Message::Request(request) => *request,
            Message::Response(response) => panic!("an unexpected {}", response.status),
        }
    }

    /// The responses among it; nothing else may be there.
    pub fn responses(&mut self) -> Vec<Response> {
        let only = |message| match message {
            Message::Response(response) => *response,
            Message::Request(request) => panic!("an unexpected {}", request.method),
        };
        self.sent().into_iter().map(only).collect()
    }

    /// Their statuses with the method they answer: `200 CANCEL`.
    pub fn statuses(&mut self) -> Vec<String> {
        let sent = self.sent();
        let name = |message: &Message| match message {
            Message::Response(response) => format!("{} {}", response.status, response.cseq.method),
            Message::Request(request) => request.method.to_string(),
        };
        sent.iter().map(name).collect()
    }

    /// The call as the last event showed it.
    pub fn call(&self) -> Arc<Call> {
        self.call.clone().expect("an event")
    }

    /// Forgets what was sent, told and answered.
    pub fn forget(&mut self) {
        self.sent.clear();
        self.events.clear();
        self.answers.clear();
    }

    /// What has been told, in order.
    pub fn told(&self) -> Vec<EventKind> {
        self.events.iter().map(|event| event.kind).collect()
    }

    /// How many calls, transactions and alarms there are.
    pub fn left(&self) -> (usize, usize, usize) {
        let Leftovers { calls, transactions, alarms, .. } = self.agent.leftovers();
        (calls, transactions, alarms)
    }

    /// Nothing is left: no call, no transaction, no alarm.
    pub fn assert_empty(&self) {
        assert_eq!(self.agent.leftovers(), Leftovers::default());
    }
}
