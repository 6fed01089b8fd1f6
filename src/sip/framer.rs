//! Cutting a byte stream into messages (§18.3, RFC 5626 §3.5.1).

use bytes::Bytes;

use super::fault::Fault;
use super::lines::{self, Length, Lines};
use super::{Message, Name, Unreadable, parse, start_line};

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
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// No message has begun.
    Between,
    /// The head is not whole; its end has been looked for up to here, from `start` on.
    Head { searched: usize },
    /// The head is whole: its length and that of the body.
    Body { head: usize, body: usize },
    /// Nothing more comes out.
    Lost,
}

/// What stands between two messages.
enum Between {
    /// Nothing, or what is not clear yet.
    Nothing,
    LineEnd(usize),
    Ping,
    Message,
}

impl Between {
    fn read(pending: &[u8]) -> Self {
        match pending {
            [b'\r', b'\n', b'\r', b'\n', ..] => Self::Ping,
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => Self::Nothing,
            [b'\r', b'\n', ..] => Self::LineEnd(2),
            [b'\n', ..] => Self::LineEnd(1),
            _ => Self::Message,
        }
    }
}

impl Framer {
    /// A framer at the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        Self { limits, buffer: Vec::new(), start: 0, state: State::Between }
    }

    /// Takes bytes as they were read.
    pub fn push(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Lost) {
            return;
        }
        self.make_room();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message, ping or fault, or `None` until more bytes come.
    #[expect(clippy::should_implement_trait, reason = "None is not the end: more may be pushed")]
    pub fn next(&mut self) -> Option<Framed> {
        loop {
            match self.state {
                State::Lost => return None,
                State::Body { head, body } => return self.body(head, body),
                State::Between => match Between::read(self.pending()) {
                    Between::Nothing => return None,
                    Between::LineEnd(length) => self.start += length,
                    Between::Ping => {
                        self.start += 4;
                        return Some(Framed::Ping);
                    }
                    Between::Message => self.state = State::Head { searched: 0 },
                },
                State::Head { searched } => match self.head(searched)? {
                    Ok(whole) => self.state = whole,
                    Err(lost) => return Some(lost),
                },
            }
        }
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Looks for the end of the head and for what it says of the body.
    fn head(&mut self, searched: usize) -> Option<Result<State, Framed>> {
        let most = self.limits.head;
        let window = self.pending().get(..most).unwrap_or(self.pending());
        let head = match lines::head_end(window, searched) {
            Ok(head) => head,
            Err(_) if window.len() == most => {
                return Some(Err(self.lose(most, Fault::bad("message", "headers too large"))));
            }
            Err(searched) => {
                self.state = State::Head { searched };
                return None;
            }
        };
        Some(match body_length(self.pending().get(..head).unwrap_or_default()) {
            Ok(body) if body <= self.limits.body => Ok(State::Body { head, body }),
            Ok(_) => Err(self.lose(head, Fault::too_large("Request Entity Too Large"))),
            Err(fault) => Err(self.lose(head, fault)),
        })
    }

    fn body(&mut self, head: usize, body: usize) -> Option<Framed> {
        // A copy of exactly its size: what lives as long as a call must not hold a whole read buffer.
        let message = Bytes::copy_from_slice(self.pending().get(..head + body)?);
        self.start += message.len();
        self.state = State::Between;
        if self.pending().is_empty() {
            self.make_room();
        }
        Some(Framed::Message(parse::parse_framed(&message, head)))
    }

    fn lose(&mut self, head: usize, fault: Fault) -> Framed {
        let head = Bytes::copy_from_slice(self.pending().get(..head).unwrap_or_default());
        self.buffer = Vec::new();
        self.start = 0;
        self.state = State::Lost;
        Framed::Lost(parse::refuse(&head, fault))
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

/// The length of the body that a whole head declares. Content-Length is mandatory on a stream (§20.14); a message
/// without it is taken for one without a body, unless a Content-Type says that there is one.
fn body_length(head: &[u8]) -> Result<usize, Fault> {
    let (line, mut lines) = Lines::start(head);
    if !start_line::is_sip(line) {
        return Err(Fault::bad("message", "not SIP"));
    }
    let mut length = Length::Missing { typed: false };
    while let Some(field) = lines.field() {
        match field {
            Ok(field) => length = length.with(Name::of(field.name), field.value),
            Err(lines::LINE_END) => return Err(Fault::bad("message", lines::LINE_END)),
            // The message is refused when it is whole; where it ends is not in doubt.
            Err(_) => {}
        }
    }
    match length {
        Length::Declared(length) => Ok(length),
        Length::Missing { typed: false } => Ok(0),
        Length::Missing { typed: true } => Err(Fault::bad("message", "no Content-Length")),
        Length::Faulty(what) => Err(Fault::bad("Content-Length", what)),
    }
}

#[cfg(test)]
mod tests;
