//! What a call is made of, as clients see it.

use std::ops::Deref;

use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use crate::agent::Timestamp;

/// One side of a call: From or To.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Party {
    /// Without display name and parameters, as received or sent.
    #[schema(value_type = String, examples("sip:1001@172.17.0.1"))]
    pub uri: ByteString,
    /// Unquoted; null if there is none.
    #[schema(required, value_type = Option<String>, examples("Extension 1001"))]
    pub display_name: Option<ByteString>,
}

/// A header field as received or sent: case and underscores kept.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HeaderField {
    /// As it stands on the wire, a compact form too.
    #[schema(value_type = String, examples("X-empolyee_id"))]
    pub name: ByteString,
    /// Unfolded and trimmed.
    #[schema(value_type = String, examples("1001"))]
    pub value: ByteString,
}

/// The session descriptions (RFC 8866) of both sides, as they stand on the wire.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
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

/// The words for transports.
const TRANSPORTS: [&str; 7] = ["udp", "tcp", "tls", "sctp", "tls-sctp", "ws", "wss"];

/// What is read of [`SipFacts`].
#[derive(Deserialize)]
struct ReadFacts {
    call_id: ByteString,
    local_tag: ByteString,
    remote_tag: Option<ByteString>,
    transport: String,
    peer: ByteString,
}

impl<'de> Deserialize<'de> for SipFacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = ReadFacts::deserialize(deserializer)?;
        let ReadFacts { call_id, local_tag, remote_tag, transport, peer } = read;
        let known = TRANSPORTS.into_iter().find(|word| *word == transport);
        let transport = known.ok_or_else(|| de::Error::custom("not a transport"))?;
        Ok(Self { call_id, local_tag, remote_tag, transport, peer })
    }
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
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
    /// Press keys.
    Dtmf,
    /// Send an INFO.
    Info,
    /// Send a MESSAGE.
    Message,
}

/// The commands that a call's state allows. Read back they are none: the state says them again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Actions(pub &'static [ActionName]);

impl Deref for Actions {
    type Target = [ActionName];

    fn deref(&self) -> &[ActionName] {
        self.0
    }
}

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

/// The commands that a state allows: who has placed a call can only give it up before it is answered.
pub fn actions_of(direction: Direction, state: CallState) -> Actions {
    use ActionName::{Accept, Cancel, Dtmf, Hangup, Info, Message, Reject, Ring};
    Actions(match (direction, state) {
        (Direction::Inbound, CallState::Offered | CallState::Ringing) => {
            &[Ring, Accept, Reject, Cancel, Hangup]
        }
        (_, CallState::Offered | CallState::Dialing | CallState::Ringing) => &[Cancel, Hangup],
        (_, CallState::Accepted) => &[Hangup],
        (_, CallState::Established) => &[Hangup, Dtmf, Info, Message],
        (_, CallState::Ended) => &[],
    })
}
