//! An event as it goes to readers: encoded once, for all of them.

use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use serde::Serialize;

use super::{EventId, Settings, Topic};
use crate::agent::{CallId, News, Timestamp};
use crate::json;

/// One event, encoded. It is kept as a server-sent event; the envelope alone is a part of the same bytes.
#[derive(Clone, Debug)]
pub struct Frame {
    sse: Bytes,
    envelope: usize,
}

impl Frame {
    /// As a server-sent event: `id`, `event` and `data` lines and the empty line.
    pub fn sse(&self) -> Bytes {
        self.sse.clone()
    }

    /// The CloudEvents envelope and a line feed.
    pub fn line(&self) -> Bytes {
        self.sse.slice(self.envelope..self.sse.len().saturating_sub(1))
    }

    /// The CloudEvents envelope alone.
    pub fn envelope(&self) -> Bytes {
        self.sse.slice(self.envelope..self.sse.len().saturating_sub(2))
    }

    /// A frame of an event that was numbered and written earlier.
    pub(super) fn again(id: &EventId, topic: Topic, envelope: &[u8]) -> Self {
        let head = format!("id: {id}\nevent: {}\ndata: ", topic.name());
        Self { envelope: head.len(), sse: [head.as_bytes(), envelope, b"\n\n"].concat().into() }
    }

    /// How many bytes it holds.
    pub fn size(&self) -> usize {
        self.sse.len()
    }
}

/// What goes into an envelope.
pub(super) struct Envelope<D> {
    pub topic: Topic,
    pub subject: Option<Name>,
    pub time: Timestamp,
    pub data: D,
}

/// The name of what an event is of.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Name {
    Call(CallId),
    Account(ByteString),
}

/// Where readers that lost their place are told it.
#[derive(Serialize)]
pub(super) struct Gap {
    pub oldest: EventId,
    pub last: EventId,
}

/// A CloudEvents 1.0 envelope in the JSON format.
#[derive(Serialize)]
struct CloudEvent<'a, D> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a Name>,
    time: Timestamp,
    datacontenttype: &'static str,
    data: &'a D,
}

/// Numbers events and encodes them.
#[derive(Debug)]
pub(super) struct Press {
    source: String,
    last: EventId,
    /// Where an event is written.
    event: Vec<u8>,
    /// Where events are kept, one behind the other: they are parts of it, and as they leave the log in their order, it goes with
    /// its last one.
    block: BytesMut,
}

/// How large a block is, at least. Small, as a single event that is kept keeps all of it.
const BLOCK: usize = 64 * 1024;

impl Press {
    pub fn new(settings: &Settings) -> Self {
        Self {
            source: format!("/call-agent/{}", settings.node),
            last: EventId { epoch: settings.epoch.as_str().into(), sequence: 0 },
            event: Vec::new(),
            block: BytesMut::new(),
        }
    }

    /// The next event of the log, if it is one of a call or an account. `None`: it cannot be encoded, and takes no number.
    pub fn news(&mut self, news: &News) -> Option<Frame> {
        let (topic, time) = (Topic::of(news), news.time());
        match news {
            News::Call(event) => {
                let subject = Some(Name::Call(event.call.id));
                self.numbered(&Envelope { topic, subject, time, data: event.data() })
            }
            News::Account(event) => {
                let subject = Some(Name::Account(event.account.id.clone()));
                self.numbered(&Envelope { topic, subject, time, data: event })
            }
        }
    }

    /// Goes on behind an event of an earlier run.
    pub fn go_on_behind(&mut self, last: EventId) {
        self.last = last;
    }

    /// The next event of the log. `None`: it cannot be encoded, and takes no number.
    pub fn numbered(&mut self, envelope: &Envelope<impl Serialize>) -> Option<Frame> {
        let id = EventId { epoch: self.last.epoch.clone(), sequence: self.last.sequence + 1 };
        let frame = self.print(&id, true, envelope)?;
        self.last = id;
        Some(frame)
    }

    /// The number of the last event.
    pub fn last(&self) -> u64 {
        self.last.sequence
    }

    /// An event for one reader only, which takes no number. Its envelope has the id `before`, so that a reader who takes
    /// his place from it goes on right; as a server-sent event it has none.
    pub fn aside(&mut self, before: &EventId, envelope: &Envelope<impl Serialize>) -> Option<Frame> {
        self.print(before, false, envelope)
    }

    fn print(&mut self, id: &EventId, numbered: bool, envelope: &Envelope<impl Serialize>) -> Option<Frame> {
        self.event.clear();
        match self.write(id, numbered, envelope) {
            Ok(envelope) => Some(Frame { sse: self.keep(), envelope }),
            Err(error) => {
                tracing::error!(%error, event = envelope.topic.name(), "an event could not be encoded");
                None
            }
        }
    }

    /// Writes the event; the answer is where the envelope starts in it.
    fn write(
        &mut self,
        id: &EventId,
        numbered: bool,
        envelope: &Envelope<impl Serialize>,
    ) -> Result<usize, serde_json::Error> {
        let (out, id, topic) = (&mut self.event, id.text(), envelope.topic.name());
        if numbered {
            ["id: ", &id, "\n"].iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        }
        ["event: ", topic, "\ndata: "].iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        let start = out.len();
        let event = CloudEvent {
            specversion: "1.0",
            id: &id,
            source: &self.source,
            r#type: topic,
            subject: envelope.subject.as_ref(),
            time: envelope.time,
            datacontenttype: "application/json",
            data: &envelope.data,
        };
        json::append(out, &event)?;
        out.extend_from_slice(b"\n\n");
        Ok(start)
    }

    /// The event that is written, in its place among the others. A large one has a place of its own: too much of a block that it does not
    /// fit into would be lost.
    fn keep(&mut self) -> Bytes {
        if self.event.len() > BLOCK / 8 {
            return Bytes::from(std::mem::take(&mut self.event).into_boxed_slice());
        }
        if self.block.capacity() < self.event.len() {
            self.block = BytesMut::with_capacity(BLOCK);
        }
        self.block.extend_from_slice(&self.event);
        self.block.split().freeze()
    }
}
