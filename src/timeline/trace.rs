//! What was seen of one call: its beginning and its latest part; what lies between goes when it is too much.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::Asked;
use crate::agent::{CallId, Flow, Timestamp};
use crate::sip::Transport;

/// How many bytes of its beginning, and as many of its latest part, a trace keeps.
const HALF: usize = 32 * 1024;
/// How many entries a call has as a rule: a call that is answered and hung up.
const USUAL: usize = 6;
/// How many bytes of a message are kept.
const MOST_OF_MESSAGE: usize = 16 * 1024;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Received,
    Sent,
}

/// A message and where it was seen.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub direction: Direction,
    pub transport: Transport,
    pub local: SocketAddr,
    pub peer: SocketAddr,
    /// As it was, with its secrets, in up to two parts; without its end if it is too long.
    pub parts: [Bytes; 2],
    /// How long it was.
    pub length: usize,
}

/// Something on the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub at: Timestamp,
    pub seen: Seen,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Message(Sighting),
    Command { asked: Asked, answered_at: Timestamp, refusal: Option<String> },
}

impl Sighting {
    /// The parts are kept as they are: they share their memory with nothing that is larger (see [`sip`](crate::sip)). Of a message that
    /// is too long, its beginning is copied.
    pub fn new(flow: &Flow, direction: Direction, parts: [&Bytes; 2]) -> Self {
        let length = parts.iter().map(|part| part.len()).sum();
        let parts = if length <= MOST_OF_MESSAGE {
            parts.map(Bytes::clone)
        } else {
            let beginning = parts.into_iter().flatten().take(MOST_OF_MESSAGE);
            [beginning.copied().collect(), Bytes::new()]
        };
        let Flow { transport, local, peer, .. } = *flow;
        Self { direction, transport, local, peer, parts, length }
    }

    /// How many bytes of it are kept.
    pub fn kept(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }
}

/// Without the message: it may have secrets in it.
impl fmt::Debug for Sighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, transport, peer, length, .. } = self;
        write!(f, "{length} bytes {direction:?} by {transport:?} with {peer}")
    }
}

impl Entry {
    fn size(&self) -> usize {
        let more = match &self.seen {
            Seen::Message(sighting) => sighting.kept(),
            Seen::Command { asked, refusal, .. } => {
                [&asked.by, refusal].into_iter().flatten().map(String::len).sum()
            }
        };
        size_of::<Self>() + more
    }
}

/// The entries of one call.
#[derive(Debug)]
pub(super) struct Trace {
    pub call_id: Arc<[u8]>,
    /// When the call ended.
    pub ended: Option<Timestamp>,
    first: Vec<Entry>,
    first_bytes: usize,
    latest: VecDeque<Entry>,
    latest_bytes: usize,
    dropped: usize,
    /// About what it takes without entries, in the places where it is known, too.
    empty_bytes: usize,
}

impl Trace {
    /// Empty; beside it the names by which it is found take so many bytes.
    pub fn new(call_id: Arc<[u8]>, names: usize) -> Self {
        let places = size_of::<(CallId, Box<Self>, CallId)>() + size_of::<(Timestamp, CallId)>();
        let empty_bytes = size_of::<Self>() + places + names + 2 * call_id.len();
        let (first, latest) = (Vec::with_capacity(USUAL), VecDeque::new());
        Self { call_id, ended: None, first, first_bytes: 0, latest, latest_bytes: 0, dropped: 0, empty_bytes }
    }

    /// Adds an entry; how many bytes larger the trace is for it, or smaller.
    pub fn add(&mut self, entry: Entry) -> isize {
        let before = self.bytes();
        let size = entry.size();
        if self.latest.is_empty() && self.first_bytes + size <= HALF {
            self.first_bytes += size;
            self.first.push(entry);
        } else {
            self.latest_bytes += size;
            self.latest.push_back(entry);
            while self.latest_bytes > HALF && self.latest.len() > 1 {
                let Some(dropped) = self.latest.pop_front() else { break };
                self.latest_bytes -= dropped.size();
                self.dropped += 1;
            }
        }
        self.bytes().cast_signed() - before.cast_signed()
    }

    pub fn bytes(&self) -> usize {
        // The room that was made for entries that have not come.
        let room = USUAL.saturating_sub(self.first.len()) * size_of::<Entry>();
        self.empty_bytes + room + self.first_bytes + self.latest_bytes
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.first.iter().chain(&self.latest)
    }

    pub fn dropped(&self) -> usize {
        self.dropped
    }
}
