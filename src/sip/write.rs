//! From headers to bytes.

use bytes::{Bytes, BytesMut};

use super::{Headers, Known, Uri};

/// Writes one message, header by header. Control characters in a value cannot start a header or a message: CR, LF
/// and NUL are written as a space. Ends with Content-Length and the body.
#[derive(Debug)]
pub struct Writer {
    out: BytesMut,
}

impl Writer {
    /// A response's start line; the phrase is the RFC's unless another is given.
    pub fn response(status: u16, phrase: Option<&str>) -> Self {
        todo!()
    }
    /// A request's start line.
    pub fn request(method: Known, uri: &Uri) -> Self {
        todo!()
    }
    /// Copies what a response copies (§8.2.6.2): every Via, From, To, Call-ID, CSeq, raw; `to_tag` is added to a
    /// To that has none.
    pub fn copied(self, request: &Headers, to_tag: Option<&str>) -> Self {
        todo!()
    }
    /// One header line.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        todo!()
    }
    /// No body.
    pub fn finish(self) -> Bytes {
        todo!()
    }
    /// With Content-Type and body.
    pub fn finish_with(self, content_type: &str, body: &[u8]) -> Bytes {
        todo!()
    }
}
