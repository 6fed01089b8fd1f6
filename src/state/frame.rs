//! An event as it goes to readers: encoded once, for all of them, when the first one asks for it. What nobody reads is never
//! encoded: of a log in memory that is most of what happens between two looks at it. With a log on disk it is encoded for that, and kept
//! for the readers if there are any.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;

use super::{EventId, Settings, Told, Topic, size};
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

/// How much of the room in which events are written is kept, bytes.
const KEPT: usize = 64 * 1024;

thread_local! {
    /// Where an event is written before its size is known.
    static WRITING: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// An event as it is sent: the envelope alone is a part of the server-sent event's bytes.
#[derive(Clone, Debug, Default)]
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

    /// How many bytes it is long; about as many, if it is not encoded.
    pub fn size(&self) -> usize {
        match &self.0 {
            Form::Written(text) => text.sse.len(),
            Form::Numbered(event) => event.size(),
        }
    }

    /// About how many bytes it holds when it is encoded, besides its call. It never changes.
    pub(super) fn held(&self) -> usize {
        match &self.0 {
            Form::Written(text) => text.sse.len(),
            Form::Numbered(event) => size_of::<Numbered>() + event.size + size::held(&event.told),
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
    /// The envelope, without so many of the two line feeds behind it.
    fn envelope(&self, without: usize) -> Bytes {
        self.sse.slice(self.envelope..self.sse.len().saturating_sub(without))
    }

    /// Of an event; one without a number has the id in its envelope only. A copy of exactly its size, as it is kept for long.
    fn of(
        (id, is_numbered): (&EventId, bool),
        source: &str,
        envelope: &Envelope<impl Serialize>,
    ) -> Result<Self, serde_json::Error> {
        WRITING.with_borrow_mut(|out| {
            out.clear();
            let start = Self::write(out, (id, is_numbered), source, envelope)?;
            let text = Self { sse: Bytes::copy_from_slice(out), envelope: start };
            out.clear();
            out.shrink_to(KEPT);
            Ok(text)
        })
    }

    /// The answer is where the envelope starts.
    fn write(
        out: &mut Vec<u8>,
        (id, is_numbered): (&EventId, bool),
        source: &str,
        envelope: &Envelope<impl Serialize>,
    ) -> Result<usize, serde_json::Error> {
        let (id, topic) = (id.text(), envelope.topic.name());
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
        json::append(out, &event)?;
        out.extend_from_slice(b"\n\n");
        Ok(start)
    }
}

/// An event that has its number, and is written when somebody asks for it.
#[derive(Debug)]
pub struct Numbered {
    pub(super) told: Told,
    pub(super) sequence: u64,
    origin: Arc<Origin>,
    size: usize,
    /// Whether somebody followed the log when it was numbered: what is written for the disk is kept for him.
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
    /// How many bytes it is long; about as many, if it is not encoded.
    pub(super) fn size(&self) -> usize {
        self.text.get().map_or(self.size, |text| text.sse.len())
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
        let (topic, time) = (self.told.topic(), self.told.time());
        match &self.told {
            Told::News(News::Call(event)) => {
                let subject = Some(Name::Call(event.call.id));
                self.enveloped(Envelope { topic, subject, time, data: event.data() })
            }
            Told::News(News::Account(event)) => {
                let subject = Some(Name::Account(event.account.id.clone()));
                self.enveloped(Envelope { topic, subject, time, data: event })
            }
            Told::Draining(_) => {
                self.enveloped(Envelope { topic, subject: None, time, data: serde_json::Map::new() })
            }
        }
    }

    /// What cannot be encoded is told without its data: its number is given.
    fn enveloped(&self, envelope: Envelope<impl Serialize>) -> Text {
        let id = EventId { epoch: self.origin.epoch.clone(), sequence: self.sequence };
        let (id, source) = ((&id, true), &self.origin.source);
        let written = Text::of(id, source, &envelope).or_else(|error| {
            tracing::error!(%error, event = envelope.topic.name(), "an event could not be encoded");
            let Envelope { topic, subject, time, .. } = envelope;
            Text::of(id, source, &Envelope { topic, subject, time, data: serde_json::Map::new() })
        });
        written.unwrap_or_default()
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

impl Press {
    pub fn new(settings: &Settings) -> Self {
        let source = format!("/call-agent/{}", settings.node);
        Self { origin: Arc::new(Origin { epoch: settings.epochs.current().clone(), source }), last: 0 }
    }

    /// The next event of the log.
    pub fn number(&mut self, told: Told, is_awaited: bool) -> Arc<Numbered> {
        self.last += 1;
        let (origin, size) = (self.origin.clone(), size::encoded(&told));
        Arc::new(Numbered { told, sequence: self.last, origin, size, is_awaited, text: OnceLock::new() })
    }

    /// Goes on behind an event of an earlier run.
    pub fn go_on_behind(&mut self, last: u64) {
        self.last = last;
    }

    /// An event for one reader only, which takes no number. Its envelope has the id `before`, so that a reader who takes
    /// his place from it goes on right; as a server-sent event it has none.
    pub fn aside(&self, before: &EventId, envelope: &Envelope<impl Serialize>) -> Option<Frame> {
        let written = Text::of((before, false), &self.origin.source, envelope);
        let name = envelope.topic.name();
        let written = written
            .inspect_err(|error| tracing::error!(%error, event = name, "an event could not be encoded"));
        written.ok().map(|text| Frame(Form::Written(text)))
    }
}

#[cfg(test)]
mod tests;
