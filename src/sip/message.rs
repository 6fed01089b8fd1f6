//! A message that has been read: what every element needs of it parsed once, the rest as it came.

use std::net::SocketAddr;

use bytes::Bytes;
use bytestring::ByteString;

use super::{Headers, Method, Name, NameAddr, Uri, Via};

/// A SIP message.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request.
    Request(Box<Request>),
    /// A response.
    Response(Box<Response>),
}

/// A request whose mandatory headers are there and readable (§8.1.1).
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// The Request-URI, without headers if it is a SIP URI.
    pub uri: Uri,
    /// The topmost one.
    pub via: Via,
    /// Who asks; without a tag from an RFC 2543 element.
    pub from: NameAddr,
    /// Who is asked; with a tag inside a dialog.
    pub to: NameAddr,
    /// Call-ID.
    pub call_id: ByteString,
    /// Its method is the request's.
    pub cseq: u32,
    /// `None` from an RFC 2543 element.
    pub max_forwards: Option<u8>,
    /// The first Contact that can be read, if there is one (`*` is none).
    pub contact: Option<NameAddr>,
    /// Every header field, the parsed ones among them, in order.
    pub headers: Headers,
    /// The body, bytes.
    pub body: Bytes,
    /// What the body says of itself, where it has been taken out of several parts.
    pub part: Option<Box<Headers>>,
}

impl Request {
    /// The headers that are about the body.
    pub fn content(&self) -> &Headers {
        self.part.as_deref().unwrap_or(&self.headers)
    }

    /// Fills `received` and `rport` of the topmost Via in (§18.2.1, RFC 3581 §4).
    pub fn stamp(&mut self, peer: SocketAddr) {
        stamp(&self.via, &mut self.headers, peer);
    }
}

/// A response whose mandatory headers are there and readable.
#[derive(Clone, Debug)]
pub struct Response {
    /// 100–699.
    pub status: u16,
    /// As received; may be empty.
    pub reason_phrase: ByteString,
    /// The topmost one: ours.
    pub via: Via,
    /// Who asked.
    pub from: NameAddr,
    /// Who was asked.
    pub to: NameAddr,
    /// Call-ID.
    pub call_id: ByteString,
    /// Of the request that is answered.
    pub cseq: CSeq,
    /// The first Contact that can be read, if there is one.
    pub contact: Option<NameAddr>,
    /// Every header field, the parsed ones among them, in order.
    pub headers: Headers,
    /// The body, bytes.
    pub body: Bytes,
}

/// Sequence number and method (§20.16); the number is below 2³¹.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// The sequence number.
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

/// A message that cannot be taken for a good one.
#[derive(Clone, Debug)]
pub enum Unreadable {
    /// A request with enough of it readable to be answered: its topmost Via, and a method that takes an answer.
    Answerable {
        /// 400, 413 or 505.
        status: u16,
        /// What is wrong, for the status line: printable ASCII.
        phrase: ByteString,
        /// What could be read, for [`super::Writer::copied`]; From, To, Call-ID and CSeq may be missing (RFC 4475 §3.3.1).
        headers: Box<Headers>,
        /// The topmost Via; its parameters up to the first bad one.
        peer_via: Box<Via>,
        /// The method, known or not; never ACK.
        method: Method,
    },
    /// A response, an ACK, or a request too broken to be answered: counted and dropped.
    Dropped {
        /// What is wrong, for the count.
        fault: &'static str,
    },
}

impl Unreadable {
    /// As [`Request::stamp`].
    pub fn stamp(&mut self, peer: SocketAddr) {
        if let Self::Answerable { headers, peer_via, .. } = self {
            stamp(peer_via, headers, peer);
        }
    }
}

fn stamp(via: &Via, headers: &mut Headers, peer: SocketAddr) {
    if let Some(value) = via.stamped(peer) {
        headers.set_first(Name::Via, value);
    }
}
