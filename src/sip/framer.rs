//! Cutting a byte stream into messages (§18.3, RFC 5626 §3.5.1).

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
    Message(Result<Message, Unreadable>),
    /// A double CRLF between messages: answer with one CRLF.
    Ping,
    /// The end of this message cannot be found: answer if `Answerable`, then close the connection.
    Lost(Unreadable),
}

/// Holds the bytes of one connection that are not yet a message.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
}

impl Framer {
    pub fn new(limits: Limits) -> Self {
        todo!()
    }
    /// Takes bytes as they were read.
    pub fn push(&mut self, bytes: &[u8]) {
        todo!()
    }
    /// The next message, ping or fault, or `None` until more bytes come.
    pub fn next(&mut self) -> Option<Framed> {
        todo!()
    }
}
