//! The agent's refusals as problems.

use axum::http::header;

use serde_json::json;

use super::etag;
use super::{Code, Problem};
use crate::agent::event::{ActionName, CallState};
use crate::agent::{Call, CallId, Refusal};
use crate::state::Board;

/// What a client is told when its command to the call `id` was refused.
pub fn of_call(refusal: Refusal, id: CallId, board: &Board) -> Problem {
    let ended = || board.call(id).filter(|call| call.state == CallState::Ended);
    match refusal {
        // The agent forgets a call when it ends; the board still knows how it ended.
        Refusal::NotFound => match ended() {
            Some(call) => Problem::new(Code::CallEnded, "the call has ended").about(&call),
            None => Problem::call_not_found(Some(id)),
        },
        refusal => problem(refusal),
    }
}

/// What a client is told when its command was refused.
pub fn problem(refusal: Refusal) -> Problem {
    let detail = refusal.to_string();
    let told = |code| Problem::new(code, detail.clone());
    match refusal {
        Refusal::NotFound => Problem::call_not_found(None),
        Refusal::AccountNotFound => Problem::account_not_found(),
        Refusal::RegistrationRejected(_, status) => told(Code::SipRejected).with_sip_status(status),
        Refusal::RegistrationTimeout(_) => told(Code::SipTimeout),
        Refusal::InvalidState(call) => {
            Problem::new(Code::InvalidState, format!("{detail}; {}", allowed(&call))).about(&call)
        }
        Refusal::Claimed(call) | Refusal::LeaseOver(call, _) => {
            told(Code::Claimed).about(&call).with_claim(call.claim.clone())
        }
        Refusal::CallEnded(call) => told(Code::CallEnded).about(&call),
        Refusal::NoCommonCodec(call) => told(Code::NoCommonCodec).about(&call).with_sip_status(488),
        Refusal::SipRejected(call, status) => told(Code::SipRejected).about(&call).with_sip_status(status),
        Refusal::AckTimeout(call) => told(Code::AckTimeout).about(&call),
        Refusal::SipTimeout(call) => told(Code::SipTimeout).about(&call),
        Refusal::VersionMismatch(call) => {
            let detail = format!("{detail}, which `If-Match` does not name; read it again");
            Problem::new(Code::VersionMismatch, detail)
                .about(&call)
                .with_header(header::ETAG, etag::of(call.version))
        }
        Refusal::InvalidField { .. } => told(Code::InvalidField),
        Refusal::InvalidSdp(_) => told(Code::InvalidSdp),
        Refusal::InvalidHeader(_) => told(Code::InvalidHeader),
        Refusal::Overloaded | Refusal::TooManyCalls(_) | Refusal::Unrecorded => told(Code::Overloaded),
        Refusal::Draining => told(Code::Draining),
    }
}

/// What the call's state allows, for people.
fn allowed(call: &Call) -> String {
    let name = |action: &ActionName| json!(action).as_str().unwrap_or_default().to_owned();
    match call.actions.iter().map(name).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "it allows none".to_owned(),
        names => format!("it allows {names}"),
    }
}
