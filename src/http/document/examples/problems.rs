//! Problems as real ones look.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;

use super::{cancelled, claimed, ended, established, failed, hung_up, offered, ringing};
use crate::access::Scope;
use crate::agent::Refusal;
use crate::agent::command::Ring;
use crate::agent::event::{Call, CallState, EndBy, EndCause};
use crate::http::{Code, Problem};
use crate::http::{auth, body, bounds, error, etag, idempotency, refusal, webhooks};
use crate::state::{Board, Settings};
use crate::webhook::WebhookError;

/// A problem as a real one of its kind looks: made by the code that makes real ones. What the core says of a field is
/// held against the core by a test.
pub fn problem(code: Code) -> Problem {
    let refused = match code {
        Code::InvalidState => Refusal::InvalidState(Arc::new(established())),
        Code::CallEnded => Refusal::CallEnded(Arc::new(cancelled())),
        Code::NoCommonCodec => {
            Refusal::NoCommonCodec(Arc::new(ended(ringing(), EndCause::Failed, EndBy::System, Some(488))))
        }
        Code::Claimed => Refusal::Claimed(Arc::new(claimed())),
        Code::VersionMismatch => Refusal::VersionMismatch(Arc::new(established())),
        Code::InvalidSdp => Refusal::InvalidSdp("not as many media lines as the offer has".to_owned()),
        Code::InvalidHeader => {
            Refusal::InvalidHeader("\"Via\": the agent writes this header itself".to_owned())
        }
        Code::Overloaded => Refusal::Overloaded,
        Code::Draining => Refusal::Draining,
        Code::SipRejected => Refusal::RegistrationRejected(Arc::new(failed()), 403),
        Code::AckTimeout => Refusal::AckTimeout(Arc::new(Call {
            state: CallState::Accepted,
            version: 3,
            established_at: None,
            ..established()
        })),
        Code::SipTimeout => Refusal::SipTimeout(Arc::new(hung_up())),
        Code::CallNotFound => Refusal::NotFound,
        Code::InvalidField
        | Code::Malformed
        | Code::Unauthenticated
        | Code::Forbidden
        | Code::RateLimited
        | Code::HeadTooLarge
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::RequestTimeout
        | Code::TooLarge
        | Code::UnsupportedMediaType
        | Code::RequestInFlight
        | Code::IdempotencyKeyReused
        | Code::Conflict
        | Code::Internal => return of_request(code),
    };
    refusal::of_call(refused, offered().id, &Board::new(Settings::default()))
}

/// A problem of a request that does not reach the core.
fn of_request(code: Code) -> Problem {
    match code {
        Code::InvalidField => {
            body::parse::<Ring>(br#"{"stauts": 183}"#).err().unwrap_or_else(error::internal)
        }
        Code::Malformed => etag::no_tag(),
        Code::Unauthenticated => auth::no_key(),
        Code::Forbidden => auth::forbidden(Scope::CallsControl),
        Code::RateLimited => auth::rate_limited("too many requests", Duration::from_millis(1500)),
        Code::HeadTooLarge => bounds::head_too_large(),
        Code::RequestInFlight => idempotency::in_flight(),
        Code::IdempotencyKeyReused => idempotency::reused(),
        Code::Conflict => webhooks::refused(WebhookError::Taken),
        Code::NotFound => error::no_resource("/v1/call"),
        Code::MethodNotAllowed => error::wrong_method(&Method::PUT),
        Code::RequestTimeout => body::too_slow(),
        Code::TooLarge => body::too_large(),
        Code::UnsupportedMediaType => body::not_json(),
        _ => error::internal(),
    }
}

/// The peer does not want what it was sent.
pub fn peer_refused() -> Problem {
    refusal::problem(Refusal::SipRejected(Arc::new(established()), 415))
}

/// The registrar of an account does not answer.
pub fn registrar_silent() -> Problem {
    refusal::problem(Refusal::RegistrationTimeout(Arc::new(failed())))
}

/// An account that there is not.
pub fn no_such_account() -> Problem {
    Problem::account_not_found()
}

/// A webhook that there is not.
pub fn no_such_webhook() -> Problem {
    Problem::webhook_not_found()
}
