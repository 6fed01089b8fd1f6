//! What a call is made of, as clients see it.

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::agent::Timestamp;

/// One side of a call: From or To.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Party {
    /// Without display name and parameters, as received or sent.
    #[schema(value_type = String, examples("sip:1001@172.17.0.1"))]
    pub uri: ByteString,
    /// Unquoted; null if there is none.
    #[schema(required, value_type = Option<String>, examples("Extension 1001"))]
    pub display_name: Option<ByteString>,
}

/// A header field as received or sent: case and underscores kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeaderField {
    /// As it stands on the wire, a compact form too.
    #[schema(value_type = String, examples("X-empolyee_id"))]
    pub name: ByteString,
    /// Unfolded and trimmed.
    #[schema(value_type = String, examples("1001"))]
    pub value: ByteString,
}

/// The session descriptions (RFC 8866) of both sides, as they stand on the wire.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Sdp {
    /// The peer's latest; null if it has sent none.
    #[schema(required, value_type = Option<String>)]
    pub remote: Option<ByteString>,
    /// Ours; null before one is sent.
    #[schema(required, value_type = Option<String>)]
    pub local: Option<ByteString>,
}

/// SIP's own names for the call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SipFacts {
    /// Call-ID.
    #[schema(value_type = String)]
    pub call_id: ByteString,
    /// Our tag.
    #[schema(value_type = String)]
    pub local_tag: ByteString,
    /// The peer's tag; null from an RFC 2543 element that sends none.
    #[schema(required, value_type = Option<String>)]
    pub remote_tag: Option<ByteString>,
    /// `tcp`, `udp` or `tls`.
    #[schema(value_type = String, examples("tcp"))]
    pub transport: &'static str,
    /// Where the INVITE came from or went to.
    #[schema(value_type = String, examples("10.0.0.1:5060"))]
    pub peer: ByteString,
}

/// Who placed the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The peer.
    Inbound,
    /// This agent.
    Outbound,
}

/// Where a call stands. RFC 4235's words for the same: offered, dialing – trying; ringing – early; accepted, established –
/// confirmed; ended – terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// An INVITE was received and answered 100.
    Offered,
    /// An INVITE was sent.
    Dialing,
    /// A 180–183 was sent or received.
    Ringing,
    /// The 200 was sent or received; the ACK is not here yet.
    Accepted,
    /// The ACK was received or sent.
    Established,
    /// Over; `end` says how.
    Ended,
}

impl CallState {
    /// The word as clients see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Dialing => "dialing",
            Self::Ringing => "ringing",
            Self::Accepted => "accepted",
            Self::Established => "established",
            Self::Ended => "ended",
        }
    }
}

/// Who has put whom on hold (RFC 3264 §8.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Nobody.
    #[default]
    None,
    /// We have put the peer on hold.
    Local,
    /// The peer has put us on hold.
    Remote,
    /// Each the other.
    Both,
}

/// A lease on a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Claim {
    /// Who holds it.
    pub owner: String,
    /// Raised with each new lease of the call.
    pub fence: u64,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// A command's name, as it ends the path of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionName {
    /// Send 180–183.
    Ring,
    /// Send 200.
    Accept,
    /// Send 300–699.
    Reject,
    /// End it before the answer.
    Cancel,
    /// End it, whatever its state.
    Hangup,
}
