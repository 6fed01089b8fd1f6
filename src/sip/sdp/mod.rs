//! Session descriptions (RFC 8866): what offer/answer (RFC 3264) needs of them.

mod answer;
mod check;
mod codec;
mod description;
mod direction;
mod keys;
mod offer;
mod regenerate;
mod renegotiate;
mod source;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::net::IpAddr;

pub use answer::answer;
pub use check::check;
pub use codec::{is_known, is_speech};
pub use direction::{Direction, direction, direction_between, lack, may_hold};
pub use offer::offer;
pub use renegotiate::{InUse, reanswer, reoffer};
pub use source::Source;

/// What the agent can answer with.
#[derive(Clone, Debug)]
pub struct Local<'a> {
    /// Where media is taken; `None`: every stream is `a=inactive` and the address is that of `fallback`.
    pub media: Option<(IpAddr, u16)>,
    /// Written in `o=` and, without media, in `c=`.
    pub fallback: IpAddr,
    /// In order of preference, names of rtpmap (`PCMA`, `telephone-event`).
    pub codecs: Cow<'a, [String]>,
    /// `o=` session id.
    pub session_id: u64,
    /// `o=` version, raised with each change (RFC 3264 §8).
    pub version: u64,
}

/// Whether a description can be read.
pub fn is_readable(sdp: &[u8]) -> bool {
    description::Session::read(&description::text(sdp)).is_ok()
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The offer does not parse.
    #[error("the offer cannot be read")]
    Malformed,
    /// Not one stream has a codec in common.
    #[error("no codec in common with the offer")]
    NoCommonCodec,
    /// Keys of a stream are new, and our description of it has some that a client has given.
    #[error("new keys, which only the client can answer")]
    NewKeys,
}
