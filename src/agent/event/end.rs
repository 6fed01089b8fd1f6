//! How calls end.

use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a call ended.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct End {
    /// What ended it.
    pub cause: EndCause,
    /// Whose doing it was.
    pub by: EndBy,
    /// The final status of the INVITE, where there was one other than 200.
    #[schema(required, examples(487))]
    pub sip_status: Option<u16>,
    /// The Reason header (RFC 3326) as received.
    #[schema(required, value_type = Option<String>, examples("SIP;cause=487;text=\"ORIGINATOR_CANCEL\""))]
    pub reason: Option<ByteString>,
    /// The Reason header's values.
    pub reasons: Vec<Reason>,
    /// For people: what failed, where no status says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("Connection refused (os error 111)"))]
    pub detail: Option<String>,
}

/// What ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Given up before the answer.
    Cancelled,
    /// Refused with a final status.
    Rejected,
    /// Ended after the answer.
    Hangup,
    /// Nobody answered, or no ACK came, in time.
    Timeout,
    /// It could not be set up: no codec in common, no way to the peer, no session description where there must be one.
    Failed,
    /// The agent lost it in a crash.
    Lost,
    /// Another call took its place (RFC 3891).
    Replaced,
}

impl EndCause {
    /// Its word in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Hangup => "hangup",
            Self::Timeout => "timeout",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Replaced => "replaced",
        }
    }
}

/// Whose doing the end was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndBy {
    /// The peer's.
    Remote,
    /// A client's, by a command.
    Api,
    /// A setting's: ring timeout, `--on-offer`.
    Policy,
    /// The agent's own: a protocol timer, a drain.
    System,
}

impl EndBy {
    /// Its word in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Api => "api",
            Self::Policy => "policy",
            Self::System => "system",
        }
    }
}

/// One value of a Reason header (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// `SIP` or `Q.850`, or another token.
    #[schema(examples("SIP"))]
    pub protocol: String,
    /// The cause in the protocol's numbers.
    #[schema(examples(487))]
    pub cause: Option<u16>,
    /// The text, unquoted.
    #[schema(examples("ORIGINATOR_CANCEL"))]
    pub text: Option<String>,
}
