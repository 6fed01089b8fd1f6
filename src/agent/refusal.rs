//! Why what is asked may be refused.

use std::sync::Arc;

use super::{Account, Call};

/// Why a command was not done, or not seen to take effect.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such call among those that have not ended.
    #[error("there is no such call")]
    NotFound,
    /// There is no such account.
    #[error("there is no such account")]
    AccountNotFound,
    /// The registrar refused.
    #[error("the registrar answered {1}")]
    RegistrationRejected(Arc<Account>, u16),
    /// The registrar did not answer in time, or could not be reached.
    #[error("the registrar did not answer in time, or could not be reached: {}", why(.0))]
    RegistrationTimeout(Arc<Account>),
    /// The state of the call does not allow it.
    #[error("the call is {}: its state does not allow this command", .0.state.name())]
    InvalidState(Arc<Call>),
    /// Another owner has the lease on the call.
    #[error("the call is claimed{}", by(.0))]
    Claimed(Arc<Call>),
    /// The claimant has no lease of this fence: his is another, or nobody has one.
    #[error("{}", over(.0, *.1))]
    LeaseOver(Arc<Call>, u64),
    /// The call ended before the command could take effect.
    #[error("the call has ended")]
    CallEnded(Arc<Call>),
    /// The caller and we have no codec in common; the call was answered 488.
    #[error("no codec in common with the offer: the call was answered 488")]
    NoCommonCodec(Arc<Call>),
    /// The 200 was sent and no ACK came in time; the call is still accepted.
    #[error("the 200 was sent, but no ACK has come yet")]
    AckTimeout(Arc<Call>),
    /// The peer did not answer our request in time, or could not be reached to be sent what the command sends or waits on.
    #[error("the peer did not answer in time, or could not be reached")]
    SipTimeout(Arc<Call>),
    /// The peer refused what the command has sent.
    #[error("the peer answered {1}")]
    SipRejected(Arc<Call>, u16),
    /// `If-Match` names another version.
    #[error("the call is at version {}", .0.version)]
    VersionMismatch(Arc<Call>),
    /// A field's value is not allowed.
    #[error("{field}: {fault}")]
    InvalidField {
        /// Which one.
        field: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// The session description is not one, or does not fit the offer.
    #[error("sdp: {0}")]
    InvalidSdp(String),
    /// A header's name or value is not allowed.
    #[error("headers: {0}")]
    InvalidHeader(String),
    /// More commands are waiting than the agent takes.
    #[error("the agent is overloaded")]
    Overloaded,
    /// There are as many calls as the settings allow.
    #[error("there are as many calls, or calls still being ended, as --max-calls allows: {0}")]
    TooManyCalls(usize),
    /// The log cannot be written at present: a new call might be forgotten.
    #[error("the log cannot be written: no new calls are taken until it can")]
    Unrecorded,
    /// The agent is shutting down.
    #[error("the agent is shutting down")]
    Draining,
}

fn by(call: &Call) -> String {
    let claim = call.claim.as_ref();
    claim.map_or(String::new(), |claim| format!(" by {:?} until {}", claim.owner, claim.expires_at))
}

fn over(call: &Call, fence: u64) -> String {
    let lease = match &call.claim {
        Some(claim) => format!("yours has the fence {}, until {}", claim.fence, claim.expires_at),
        None => "nobody has claimed the call".to_owned(),
    };
    format!("no lease with the fence {fence} lasts: {lease}")
}

fn why(account: &Account) -> &str {
    account.failure.as_ref().map_or("no reason is known", |failure| &failure.detail)
}
