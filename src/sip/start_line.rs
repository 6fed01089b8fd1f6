//! The first line of a message: Request-Line and Status-Line (§7.1, §7.2).

use bytes::Bytes;
use bytestring::ByteString;

use super::fault::Fault;
use super::grammar::{decimal, token};
use super::text::decode;
use super::{Method, Uri, uri};

/// A start line, with the faults of a request's second half kept: its method tells whether it can be answered.
#[derive(Debug)]
pub(super) enum StartLine {
    Request {
        method: Method,
        uri: Result<Uri, Fault>,
    },
    Response {
        status: u16,
        reason_phrase: ByteString,
    },
    Faulty(Fault),
    /// Not the first line of a SIP message, be it ever so faulty. Of a stream, the place of the next message is lost.
    Foreign,
}

fn is_version(text: &[u8]) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
}

impl StartLine {
    /// Reads the line without its end; `line` is part of `message`.
    pub fn parse(message: &Bytes, line: &[u8]) -> Self {
        let read = if is_version(line) { status_line(message, line) } else { request_line(message, line) };
        let is_sip = || line.split(|byte| *byte == b' ').any(is_version);
        match read {
            Ok(Self::Request { uri: Err(_), .. }) | Err(_) if !is_sip() => Self::Foreign,
            read => read.unwrap_or_else(Self::Faulty),
        }
    }
}

fn status_line(message: &Bytes, line: &[u8]) -> Result<StartLine, Fault> {
    let fault = Fault::bad("Status-Line", "not a version, a code and a phrase");
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    let (version, code) = (parts.next().ok_or(fault)?, parts.next().ok_or(fault)?);
    check_version(version)?;
    let status = decimal(code, 699).filter(|status| code.len() == 3 && *status >= 100);
    let status = status.and_then(|status| u16::try_from(status).ok()).ok_or(fault)?;
    // A phrase may be empty, and some peers leave out the space before it too.
    let phrase = parts.next().unwrap_or_default();
    if phrase.iter().any(|byte| matches!(byte, 0 | b'\r')) {
        return Err(Fault::bad("Status-Line", "control character"));
    }
    let reason_phrase = decode(message.slice_ref(phrase));
    Ok(StartLine::Response { status, reason_phrase })
}

/// `SIP/2.0`, or another version (505), or no version at all.
fn check_version(text: &[u8]) -> Result<(), Fault> {
    if text.eq_ignore_ascii_case(b"SIP/2.0") {
        return Ok(());
    }
    let number = text.get(4..).filter(|_| is_version(text)).unwrap_or_default();
    if !number.is_empty() && number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return Err(Fault { status: 505, part: "", what: "SIP Version Not Supported" });
    }
    Err(Fault::bad("start line", "no SIP version"))
}

fn request_line(message: &Bytes, line: &[u8]) -> Result<StartLine, Fault> {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    let (method, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    if !token(method) {
        return Err(Fault::bad("Request-Line", "no method"));
    }
    Ok(StartLine::Request { method: Method::from_token(method), uri: request_uri(message, rest) })
}

/// Reads ` URI VERSION`.
fn request_uri(message: &Bytes, rest: &[u8]) -> Result<Uri, Fault> {
    let mut parts = rest.split(|byte| *byte == b' ').skip(1);
    let (Some(uri), Some(version), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Fault::bad("Request-Line", "not a method, a URI and a version"));
    };
    check_version(version)?;
    let bad = |what| Fault::bad("Request-URI", what);
    let text = ByteString::try_from(message.slice_ref(uri)).map_err(|_| bad(uri::NOT_TEXT))?;
    let uri = Uri::parse(text).map_err(bad)?;
    if uri.has_headers() {
        return Err(bad("headers are not allowed here"));
    }
    Ok(uri)
}
