//! What was seen of one Call-ID: its beginning and its latest part; what lies between goes when it is too much.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;

use super::{Asked, secrets};
use crate::agent::{CallId, Flow, Timestamp};
use crate::sip::Transport;

/// How many bytes of its beginning, and as many of its latest part, a trace keeps.
const HALF: usize = 32 * 1024;
/// How many bytes of a message are kept.
const MOST_OF_MESSAGE: usize = 16 * 1024;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Received,
    Sent,
}

/// A message and where it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sighting {
    pub direction: Direction,
    pub transport: Transport,
    pub local: SocketAddr,
    pub peer: SocketAddr,
    /// Without its secrets.
    pub bytes: Box<[u8]>,
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
    /// A copy: what lives as long as a trace must not hold a whole read buffer.
    pub fn new(flow: &Flow, direction: Direction, parts: &[&Bytes]) -> Self {
        let length = parts.iter().map(|part| part.len()).sum::<usize>().min(MOST_OF_MESSAGE);
        let mut bytes = Vec::with_capacity(length);
        for part in parts {
            let room = MOST_OF_MESSAGE - bytes.len();
            bytes.extend_from_slice(part.get(..room).unwrap_or(part));
        }
        secrets::mask(&mut bytes);
        let Flow { transport, local, peer, .. } = *flow;
        Self { direction, transport, local, peer, bytes: bytes.into() }
    }
}

impl Entry {
    fn size(&self) -> usize {
        let more = match &self.seen {
            Seen::Message(sighting) => sighting.bytes.len(),
            Seen::Command { asked, refusal, .. } => {
                [&asked.by, refusal].into_iter().flatten().map(String::len).sum()
            }
        };
        size_of::<Self>() + more
    }
}

/// The entries of one Call-ID.
#[derive(Debug, Default)]
pub(super) struct Trace {
    first: Vec<Entry>,
    first_bytes: usize,
    latest: VecDeque<Entry>,
    latest_bytes: usize,
    dropped: usize,
    /// When the last of it was seen.
    pub last: Option<Timestamp>,
    /// The calls that have begun with its Call-ID: both ends of one may be ours.
    pub calls: Vec<CallId>,
    /// How many of them have ended.
    pub ended: usize,
}

impl Trace {
    /// Adds an entry; how many bytes larger the trace is for it, or smaller.
    pub fn add(&mut self, entry: Entry) -> isize {
        let before = self.bytes();
        let size = entry.size();
        self.last = Some(entry.at);
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
        size_of::<Self>() + self.first_bytes + self.latest_bytes
    }

    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.first.iter().chain(&self.latest)
    }

    pub fn dropped(&self) -> usize {
        self.dropped
    }
}
