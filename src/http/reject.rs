//! `POST /v1/calls/{id}/reject`.

use axum::extract::State;

use super::body::Body;
use super::call::CallAnswer;
use super::claim::By;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, responses};
use super::etag::IfMatch;
use super::target::Target;
use super::{Context, Problem};
use crate::agent::Action;
use crate::agent::command::Reject;

/// Reject a call
///
/// Sends a final response from 300 to 699, 486 unless `status` says otherwise; allowed for an inbound call in `offered` and
/// `ringing`. The answer is the ended call.
#[utoipa::path(
    post, path = "/v1/calls/{id}/reject", operation_id = "rejectCall", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Reject, responses(responses::Rejected)
)]
pub async fn reject(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(reject): Body<Reject>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by, Action::Reject(reject)).await
}
