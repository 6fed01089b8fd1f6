//! What can be asked of calls and accounts. The vocabulary of the HTTP contract.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use super::done::Done;
use super::event::Reason;
pub use super::labels::Labels;
pub use super::letter::{Digits, DigitsVia, Letter};
pub use super::new_headers::{NewHeader, NewHeaders};
pub use super::refusal::Refusal;
use super::{CallId, given};

/// A command: it is answered when its SIP effect is known, with what it is about as it then is.
#[derive(Clone, Debug)]
pub enum Command {
    /// Something is to be done with a call.
    Call(CallCommand),
    /// A new call is to be placed; answered at once.
    Originate(Originate),
    /// Something is to be done with an account.
    Account(AccountCommand),
}

/// A command to an account.
#[derive(Clone, Debug)]
pub struct AccountCommand {
    /// Its id.
    pub account: String,
    /// What to do.
    pub action: AccountAction,
}

/// What to do with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountAction {
    /// Register it now, and keep it registered.
    Register,
    /// End its registration, and do not register it again until asked to.
    Unregister,
}

/// A new call.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Originate {
    /// Whom to call: a `sip:`, `sips:` or `tel:` URI; with an account also a user or a number of its domain. A `transport` in it is
    /// one of `udp`, `tcp`, `tls`.
    #[schema(examples("sip:1001@pbx.example.com"))]
    pub to: String,
    /// Who calls: a URI, or an address with a display name. Default: the account's address of record.
    #[serde(default)]
    #[schema(examples("\"CRM\" <sip:1000@pbx.example.com>"))]
    pub from: Option<String>,
    /// The account to call by. Default: the one whose address of record `from` is; without `from` the first.
    #[serde(default)]
    pub account: Option<String>,
    /// Headers to add.
    #[serde(default)]
    pub headers: NewHeaders,
    /// The offer, sent as it is; generated if there is none.
    #[serde(default)]
    pub sdp: Option<String>,
    /// Labels of the new call.
    #[serde(default, deserialize_with = "given::or_default")]
    pub labels: BTreeMap<String, String>,
    /// How long to wait for an answer before the call is given up: 1–86400, by default the `ring_timeout` of the settings.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400)]
    pub timeout_seconds: Option<u32>,
}

/// A command to a call.
#[derive(Clone, Debug)]
pub struct CallCommand {
    /// Which call.
    pub call: CallId,
    /// Only if the call is at this version (`If-Match`).
    pub if_version: Option<u64>,
    /// Who asks, where he says it (`Claim-Owner`): the lease on a call keeps all others out.
    pub by: Option<Claimant>,
    /// What to do.
    pub action: Action,
}

/// What to do with a call.
#[derive(Clone, Debug)]
pub enum Action {
    /// Change its labels.
    Label(Labels),
    /// Send a provisional response.
    Ring(Ring),
    /// Answer it.
    Accept(Accept),
    /// Refuse it.
    Reject(Reject),
    /// Give it up before the answer.
    Cancel(Cancel),
    /// End it, by whatever SIP its state needs.
    Hangup(Hangup),
    /// Send the peer an INFO.
    Info(Letter),
    /// Send the peer a MESSAGE.
    Message(Letter),
    /// Press keys.
    Dtmf(Digits),
    /// Take the lease on it, or renew one's own.
    Claim(TakeClaim),
    /// Renew one's own lease, or take it if there is none.
    RenewClaim(RenewClaim),
    /// Give up the lease of who asks.
    ReleaseClaim,
}

impl Action {
    /// Its name, as the API has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Label(_) => "label",
            Self::Ring(_) => "ring",
            Self::Accept(_) => "accept",
            Self::Reject(_) => "reject",
            Self::Cancel(_) => "cancel",
            Self::Hangup(_) => "hangup",
            Self::Info(_) => "info",
            Self::Message(_) => "message",
            Self::Dtmf(_) => "dtmf",
            Self::Claim(_) => "claim",
            Self::RenewClaim(_) => "renew claim",
            Self::ReleaseClaim => "release claim",
        }
    }
}

