//! Of which call a message is: two of ours may have one Call-ID, when a proxy leads from one of our extensions to another.

use memchr::memmem;

use super::trace::{Direction, Sighting};
use crate::agent::Call;

/// The Call-ID of a message that we wrote.
pub(super) fn call_id(message: &[u8]) -> Option<&[u8]> {
    field(message, b"\r\nCall-ID: ")
}

/// Whether the tags are the call's: ours is that of From in what we ask and what we are answered, else that of To.
pub(super) fn belongs(Sighting { direction, bytes, .. }: &Sighting, call: &Call) -> bool {
    let is_response = bytes.starts_with(b"SIP/2.0");
    let (from, to) = (tag(bytes, &[b"from", b"f"]), tag(bytes, &[b"to", b"t"]));
    let (ours, theirs) = if (*direction == Direction::Sent) == is_response { (to, from) } else { (from, to) };
    match ours {
        Some(tag) => tag == call.sip.local_tag.as_bytes(),
        // Before the dialog.
        None => theirs == call.sip.remote_tag.as_ref().map(|tag| &**tag.as_bytes()),
    }
}

/// The value of the first line that begins so.
fn field<'a>(message: &'a [u8], begin: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(message, begin)? + begin.len();
    let value = message.get(start..)?;
    value.get(..memchr::memchr(b'\r', value)?)
}

/// The tag in the header that goes by one of these names, in small letters.
fn tag<'a>(message: &'a [u8], names: &[&[u8]]) -> Option<&'a [u8]> {
    let line = super::secrets::lines(message).find(|line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
        names.iter().any(|known| name.eq_ignore_ascii_case(known))
    })?;
    // Behind the address: what stands in quotes or angle brackets is not the header's.
    let address = memchr::memrchr(b'>', line).unwrap_or(0);
    let parameters = line.get(address..)?.split(|byte| *byte == b';').skip(1);
    let mut pairs = parameters.filter_map(|pair| {
        let (name, value) = pair.split_at_checked(memchr::memchr(b'=', pair)?)?;
        Some((name.trim_ascii(), value.get(1..)?.trim_ascii()))
    });
    pairs.find(|(name, _)| name.eq_ignore_ascii_case(b"tag")).map(|(_, value)| value)
}
