//! What a client may put into a message: checked before anything is sent (and once more by the writer).

use std::ops::RangeInclusive;

use super::Refusal;
use super::command::{Claimant, NewHeader};
use crate::sip::is_token;

/// How many headers one command may add.
const MAX_HEADERS: usize = 64;
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 4096;
/// How long all of them may be together: PBXs take heads of 64 KiB at most.
const MAX_ALL: usize = 16 * 1024;
const MAX_TEXT: usize = 256;

/// What the agent writes itself, where a second one would make the message another, and what would promise an extension
/// that it has not (100rel, timer).
const OURS: [&str; 32] = [
    "accept",
    "allow",
    "authorization",
    "c",
    "call-id",
    "contact",
    "content-encoding",
    "content-length",
    "content-type",
    "cseq",
    "e",
    "f",
    "from",
    "i",
    "k",
    "l",
    "m",
    "max-forwards",
    "proxy-authorization",
    "record-route",
    "require",
    "route",
    "rseq",
    "server",
    "session-expires",
    "supported",
    "t",
    "to",
    "user-agent",
    "v",
    "via",
    "x",
];

/// A field's value is not allowed.
pub fn field(field: &'static str, fault: &str) -> Refusal {
    Refusal::InvalidField { field, fault: fault.into() }
}

/// The name of who asks for a lease, or has it.
pub fn owner(name: &'static str, owner: &str) -> Result<(), Refusal> {
    if Claimant::is_name(owner) { Ok(()) } else { Err(field(name, "1 to 128 visible ASCII characters")) }
}

/// The statuses that a `ring` may have.
pub const RING_STATUS: RangeInclusive<u16> = 180..=183;
/// The statuses that a `reject` may have.
pub const REJECT_STATUS: RangeInclusive<u16> = 300..=699;
/// The statuses that a `cancel` may have.
pub const CANCEL_STATUS: RangeInclusive<u16> = 400..=699;

/// A status in the range that the command allows.
pub fn status(status: u16, allowed: RangeInclusive<u16>) -> Result<(), Refusal> {
    if allowed.contains(&status) {
        return Ok(());
    }
    Err(field("status", &format!("must be {}–{}, not {status}", allowed.start(), allowed.end())))
}

/// Headers to add: tokens as names, none of ours, values without control characters, all bounded.
pub fn headers(headers: &[NewHeader]) -> Result<(), Refusal> {
    if headers.len() > MAX_HEADERS {
        return Err(Refusal::InvalidHeader(format!("at most {MAX_HEADERS} can be added")));
    }
    let all: usize = headers.iter().map(|header| header.name.len() + header.value.len()).sum();
    if all > MAX_ALL {
        return Err(Refusal::InvalidHeader(format!("together longer than {MAX_ALL} bytes")));
    }
    headers.iter().try_for_each(header)
}

fn header(NewHeader { name, value }: &NewHeader) -> Result<(), Refusal> {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(32).collect();
    let invalid = |fault: &str| Err(Refusal::InvalidHeader(format!("{shown:?}: {fault}")));
    if !is_token(name) || name.len() > MAX_NAME {
        return invalid("the name must be a token of up to 128 characters");
    }
    let lower = name.to_ascii_lowercase();
    if OURS.contains(&lower.as_str()) {
        return invalid("the agent writes this header itself");
    }
    if value.len() > MAX_VALUE {
        return invalid("the value is longer than 4096 bytes");
    }
    if has_control(value) {
        return invalid("the value has a control character in it");
    }
    Ok(())
}

/// A reason phrase.
pub fn phrase(phrase: Option<&str>) -> Result<(), Refusal> {
    phrase.map_or(Ok(()), |phrase| text("reason", phrase))
}

/// Short text without control characters.
pub fn text(name: &'static str, text: &str) -> Result<(), Refusal> {
    if text.len() > MAX_TEXT {
        return Err(field(name, "must be at most 256 bytes"));
    }
    if has_control(text) {
        return Err(field(name, "must have no control characters"));
    }
    Ok(())
}

/// A token (RFC 3261 §25.1).
pub fn token(name: &'static str, text: &str) -> Result<(), Refusal> {
    if is_token(text) && text.len() <= MAX_NAME { Ok(()) } else { Err(field(name, "must be a token")) }
}

/// A media type (RFC 3261 §25.1), perhaps with parameters.
pub fn media_type(name: &'static str, text: &str) -> Result<(), Refusal> {
    let kind = text.split(';').next().unwrap_or_default().trim();
    let is_type = kind.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    if is_type && text.len() <= MAX_TEXT && !has_control(text) {
        return Ok(());
    }
    Err(field(name, "must be a media type of up to 256 bytes, as `application/json`"))
}

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\t')
}