/// Who asks for something to be done with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// His name.
    pub owner: String,
    /// The lease that he believes to have.
    pub fence: Option<u64>,
}

impl Claimant {
    /// Whether somebody can be called so: by 1 to 128 visible ASCII characters.
    pub fn is_name(owner: &str) -> bool {
        (1..=128).contains(&owner.len()) && owner.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

/// A lease on a call: while it lasts, commands of others are refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeClaim {
    /// Who takes it: 1–128 visible ASCII characters.
    #[schema(min_length = 1, max_length = 128, examples("crm-7"))]
    pub owner: String,
    /// For how long: 1–86400 s.
    #[schema(minimum = 1, maximum = 86400, examples(60))]
    pub ttl_seconds: u32,
    /// Take it from another owner whose lease still lasts.
    #[serde(default, deserialize_with = "given::or_default")]
    #[schema(default = false)]
    pub takeover: bool,
}

/// A lease that is to last longer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewClaim {
    /// Whose it is: 1–128 visible ASCII characters.
    #[schema(min_length = 1, max_length = 128, examples("crm-7"))]
    pub owner: String,
    /// For how long from now on: 1–86400 s.
    #[schema(minimum = 1, maximum = 86400, examples(60))]
    pub ttl_seconds: u32,
}

/// A provisional response that tells the caller the phone rings.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ring {
    /// 180–183.
    #[serde(deserialize_with = "given::ring_status")]
    #[schema(default = 180, minimum = 180, maximum = 183)]
    pub status: u16,
    /// An answer to the INVITE's offer, sent as it is.
    pub sdp: Option<String>,
    /// Send a generated answer.
    #[serde(deserialize_with = "given::or_default")]
    #[schema(default = false)]
    pub early_media: bool,
    /// Headers to add.
    pub headers: NewHeaders,
}

impl Default for Ring {
    fn default() -> Self {
        Self { status: 180, sdp: None, early_media: false, headers: NewHeaders::default() }
    }
}

/// The answer to a call.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Accept {
    /// The session description, sent as it is; generated if there is none.
    pub sdp: Option<String>,
    /// Headers to add.
    pub headers: NewHeaders,
    /// When to answer the command.
    #[serde(deserialize_with = "given::word")]
    pub wait: Wait,
}

/// When an `accept` is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// When the ACK is here, or after five seconds without one; or when it is known that the 200 cannot be sent, as for `sent`.
    #[default]
    Established,
    /// When the 200 is on the wire: over a connection that is lost, when a new one has carried it. If none can be made, the
    /// command is answered 504 `sip-timeout`.
    Sent,
}

/// A final refusal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reject {
    /// 300–699.
    #[serde(deserialize_with = "given::reject_status")]
    #[schema(default = 486, minimum = 300, maximum = 699)]
    pub status: u16,
    /// The reason phrase; the RFC's if there is none.
    pub reason: Option<String>,
    /// URIs to try instead, for 3xx and 485.
    #[serde(deserialize_with = "given::or_default")]
    pub contacts: Vec<String>,
    /// Headers to add.
    pub headers: NewHeaders,
}

impl Default for Reject {
    fn default() -> Self {
        Self { status: 486, reason: None, contacts: Vec::new(), headers: NewHeaders::default() }
    }
}

/// The end of a call that has not been answered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cancel {
    /// Inbound: the final status, 400–699.
    #[serde(deserialize_with = "given::cancel_status")]
    #[schema(default = 487, minimum = 400, maximum = 699)]
    pub status: u16,
}

impl Default for Cancel {
    fn default() -> Self {
        Self { status: 487 }
    }
}

/// The end of a call in any state.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hangup {
    /// Sent as a Reason header (RFC 3326).
    pub reason: Option<Reason>,
    /// Headers to add.
    pub headers: NewHeaders,
}
