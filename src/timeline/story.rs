//! A call's entries in the order of time, as clients get them.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::secrets;
use super::trace::{Direction, Entry, Seen, Sighting};
use crate::agent::{Call, CallId, Timestamp};

/// What happened to a call, on one clock.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub struct Story {
    /// The call.
    pub call_id: CallId,
    /// The SIP Call-ID.
    #[schema(examples("e0400bba-a8c0-123d-c0a8-0242ac110002"))]
    pub sip_call_id: String,
    /// How many entries between the beginning and the latest part were too many and are not kept.
    pub dropped: usize,
    /// In the order of time.
    pub entries: Vec<StoryEntry>,
    /// The call itself, for those who draw it.
    #[serde(skip)]
    pub call: Arc<Call>,
}

/// Something on the clock.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[schema(as = TimelineEntry)]
pub enum StoryEntry {
    /// A SIP message.
    Sip(SipEntry),
    /// A command to the call.
    Command(CommandEntry),
    /// An event of the call.
    Event(EventEntry),
}

/// A SIP message, without its secrets: what answers challenges, and keys of media, are covered by `*`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SipEntry {
    /// When it was read, or given to the connection.
    pub at: Timestamp,
    /// Which way it went.
    pub direction: SipDirection,
    /// `udp`, `tcp` or `tls`.
    #[schema(examples("tcp"))]
    pub transport: String,
    /// Our address.
    #[schema(examples("10.0.0.2:5060"))]
    pub local: String,
    /// The peer's address.
    #[schema(examples("10.0.0.1:40312"))]
    pub peer: String,
    /// What it is, in short.
    #[schema(examples("180 Ringing"))]
    pub summary: String,
    /// All of it, up to 16 KiB; what is not UTF-8 is replaced.
    pub message: String,
    /// The same as it was seen.
    #[serde(skip)]
    #[schema(ignore)]
    pub bytes: Bytes,
    /// How long all of it was, bytes.
    #[serde(skip)]
    #[schema(ignore)]
    pub length: usize,
    /// The addresses, to write packets.
    #[serde(skip)]
    #[schema(ignore)]
    pub ends: (std::net::SocketAddr, std::net::SocketAddr),
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SipDirection {
    /// From the peer.
    Received,
    /// To the peer.
    Sent,
}

/// A command to the call that reached the agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CommandEntry {
    /// When it reached the agent.
    pub at: Timestamp,
    /// Its name.
    #[schema(examples("accept"))]
    pub name: String,
    /// Who says that he gave it (`Claim-Owner`).
    #[schema(required)]
    pub by: Option<String>,
    /// When it was answered.
    pub answered_at: Timestamp,
    /// Why it was refused; null: it was done.
    #[schema(required)]
    pub refusal: Option<String>,
}

/// An event of the call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventEntry {
    /// When it happened.
    pub at: Timestamp,
    /// Its id in the streams.
    #[schema(examples("7f3a-184223"))]
    pub event_id: String,
    /// Its name.
    #[schema(examples("call.ringing"))]
    pub r#type: String,
}

/// The parts of an envelope that are shown.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    time: Timestamp,
}

impl Story {
    pub(super) fn new(call: Arc<Call>, entries: Vec<Entry>, dropped: usize, events: &[Bytes]) -> Self {
        let events = events.iter().filter_map(|envelope| EventEntry::read(envelope)).map(StoryEntry::Event);
        let mut entries: Vec<_> = entries.into_iter().map(StoryEntry::of).chain(events).collect();
        // Of one moment: what was received, then what is told of it, then what is sent.
        entries.sort_by_key(|entry| (entry.at(), entry.rank()));
        Self { call_id: call.id, sip_call_id: call.sip.call_id.to_string(), dropped, entries, call }
    }

    /// When it began.
    pub fn start(&self) -> Timestamp {
        self.entries.first().map_or(self.call.created_at, StoryEntry::at)
    }
}

impl StoryEntry {
    fn of(Entry { at, seen }: Entry) -> Self {
        match seen {
            Seen::Message(sighting) => Self::Sip(SipEntry::of(at, sighting)),
            Seen::Command { asked, answered_at, refusal } => Self::Command(CommandEntry {
                at,
                name: asked.what.to_owned(),
                by: asked.by,
                answered_at,
                refusal,
            }),
        }
    }

    /// When it was.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Sip(entry) => entry.at,
            Self::Command(entry) => entry.at,
            Self::Event(entry) => entry.at,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Command(_) => 0,
            Self::Sip(entry) if entry.direction == SipDirection::Received => 0,
            Self::Event(_) => 1,
            Self::Sip(_) => 2,
        }
    }
}

impl SipEntry {
    fn of(at: Timestamp, Sighting { direction, transport, local, peer, parts, length }: Sighting) -> Self {
        let mut bytes = parts.concat();
        secrets::mask(&mut bytes);
        let message = String::from_utf8_lossy(&bytes).into_owned();
        let direction = match direction {
            Direction::Received => SipDirection::Received,
            Direction::Sent => SipDirection::Sent,
        };
        let first_line = message.lines().next().unwrap_or_default();
        let what = match first_line.strip_prefix("SIP/2.0 ") {
            Some(status) => status,
            None => first_line.strip_suffix(" SIP/2.0").unwrap_or(first_line),
        };
        Self {
            at,
            direction,
            transport: transport.to_string().to_ascii_lowercase(),
            local: local.to_string(),
            peer: peer.to_string(),
            summary: what.to_owned(),
            ends: (local, peer),
            message,
            bytes: bytes.into(),
            length,
        }
    }

    /// The summary without what is long in it: the method of a request alone.
    pub fn title(&self) -> &str {
        let is_response = self.message.starts_with("SIP/2.0 ");
        let method = self.summary.split(' ').next().unwrap_or_default();
        if is_response { &self.summary } else { method }
    }

    /// Whether it has a session description.
    pub fn has_sdp(&self) -> bool {
        self.message.split_once("\r\n\r\n").is_some_and(|(_, body)| body.starts_with("v=0"))
    }
}

impl EventEntry {
    fn read(envelope: &[u8]) -> Option<Self> {
        let Envelope { id, r#type, time } = serde_json::from_slice(envelope).ok()?;
        Some(Self { at: time, event_id: id.into_owned(), r#type: r#type.into_owned() })
    }
}
