//! An event as it goes to readers: encoded once, for all of them, when the first one asks for it. What nobody reads is never
//! encoded: of a log in memory that is most of what happens between two looks at it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;

use super::{EventId, Settings, Told, Topic};
use crate::agent::{CallId, News, Timestamp};
use crate::json;

/// One event for readers. Clones share it.
#[derive(Clone, Debug)]
pub struct Frame(Form);

#[derive(Clone, Debug)]
enum Form {
    Written(Text),
    Numbered(Arc<Numbered>),
}

/// An event as it is sent: the envelope alone is a part of the server-sent event's bytes.
#[derive(Clone, Debug)]
struct Text {
    sse: Bytes,
    envelope: usize,
}

impl Frame {
    /// As a server-sent event: `id`, `event` and `data` lines and the empty line.
    pub fn sse(&self) -> Bytes {
        self.text().sse.clone()
    }

    /// The CloudEvents envelope and a line feed.
    pub fn line(&self) -> Bytes {
        self.text().envelope(1)
    }

    /// The CloudEvents envelope alone.
    pub fn envelope(&self) -> Bytes {
        self.text().envelope(2)
    }

    /// A frame of an event that was numbered and written earlier.
    pub(super) fn again(id: &EventId, topic: Topic, envelope: &[u8]) -> Self {
        let head = format!("id: {id}\nevent: {}\ndata: ", topic.name());
        let sse = [head.as_bytes(), envelope, b"\n\n"].concat().into();
        Self(Form::Written(Text { sse, envelope: head.len() }))
    }

    /// About how many bytes it is long.
    pub fn size(&self) -> usize {
        match &self.0 {
            Form::Written(text) => text.sse.len(),
            Form::Numbered(event) => event.size,
        }
    }

    fn text(&self) -> &Text {
        match &self.0 {
            Form::Written(text) => text,
            Form::Numbered(event) => event.text(),
        }
    }
}

impl From<Arc<Numbered>> for Frame {
    fn from(event: Arc<Numbered>) -> Self {
        Self(Form::Numbered(event))
    }
}

impl Text {
    /// The envelope, without what stands behind all but the first of two line feeds.
    fn envelope(&self, without: usize) -> Bytes {
        self.sse.slice(self.envelope..self.sse.len().saturating_sub(without))
    }

    /// Of an event; one without a number has the id in its envelope only.
    fn of(
        (id, is_numbered): (&EventId, bool),
        source: &str,
        envelope: &Envelope<impl Serialize>,
        room: usize,
    ) -> Result<Self, serde_json::Error> {
        let (mut out, id, topic) = (Vec::with_capacity(room), id.text(), envelope.topic.name());
        if is_numbered {
            ["id: ", &id, "\n"].iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        }
        ["event: ", topic, "\ndata: "].iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        let start = out.len();
        let event = CloudEvent {
            specversion: "1.0",
            id: &id,
            source,
            r#type: topic,
            subject: envelope.subject.as_ref(),
            time: envelope.time,
            datacontenttype: "application/json",
            data: &envelope.data,
        };
        json::append(&mut out, &event)?;
        out.extend_from_slice(b"\n\n");
        Ok(Self { sse: out.into(), envelope: start })
    }
}

/// An event that has its number, and is written when somebody asks for it.
#[derive(Debug)]
pub struct Numbered {
    pub(super) told: Told,
    pub(super) sequence: u64,
    origin: Arc<Origin>,
    size: usize,
    /// Whether somebody follows the log: what is written for the disk is kept for him.
    is_awaited: bool,
    text: OnceLock<Text>,
}

/// Where events come from.
#[derive(Debug)]
struct Origin {
    epoch: Arc<str>,
    source: String,
}

impl Numbered {
    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The CloudEvents envelope alone, for the disk.
    pub(super) fn envelope(&self) -> Bytes {
        match self.text.get() {
            None if !self.is_awaited => self.write().envelope(2),
            _ => self.text().envelope(2),
        }
    }

    fn text(&self) -> &Text {
        self.text.get_or_init(|| self.write())
    }

    fn write(&self) -> Text {
        self.encode().unwrap_or_else(|error| {
            // None of what is told of has anything that JSON has not.
            tracing::error!(%error, event = self.told.topic().name(), "an event could not be encoded");
            Text { sse: Bytes::new(), envelope: 0 }
        })
    }

    fn encode(&self) -> Result<Text, serde_json::Error> {
        let (topic, time) = (self.told.topic(), self.told.time());
        match &self.told {
            Told::News(News::Call(event)) => {
                let subject = Some(Name::Call(event.call.id));
                self.enveloped(&Envelope { topic, subject, time, data: event.data() })
            }
            Told::News(News::Account(event)) => {
                let subject = Some(Name::Account(event.account.id.clone()));
                self.enveloped(&Envelope { topic, subject, time, data: event })
            }
            Told::Draining(_) => {
                self.enveloped(&Envelope { topic, subject: None, time, data: serde_json::Map::new() })
            }
        }
    }

    fn enveloped(&self, envelope: &Envelope<impl Serialize>) -> Result<Text, serde_json::Error> {
        let id = EventId { epoch: self.origin.epoch.clone(), sequence: self.sequence };
        Text::of((&id, true), &self.origin.source, envelope, self.size)
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

/// Numbers events.
#[derive(Debug)]
pub(super) struct Press {
    origin: Arc<Origin>,
    last: u64,
}

/// About how long what stands around the data of an event is, bytes.
const ENVELOPE: usize = 280;

impl Press {
    pub fn new(settings: &Settings) -> Self {
        let source = format!("/call-agent/{}", settings.node);
        Self { origin: Arc::new(Origin { epoch: settings.epoch.as_str().into(), source }), last: 0 }
    }

    /// The next event of the log.
    pub fn number(&mut self, told: Told, is_awaited: bool) -> Arc<Numbered> {
        self.last += 1;
        let data = match &told {
            Told::News(News::Call(event)) => event.size(),
            Told::News(News::Account(_)) | Told::Draining(_) => ENVELOPE,
        };
        let (origin, size) = (self.origin.clone(), ENVELOPE + data);
        Arc::new(Numbered { told, sequence: self.last, origin, size, is_awaited, text: OnceLock::new() })
    }

    /// Goes on behind an event of an earlier run.
    pub fn go_on_behind(&mut self, last: u64) {
        self.last = last;
    }

    /// An event for one reader only, which takes no number. Its envelope has the id `before`, so that a reader who takes
    /// his place from it goes on right; as a server-sent event it has none.
    pub fn aside(&self, before: &EventId, envelope: &Envelope<impl Serialize>) -> Option<Frame> {
        let written = Text::of((before, false), &self.origin.source, envelope, ENVELOPE * 2);
        written.ok().map(|text| Frame(Form::Written(text)))
    }
}

#[cfg(test)]
mod tests;
