//! From bytes to a message.
//!
//! The head is read header by header; the first fault is kept and reading goes on, because what a response copies may
//! stand behind it.

use bytes::Bytes;

use super::fault::{Fault, Read};
use super::lines::{self, Field, Length, Lines};
use super::mandatory::Mandatory;
use super::start_line::StartLine;
use super::{Header, Headers, Message, Name, Request, Response, Unreadable};

/// How many header fields a message may have: beyond, it is answered 400.
const MOST_HEADERS: usize = 256;

/// Reads a complete message of a datagram: bytes behind Content-Length are discarded, too few are a fault (§18.3).
pub fn parse_datagram(datagram: Bytes) -> Result<Message, Unreadable> {
    let start = datagram.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(datagram.len());
    let datagram = datagram.slice(start..);
    let Ok(end) = lines::head_end(&datagram, 0) else {
        let head = Head::read(&datagram, datagram.len());
        return Err(head.refused(Fault::bad("message", "headers without an end")));
    };
    let head = Head::read(&datagram, end);
    let body = datagram.slice(end..);
    match head.length {
        Length::Declared(length) if length > body.len() => {
            Err(head.refused(Fault::bad("Content-Length", "larger than the body")))
        }
        Length::Declared(length) => head.message(body.slice(..length)),
        Length::Missing { .. } => head.message(body),
        Length::Faulty(what) => Err(head.refused(Fault::bad("Content-Length", what))),
    }
}

/// Reads a message that a stream was cut into: `message` is the head, `head` bytes long, and a body of the right length.
pub(super) fn parse_framed(message: &Bytes, head: usize) -> Read {
    Head::read(message, head).message(message.slice(head.min(message.len())..))
}

/// A message that is refused for its framing: its headers are read only so that it can be answered.
pub(super) fn refuse(head: &Bytes, fault: Fault) -> Unreadable {
    Head::read(head, head.len()).refused(fault)
}

/// The head of a message with the first fault in it.
struct Head {
    start: StartLine,
    headers: Headers,
    length: Length,
    fault: Option<Fault>,
}

impl Head {
    fn read(message: &Bytes, end: usize) -> Self {
        let head = message.get(..end).unwrap_or_default();
        let (line, mut lines) = Lines::start(head);
        let start = StartLine::parse(message, line);
        let most = head.iter().filter(|byte| **byte == b'\n').count().min(MOST_HEADERS);
        let mut headers = Vec::with_capacity(most);
        let mut length = Length::Missing { typed: false };
        let mut fault = None;
        while let Some(field) = lines.field() {
            match field {
                Ok(_) if headers.len() == MOST_HEADERS => {
                    fault = fault.or(Some(Fault::bad("message", "too many headers")));
                    break;
                }
                Ok(field) => {
                    let header = header(message, field);
                    length = length.with(header.name, &header.value);
                    headers.push(header);
                }
                Err(what) => fault = fault.or(Some(Fault::bad("message", what))),
            }
        }
        Self { start, headers: Headers(headers), length, fault }
    }

    fn refused(self, fault: Fault) -> Unreadable {
        match self.start {
            StartLine::Request { method, uri: Err(version) } if version.status == 505 => {
                version.of(Some(method), self.headers)
            }
            StartLine::Request { method, .. } => fault.of(Some(method), self.headers),
            StartLine::Response { .. } | StartLine::Faulty(_) => fault.of(None, self.headers),
        }
    }

    fn message(self, body: Bytes) -> Read {
        match self.start {
            StartLine::Faulty(fault) => Err(fault.of(None, self.headers)),
            StartLine::Response { status, reason_phrase } => {
                let mandatory = self.fault.map_or_else(|| Mandatory::read(&self.headers), Err);
                let Mandatory { via, from, to, call_id, cseq, contact } =
                    mandatory.map_err(|fault| fault.of(None, Headers::default()))?;
                let headers = self.headers;
                let response =
                    Response { status, reason_phrase, via, from, to, call_id, cseq, contact, headers, body };
                Ok(Message::Response(Box::new(response)))
            }
            StartLine::Request { method, uri } => {
                let fault = self.fault;
                let read = uri.and_then(|uri| {
                    let mandatory = fault.map_or_else(|| Mandatory::read(&self.headers), Err)?;
                    let max_forwards = mandatory.of_request(&method, &self.headers)?;
                    Ok((uri, mandatory, max_forwards))
                });
                let (uri, mandatory, max_forwards) = match read {
                    Ok(read) => read,
                    Err(fault) => return Err(fault.of(Some(method), self.headers)),
                };
                let Mandatory { via, from, to, call_id, cseq, contact } = mandatory;
                let (cseq, headers) = (cseq.number, self.headers);
                let request = Request {
                    method,
                    uri,
                    via,
                    from,
                    to,
                    call_id,
                    cseq,
                    max_forwards,
                    contact,
                    headers,
                    body,
                };
                Ok(Message::Request(Box::new(request)))
            }
        }
    }
}

fn header(message: &Bytes, field: Field<'_>) -> Header {
    let Field { name, value, folded } = field;
    Header {
        name: Name::of(name),
        // A token is ASCII.
        raw_name: message.slice_ref(name).try_into().unwrap_or_default(),
        value: if folded { lines::unfold(value).into() } else { message.slice_ref(value) },
    }
}
