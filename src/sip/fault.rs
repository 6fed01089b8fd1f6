//! What is wrong with a message, and what becomes of it.

use super::{Headers, Known, Message, Method, Name, Unreadable, Via};

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub status: u16,
    /// The header or other part that is at fault; empty if it is the message.
    pub part: &'static str,
    pub what: &'static str,
}

impl Fault {
    /// A part that is not as the grammar has it: 400.
    pub const fn bad(part: &'static str, what: &'static str) -> Self {
        Self { status: 400, part, what }
    }

    /// A body or a message larger than is taken.
    pub const fn too_large(what: &'static str) -> Self {
        Self { status: 413, part: "", what }
    }

    /// The reason phrase that names the fault.
    fn phrase(self) -> String {
        match (self.status, self.part) {
            (505, _) | (_, "") => self.what.to_owned(),
            (_, part) => format!("Bad {part}: {}", self.what),
        }
    }

    /// A message with this fault: answerable if it is a request, but no ACK, whose topmost Via tells where the answer goes.
    pub fn of(self, method: Option<Method>, headers: Headers) -> Unreadable {
        let via = headers.first(Name::Via).and_then(|via| Via::parse_leniently(&via.kept()));
        match (method, via) {
            (Some(method), Some(peer_via)) if method != Method::Known(Known::Ack) => {
                let phrase = self.phrase().into();
                Unreadable::Answerable {
                    status: self.status,
                    phrase,
                    headers: Box::new(headers),
                    peer_via: Box::new(peer_via),
                    method,
                }
            }
            _ => Unreadable::Dropped { fault: self.what },
        }
    }
}

/// The outcome of reading a message.
pub(super) type Read = Result<Message, Unreadable>;
