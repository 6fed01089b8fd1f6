//! `POST /v1/calls/{id}/info`, `…/message` and `…/dtmf`: what the peer is sent in the dialog, and what it answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Body;
use super::claim::By;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, responses};
use super::etag::{self, IfMatch};
use super::target::Target;
use super::{Context, Problem};
use crate::agent::command::{Digits, Letter};
use crate::agent::{Action, Call};

/// A call whose peer has taken what it was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Heard {
    /// The call.
    #[serde(flatten)]
    #[schema(value_type = Call)]
    pub call: Arc<Call>,
    /// What the peer has answered: 200–299.
    #[schema(minimum = 200, maximum = 299, examples(200))]
    pub sip_status: u16,
}

impl IntoResponse for Heard {
    fn into_response(self) -> Response {
        ([(header::ETAG, etag::of(self.call.version))], Json(self)).into_response()
    }
}

/// Send an INFO
///
/// In the dialog of an established call (RFC 6086; without an Info Package, unless `headers` name one). Answered when the peer has
/// answered: with its status, or 502 `sip-rejected` if that is 300 or more. Whatever is sent in one call goes one after the other, in the
/// order of the commands; at most 16 wait, each for 40 seconds at most: then 504 `sip-timeout`.
#[utoipa::path(
    post, path = "/v1/calls/{id}/info", operation_id = "sendInfo", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Letter, responses(responses::Heard)
)]
pub async fn info(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(letter): Body<Letter>,
) -> Result<Heard, Problem> {
    context.converse(id, condition, by, Action::Info(letter)).await
}

/// Send a MESSAGE
///
/// In the dialog of an established call (RFC 3428). Answered as an INFO is.
#[utoipa::path(
    post, path = "/v1/calls/{id}/message", operation_id = "sendMessage", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Letter, responses(responses::Heard)
)]
pub async fn message(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(letter): Body<Letter>,
) -> Result<Heard, Problem> {
    context.converse(id, condition, by, Action::Message(letter)).await
}

/// Press keys
///
/// Each digit is an INFO with `application/dtmf-relay`, sent when the one before is answered. Answered when the last one is; a
/// refusal of one, 502 `sip-rejected`, leaves out the rest. The agent sends no media, so `rfc4733` is refused: who has the media sends them
/// there.
#[utoipa::path(
    post, path = "/v1/calls/{id}/dtmf", operation_id = "sendDigits", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Digits, responses(responses::Pressed)
)]
pub async fn dtmf(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(digits): Body<Digits>,
) -> Result<Heard, Problem> {
    context.converse(id, condition, by, Action::Dtmf(digits)).await
}
