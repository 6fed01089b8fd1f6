//! Cutting a byte stream into messages (§18.3, RFC 5626 §3.5.1).

use std::mem;

use bytes::Bytes;

use super::fault::Fault;
use super::lines::{self, Length};
use super::parse::Head;
use super::{Message, Unreadable};

/// How large a message may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Start line and headers, bytes.
    pub head: usize,
    /// Body, bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head: 64 * 1024, body: 256 * 1024 }
    }
}

/// What came out of the stream.
#[derive(Debug)]
pub enum Framed {
    /// One message, or what stands where one should.
    Message(Result<Message, Unreadable>),
    /// A double CRLF between messages: answer with one CRLF.
    Ping,
    /// A line end alone: the answer to a double one of ours, or a peer's habit.
    Pong,
    /// The end of this message cannot be found: answer if `Answerable`, then close the connection.
    Lost(Unreadable),
}

/// An empty buffer keeps at most this much memory between messages.
const KEPT: usize = 8 * 1024;

/// Holds the bytes of one connection that are not yet a message: if `next` is called until `None` after each `push`, at
/// most one message within the limits, and what was pushed last.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    buffer: Vec<u8>,
    /// Where the next message begins in `buffer`.
    start: usize,
    state: State,
    /// How long the message was that came out last.
    last: usize,
}

#[derive(Debug)]
enum State {
    /// No message has begun.
    Between,
    /// The same; of what stands here a part was read before the rest. Only then is it waited whether a line end becomes a
    /// double one: both are written whole, and an answer is not to be told with the next message.
    Torn,
    /// The head is not whole; its end has been looked for up to here, from `start` on.
    Head { searched: usize },
    /// The head is whole, so long, and read; the body is so long.
    Body { head: Box<Head>, head_length: usize, length: usize },
    /// Nothing more comes out.
    Lost,
}

/// What stands between two messages.
enum Between {
    /// Nothing, or what is not clear yet.
    Nothing,
    LineFeed,
    Ping,
    Pong,
    Message,
}

impl Between {
    fn read(pending: &[u8], is_torn: bool) -> Self {
        match pending {
            [b'\r', b'\n', b'\r', b'\n', ..] => Self::Ping,
            [b'\r', b'\n'] if !is_torn => Self::Pong,
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => Self::Nothing,
            [b'\r', b'\n', ..] => Self::Pong,
            [b'\n', ..] => Self::LineFeed,
            _ => Self::Message,
        }
    }
}

impl Framer {
    /// A framer at the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        Self { limits, buffer: Vec::new(), start: 0, state: State::Between, last: 0 }
    }

    /// Takes bytes as they were read.
    pub fn push(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Lost) {
            return;
        }
        self.make_room();
        if matches!(self.state, State::Between) && !self.buffer.is_empty() {
            self.state = State::Torn;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, ping, pong or fault, or `None` until more bytes come.
    #[expect(clippy::should_implement_trait, reason = "None is not the end: more may be pushed")]
    pub fn next(&mut self) -> Option<Framed> {
        loop {
            match self.state {
                State::Lost => return None,
                State::Body { .. } => return self.body(),
                State::Between | State::Torn => {
                    let is_torn = matches!(self.state, State::Torn);
                    if let Some(between) = self.between(is_torn)? {
                        return Some(between);
                    }
                }
                State::Head { searched } => {
                    if let Err(lost) = self.head(searched)? {
                        return Some(lost);
                    }
                }
            }
        }
    }

    /// How many bytes of a message that is not whole are held; 0 if none has begun.
    pub fn begun(&self) -> usize {
        match self.state {
            State::Between | State::Torn | State::Lost => 0,
            State::Head { .. } => self.pending().len(),
            State::Body { head_length, .. } => head_length + self.pending().len(),
        }
    }

    /// How long the message was that came out last, or what stood in its place, bytes.
    pub fn last(&self) -> usize {
        self.last
    }

    /// Reads on between two messages.
    fn between(&mut self, is_torn: bool) -> Option<Option<Framed>> {
        let (length, framed) = match Between::read(self.pending(), is_torn) {
            Between::Nothing => return None,
            Between::LineFeed => (1, None),
            Between::Ping => (4, Some(Framed::Ping)),
            Between::Pong => (2, Some(Framed::Pong)),
            Between::Message => {
                self.state = State::Head { searched: 0 };
                return Some(None);
            }
        };
        self.start += length;
        self.state = State::Between;
        Some(framed)
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Looks for the end of the head and reads it.
    fn head(&mut self, searched: usize) -> Option<Result<(), Framed>> {
        let most = self.limits.head;
        let window = self.pending().get(..most).unwrap_or(self.pending());
        let (end, whole) = match lines::head_end(window, searched) {
            Ok(end) => (end, true),
            Err(_) if window.len() == most => (most, false),
            Err(searched) => {
                self.state = State::Head { searched };
                return None;
            }
        };
        // Copies of exactly their size, the head's and the body's: what lives as long as a call must not hold a whole
        // read buffer.
        let head = Head::read(&Bytes::copy_from_slice(window.get(..end)?));
        let length =
            if whole { self.body_length(&head) } else { Err(Fault::bad("message", "headers too large")) };
        Some(match length {
            Ok(length) => {
                self.start += end;
                self.state = State::Body { head: Box::new(head), head_length: end, length };
                Ok(())
            }
            Err(fault) => {
                self.last = end;
                self.buffer = Vec::new();
                self.start = 0;
                self.state = State::Lost;
                Err(Framed::Lost(head.refused(fault)))
            }
        })
    }

    /// The length of the body that a whole head declares. Content-Length is mandatory on a stream (§20.14); a message
    /// without it is taken for one without a body, unless a Content-Type says that there is one.
    fn body_length(&self, head: &Head) -> Result<usize, Fault> {
        if let Some(fault) = head.unframed() {
            return Err(fault);
        }
        match head.length() {
            Length::Declared(length) if length > self.limits.body => {
                Err(Fault::too_large("Request Entity Too Large"))
            }
            Length::Declared(length) => Ok(length),
            Length::Missing { typed: false } => Ok(0),
            Length::Missing { typed: true } => Err(Fault::bad("message", "no Content-Length")),
            Length::Faulty(what) => Err(Fault::bad("Content-Length", what)),
        }
    }

    /// Gives out the message once its body is here.
    fn body(&mut self) -> Option<Framed> {
        let State::Body { length, head_length, .. } = self.state else { return None };
        let body = Bytes::copy_from_slice(self.pending().get(..length)?);
        let State::Body { head, .. } = mem::replace(&mut self.state, State::Between) else { return None };
        self.start += length;
        self.last = head_length + length;
        if self.pending().is_empty() {
            self.make_room();
        }
        Some(Framed::Message(head.message(body)))
    }

    /// Lets go of what has been read, and of the memory of a large message.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.start = 0;
        }
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests;
