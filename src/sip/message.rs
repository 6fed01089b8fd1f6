//! A message that has been read: what every element needs of it parsed once, the rest as it came.

use bytes::Bytes;
use bytestring::ByteString;
use std::net::SocketAddr;

use super::{Headers, Method, NameAddr, Uri, Via};

/// A SIP message.
#[derive(Clone, Debug)]
pub enum Message {
    Request(Box<Request>),
    Response(Box<Response>),
}

/// A request whose mandatory headers are there and readable (§8.1.1).
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    /// The topmost one.
    pub via: Via,
    pub from: NameAddr,
    pub to: NameAddr,
    pub call_id: ByteString,
    /// Its method is the request's.
    pub cseq: u32,
    pub max_forwards: Option<u8>,
    /// The first Contact, if there is one (`*` is none).
    pub contact: Option<NameAddr>,
    /// Every header field, the parsed ones among them, in order.
    pub headers: Headers,
    pub body: Bytes,
}

impl Request {
    /// Fills `received` and `rport` of the topmost Via in (§18.2.1, RFC 3581 §4).
    pub fn stamp(&mut self, peer: SocketAddr) {
        todo!()
    }
}

/// A response whose mandatory headers are there and readable.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub reason_phrase: ByteString,
    pub via: Via,
    pub from: NameAddr,
    pub to: NameAddr,
    pub call_id: ByteString,
    pub cseq: CSeq,
    pub contact: Option<NameAddr>,
    pub headers: Headers,
    pub body: Bytes,
}

/// Sequence number and method (§20.16); the number is below 2³¹.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    pub number: u32,
    pub method: Method,
}

/// A message that cannot be taken for a good one.
#[derive(Clone, Debug)]
pub enum Unreadable {
    /// A request with enough of it readable to be answered: status (400, 413, 505), a phrase that names the fault, and the
    /// headers that a response copies.
    Answerable { status: u16, phrase: ByteString, headers: Headers, peer_via: Via, method: Method },
    /// A response, an ACK, or a request too broken to be answered: counted and dropped.
    Dropped { fault: &'static str },
}
