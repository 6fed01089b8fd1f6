//! What the agent's responses say beside their status (RFC 3261 §8.2.6, §11.2, §20).

use bytes::Bytes;

use super::command::NewHeader;
use crate::sip::{Headers, Name, Request, Writer};

/// The methods that this agent serves.
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE";
/// The body type that it reads and writes in an INVITE.
pub const ACCEPT: &str = "application/sdp";
/// The body types in which it finds that.
pub const ACCEPTED: &str = "application/sdp, multipart/mixed";
/// Its name.
pub const SERVER: &str = concat!("call-agent/", env!("CARGO_PKG_VERSION"));
/// Option tags of extensions (§19.2): none yet.
pub const SUPPORTED: &str = "";

/// How long a caller is asked to stay away from an agent that is full or shutting down, seconds.
pub const RETRY_AFTER: &str = "5";

/// Begins a response: the copied headers, a To tag where `tag` is given, Server.
pub fn respond(request: &Headers, status: u16, phrase: Option<&str>, tag: Option<&str>) -> Writer {
    Writer::response(status, phrase).copied(request, tag).header("Server", SERVER)
}

/// A whole response with nothing but its status.
pub fn plain(request: &Request, status: u16, phrase: Option<&str>, tag: &str) -> Bytes {
    respond(&request.headers, status, phrase, Some(tag)).finish()
}

/// The 100 (§8.2.6.1): no tag, the Timestamp copied.
pub fn trying(request: &Request) -> Bytes {
    let writer = respond(&request.headers, 100, None, None);
    match request.headers.first(Name::Timestamp) {
        Some(timestamp) => writer.header("Timestamp", timestamp.value).finish(),
        None => writer.finish(),
    }
}

/// Begins a response that makes or refreshes a dialog (§12.1.1): Record-Route copied, Contact, Allow, Supported.
pub fn in_dialog(request: &Request, status: u16, phrase: Option<&str>, tag: &str, contact: &str) -> Writer {
    let mut writer = respond(&request.headers, status, phrase, Some(tag));
    for route in request.headers.all(Name::RecordRoute) {
        writer = writer.header("Record-Route", route.value);
    }
    capabilities(writer.header("Contact", contact))
}

/// What this agent can do, in responses that may say so.
pub fn capabilities(writer: Writer) -> Writer {
    writer.header("Allow", ALLOW).header("Supported", SUPPORTED)
}

/// Adds what the agent reads, to what an OPTIONS is told (§11.2).
pub fn acceptance(writer: Writer) -> Writer {
    writer.header("Accept", ACCEPTED).header("Accept-Encoding", "identity").header("Accept-Language", "en")
}

/// Adds the headers that a client wants; they have been checked.
pub fn with_headers(writer: Writer, headers: &[NewHeader]) -> Writer {
    headers.iter().fold(writer, |writer, header| writer.header(&header.name, &header.value))
}

/// Ends a message, with a session description if there is one.
pub fn with_body(writer: Writer, sdp: Option<&str>) -> Bytes {
    match sdp {
        Some(sdp) => writer.finish_with(ACCEPT, sdp.as_bytes()),
        None => writer.finish(),
    }
}
