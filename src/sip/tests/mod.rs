//! The wire, tested with real, tortured and mutated messages.

mod fields;
mod hostile;
mod multipart;
mod mutation;
mod names;
mod rsip;
mod strictness;
mod torture;
mod uris;
mod vias;
mod writing;

use bytes::Bytes;

use super::{Framed, Framer, Limits, Message, Request, Unreadable, parse_datagram};

/// A file of `tests/`, its path relative to that folder.
pub(super) fn file(path: &str) -> Vec<u8> {
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

pub(super) fn request(bytes: impl AsRef<[u8]>) -> Request {
    match read(bytes.as_ref()) {
        Ok(Message::Request(request)) => *request,
        other => panic!("not a request: {other:?}"),
    }
}

/// The phrase of what is refused with 400.
fn refusal(bytes: impl AsRef<[u8]>) -> String {
    match read(bytes.as_ref()) {
        Err(Unreadable::Answerable { status: 400, phrase, .. }) => phrase.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

/// An INVITE with these headers in place of its own of the same name, or besides.
pub(super) fn invite_with(headers: &[(&str, &[u8])]) -> Vec<u8> {
    let usual: [(&str, &[u8]); 6] = [
        ("Via", b"SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKa"),
        ("From", b"<sip:alice@example.com>;tag=1"),
        ("To", b"<sip:bob@example.com>"),
        ("Call-ID", b"a@b"),
        ("CSeq", b"1 INVITE"),
        ("Contact", b"<sip:alice@192.0.2.1>"),
    ];
    let kept = usual.iter().filter(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    let mut message = b"INVITE sip:bob@example.com SIP/2.0\r\n".to_vec();
    for (name, value) in kept.chain(headers) {
        message.extend_from_slice(name.as_bytes());
        message.extend_from_slice(b": ");
        message.extend_from_slice(value);
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"\r\n");
    message
}
