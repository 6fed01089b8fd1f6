//! From bytes to a message.
//!
//! The head is read header by header; the first fault is kept and reading goes on, because what a response copies may
//! stand behind it.

use bytes::Bytes;
use memchr::memchr_iter;

use super::fault::{Fault, Read};
use super::lines::{self, Length, Lines};
use super::mandatory::Mandatory;
use super::start_line::StartLine;
use super::{Headers, Message, Name, Request, Response, Unreadable};

/// How many header fields a message may have: beyond, it is answered 400.
const MOST_HEADERS: usize = 256;

const NOT_SIP: Fault = Fault::bad("message", "not SIP");

/// Reads a complete message of a datagram: bytes behind Content-Length are discarded, too few are a fault (§18.3). Like those of a
/// stream, head and body are copies of exactly their size.
pub fn parse_datagram(datagram: impl AsRef<[u8]>) -> Result<Message, Unreadable> {
    let datagram = datagram.as_ref();
    let start = datagram.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(datagram.len());
    let datagram = datagram.get(start..).unwrap_or_default();
    let read = |head: &[u8]| Head::read(&Bytes::copy_from_slice(head));
    let whole = lines::head_end(datagram, 0).ok().and_then(|end| datagram.split_at_checked(end));
    let Some((head, body)) = whole else {
        return Err(read(datagram).refused(Fault::bad("message", "headers without an end")));
    };
    let head = read(head);
    let length = match head.length {
        Length::Declared(length) => length,
        Length::Missing { .. } => body.len(),
        Length::Faulty(what) => return Err(head.refused(Fault::bad("Content-Length", what))),
    };
    match body.get(..length) {
        Some(body) => head.message(Bytes::copy_from_slice(body)),
        None => Err(head.refused(Fault::bad("Content-Length", "larger than the body"))),
    }
}

/// The head of a message with the first fault in its headers.
#[derive(Debug)]
pub(super) struct Head {
    start: StartLine,
    headers: Headers,
    length: Length,
    fault: Option<Fault>,
}

impl Head {
    /// Reads a head, whole or as far as it goes.
    pub fn read(head: &Bytes) -> Self {
        let (line, mut lines) = Lines::start(head);
        let start = StartLine::parse(head, line);
        let most = memchr_iter(b'\n', head).count().min(MOST_HEADERS);
        let mut headers = Headers::of(head.clone(), most);
        let mut length = Length::Missing { typed: false };
        let mut fault = None;
        while let Some(field) = lines.field() {
            match field {
                // What is behind them is not kept, but the message still ends where it says.
                Ok(field) if headers.len() == MOST_HEADERS => {
                    length = length.with(Name::of(field.name), field.value);
                    fault = fault.or(Some(Fault::bad("message", "too many headers")));
                }
                Ok(field) => {
                    let header = headers.push(field);
                    length = length.with(header.name, header.value);
                }
                Err(what) => fault = fault.or(Some(Fault::bad("message", what))),
            }
        }
        Self { start, headers, length, fault }
    }

    /// What it says of the body's length.
    pub fn length(&self) -> Length {
        self.length
    }

    /// Why it is not certain where the message ends, or that it is one at all.
    pub fn unframed(&self) -> Option<Fault> {
        match self.start {
            StartLine::Foreign => Some(NOT_SIP),
            _ => self.fault.filter(|fault| fault.what == lines::LINE_END),
        }
    }

    /// The message is refused for another fault than those of its headers.
    pub fn refused(self, fault: Fault) -> Unreadable {
        match self.start {
            StartLine::Request { method, uri: Err(version) } if version.status == 505 => {
                version.of(Some(method), self.headers)
            }
            StartLine::Request { method, .. } => fault.of(Some(method), self.headers),
            _ => fault.of(None, self.headers),
        }
    }

    /// The message with its body.
    pub fn message(self, body: Bytes) -> Read {
        match self.start {
            StartLine::Foreign => Err(NOT_SIP.of(None, self.headers)),
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
                    part: None,
                };
                Ok(Message::Request(Box::new(request)))
            }
        }
    }
}
