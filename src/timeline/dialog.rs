//! Of which call a message is: two calls may have one Call-ID, when both ends of one are ours, or when a caller uses it again.

use bytestring::ByteString;
use memchr::memchr;

use super::Arrived;
use super::trace::Direction;
use crate::agent::event::Direction as Way;
use crate::agent::{Call, CallId};
use crate::sip::tag_of;

/// The tags of a message, as we see them: that of our side, and that of the peer's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tags<'a> {
    ours: Option<&'a [u8]>,
    theirs: Option<&'a [u8]>,
}

/// By what messages of a call are known.
#[derive(Debug)]
pub(super) struct Dialog {
    pub call: CallId,
    local_tag: Box<[u8]>,
    /// The tag of who has called us: what he sends before he knows ours is known by it.
    caller: Option<Option<Box<[u8]>>>,
}

impl<'a> Tags<'a> {
    /// Ours is that of To in what we are asked and in what we answer, else that of From.
    fn new(direction: Direction, is_response: bool, from: Option<&'a [u8]>, to: Option<&'a [u8]>) -> Self {
        let is_to = (direction == Direction::Sent) == is_response;
        let (ours, theirs) = if is_to { (to, from) } else { (from, to) };
        Self { ours, theirs }
    }

    pub fn of_arrived(arrived: &'a Arrived) -> Self {
        let tag = |tag: &'a Option<ByteString>| tag.as_ref().map(|tag| &**tag.as_bytes());
        Self::new(Direction::Received, arrived.is_response, tag(&arrived.from), tag(&arrived.to))
    }
}

/// By what a message that we wrote says of which call it is.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub call_id: &'a [u8],
    is_response: bool,
    from: &'a [u8],
    to: &'a [u8],
}

impl<'a> Sent<'a> {
    /// What we write stands on one line each, under its full name; a message without all of it is of no call.
    pub fn of(message: &'a [u8]) -> Option<Self> {
        let (mut from, mut to, mut call_id) = (None, None, None);
        let mut rest = message;
        while from.is_none() || to.is_none() || call_id.is_none() {
            let (line, behind) = rest.split_at_checked(memchr(b'\r', rest)?)?;
            rest = behind.strip_prefix(b"\r\n")?;
            if line.is_empty() {
                return None;
            }
            from = from.or(line.strip_prefix(b"From: "));
            to = to.or(line.strip_prefix(b"To: "));
            call_id = call_id.or(line.strip_prefix(b"Call-ID: "));
        }
        let is_response = message.starts_with(b"SIP/2.0 ");
        Some(Self { call_id: call_id?, is_response, from: from?, to: to? })
    }

    pub fn tags(&self) -> Tags<'a> {
        Tags::new(Direction::Sent, self.is_response, tag_of(self.from), tag_of(self.to))
    }
}

impl Dialog {
    pub fn of(call: &Call) -> Self {
        let remote_tag = || call.sip.remote_tag.as_ref().map(|tag| tag.as_bytes().as_ref().into());
        Self {
            call: call.id,
            local_tag: call.sip.local_tag.as_bytes().as_ref().into(),
            caller: (call.direction == Way::Inbound).then(remote_tag),
        }
    }

    /// Whether a message with these tags is of this call.
    pub fn has(&self, tags: Tags<'_>) -> bool {
        match (tags.ours, &self.caller) {
            (Some(ours), _) => ours == &*self.local_tag,
            (None, Some(caller)) => tags.theirs == caller.as_deref(),
            (None, None) => false,
        }
    }

    /// About how much memory it takes, bytes.
    pub fn size(&self) -> usize {
        let caller = self.caller.iter().flatten().map(|tag| tag.len());
        size_of::<Self>() + self.local_tag.len() + caller.sum::<usize>()
    }
}
