//! Session descriptions: what offer/answer (RFC 3264) needs of them.

use std::net::IpAddr;

/// What the agent can answer with.
#[derive(Clone, Debug)]
pub struct Local {
    /// Where media is taken; `None`: every stream is `a=inactive` and the address is that of `fallback`.
    pub media: Option<(IpAddr, u16)>,
    /// Written in `o=` and, without media, in `c=`.
    pub fallback: IpAddr,
    /// In order of preference, names of rtpmap (`PCMA`, `telephone-event`).
    pub codecs: Vec<String>,
    /// `o=` session id and version (raised with each change, RFC 3264 §8).
    pub session_id: u64,
    pub version: u64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The offer does not parse.
    Malformed,
    /// Not one stream has a codec in common.
    NoCommonCodec,
}

/// The direction of a description as its reader sees it, over all active streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

/// Generates the answer to `offer`.
pub fn answer(offer: &[u8], local: &Local) -> Result<String, NoAnswer> {
    todo!()
}

/// Generates an offer of one audio stream.
pub fn offer(local: &Local) -> String {
    todo!()
}

/// Checks a description that a client gives: it parses; as an answer, its media lines match the offer's.
pub fn check(sdp: &str, offer: Option<&[u8]>) -> Result<(), &'static str> {
    todo!()
}

/// Whether (and how) the peer put the call on hold: the direction of its description, `c=0.0.0.0` counting as inactive... (RFC 3264 §8.4)
pub fn direction(sdp: &[u8]) -> Option<Direction> {
    todo!()
}

/// Generates the answer to a later offer of the peer from the description in use: its address, ports and codecs stay.
pub fn reanswer(previous: &str, offer: &[u8]) -> Result<String, NoAnswer> {
    todo!()
}

/// The description in use as an offer, for a re-INVITE without one.
pub fn reoffer(previous: &str) -> String {
    todo!()
}
