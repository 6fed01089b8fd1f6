//! `POST /v1/calls/{id}/cancel`.

use axum::extract::State;

use super::body::Body;
use super::call::CallAnswer;
use super::claim::By;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, responses};
use super::etag::IfMatch;
use super::target::Target;
use super::{Context, Problem};
use crate::agent::Action;
use crate::agent::command::Cancel;

/// Cancel a call
///
/// Gives a call up before its answer: an inbound one with a final response, 487 unless `status` says otherwise, an outbound one
/// with CANCEL, which waits for the peer's first sign of life (RFC 3261 §9.1). Allowed before `accepted`. The answer is the ended
/// call. If the callee's 200 was faster than the CANCEL the call is hung up at once, and its `end` says `hangup`.
#[utoipa::path(
    post, path = "/v1/calls/{id}/cancel", operation_id = "cancelCall", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Cancel, responses(responses::Cancelled)
)]
pub async fn cancel(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(cancel): Body<Cancel>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by, Action::Cancel(cancel)).await
}
