//! From headers to bytes.

use bytes::Bytes;
use memchr::{memchr2, memchr3};

use super::grammar;
use super::method::known_str;
use super::{Headers, Known, Name, Uri, reason_phrase, tag_of};

/// Room for a message of the usual size, so that writing one allocates once.
const ROOM: usize = 1024;

/// Writes one message, header by header. Control characters in a value cannot start a header or a message: CR, LF
/// and NUL are written as a space. Ends with Content-Length and the body.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// A response's start line; the phrase is the RFC's unless another is given.
    pub fn response(status: u16, phrase: Option<&str>) -> Self {
        let mut writer = Self { out: Vec::with_capacity(ROOM) };
        writer.raw(b"SIP/2.0 ");
        writer.number(status.into());
        writer.raw(b" ");
        writer.value(phrase.unwrap_or(reason_phrase(status)).as_bytes());
        writer.raw(b"\r\n");
        writer
    }

    /// A request's start line.
    pub fn request(method: Known, uri: &Uri) -> Self {
        let mut writer = Self { out: Vec::with_capacity(ROOM) };
        writer.raw(known_str(method).as_bytes());
        writer.raw(b" ");
        writer.value(uri.as_str().as_bytes());
        writer.raw(b" SIP/2.0\r\n");
        writer
    }

    /// Copies what a response copies (§8.2.6.2): every Via, From, To, Call-ID, CSeq, raw; `to_tag` is added to a
    /// To that has none.
    pub fn copied(mut self, request: &Headers, to_tag: Option<&str>) -> Self {
        for via in request.all(Name::Via) {
            self.copy("Via", via.value);
        }
        if let Some(from) = request.first(Name::From) {
            self.copy("From", from.value);
        }
        if let Some(to) = request.first(Name::To) {
            self.name("To");
            self.received(to.value);
            if let Some(tag) = to_tag.filter(|_| tag_of(to.value).is_none()) {
                self.raw(b";tag=");
                self.value(tag.as_bytes());
            }
            self.raw(b"\r\n");
        }
        for name in [Name::CallId, Name::CSeq] {
            if let Some(header) = request.first(name) {
                self.copy(name.as_str(), header.value);
            }
        }
        self
    }

    /// One header line.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.name(name);
        self.value(value.as_ref());
        self.raw(b"\r\n");
        self
    }

    /// No body.
    pub fn finish(self) -> Bytes {
        self.end(&[])
    }

    /// With Content-Type and body.
    pub fn finish_with(self, content_type: &str, body: &[u8]) -> Bytes {
        self.header("Content-Type", content_type).end(body)
    }

    fn end(mut self, body: &[u8]) -> Bytes {
        self.raw(b"Content-Length: ");
        self.number(body.len());
        self.raw(b"\r\n\r\n");
        self.raw(body);
        // Of exactly its size: it may be kept for as long as its call.
        Bytes::copy_from_slice(&self.out)
    }

    /// A header of the peer's, given back as it came. A NUL in it was read as part of a quoted pair.
    fn copy(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.received(value);
        self.raw(b"\r\n");
    }

    /// A name: whatever is not of a token is left out.
    fn name(&mut self, name: &str) {
        if grammar::token(name.as_bytes()) {
            self.raw(name.as_bytes());
        } else {
            self.out.extend(name.bytes().filter(|byte| grammar::is_token(*byte)));
        }
        self.raw(b": ");
    }

    fn value(&mut self, value: &[u8]) {
        self.cleaned(value, memchr3(b'\r', b'\n', 0, value).is_none(), |byte| {
            matches!(byte, b'\r' | b'\n' | 0)
        });
    }

    fn received(&mut self, value: &[u8]) {
        self.cleaned(value, memchr2(b'\r', b'\n', value).is_none(), |byte| matches!(byte, b'\r' | b'\n'));
    }

    fn cleaned(&mut self, value: &[u8], is_clean: bool, forbidden: impl Fn(u8) -> bool) {
        if is_clean {
            return self.raw(value);
        }
        self.out.extend(value.iter().map(|byte| if forbidden(*byte) { b' ' } else { *byte }));
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn number(&mut self, number: usize) {
        self.raw(itoa::Buffer::new().format(number).as_bytes());
    }
}
