//! The wire, tested with real, tortured, cut and mutated messages.

mod torture;

use bytes::Bytes;

use super::{Framed, Framer, Limits, Message, Request, Unreadable, parse_datagram};

/// A file of `tests/`, its path relative to that folder.
fn file(path: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Everything that comes out of a stream of these bytes.
fn stream(bytes: &[u8]) -> Vec<Framed> {
    let mut framer = Framer::new(Limits::default());
    framer.push(bytes);
    std::iter::from_fn(|| framer.next()).collect()
}

fn read(bytes: &[u8]) -> Result<Message, Unreadable> {
    parse_datagram(Bytes::copy_from_slice(bytes))
}

fn request(bytes: &[u8]) -> Request {
    match read(bytes) {
        Ok(Message::Request(request)) => *request,
        other => panic!("not a request: {other:?}"),
    }
}

/// Status and phrase of what is refused.
fn refusal(bytes: &[u8]) -> (u16, String) {
    match read(bytes) {
        Err(Unreadable::Answerable { status, phrase, .. }) => (status, phrase.to_string()),
        other => panic!("not refused: {other:?}"),
    }
}
