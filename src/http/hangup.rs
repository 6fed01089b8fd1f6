//! `POST /v1/calls/{id}/hangup`.

use axum::extract::State;

use super::body::Body;
use super::call::CallAnswer;
use super::claim::By;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, responses};
use super::etag::IfMatch;
use super::target::Target;
use super::{Context, Problem};
use crate::agent::Action;
use crate::agent::command::Hangup;

/// Hang up
///
/// Ends a call in any state before `ended`, by BYE, CANCEL or a final response as the state asks. `reason` goes out as a Reason
/// header (RFC 3326). In `accepted` the BYE has to wait for the ACK, and the command with it, for five seconds at most: then 504
/// `ack-timeout`, or `sip-timeout` where the 200 could not be sent, and the call is hung up as soon as the ACK comes. Before the answer of an outbound call it is a `cancel`. The
/// answer is the ended call.
#[utoipa::path(
    post, path = "/v1/calls/{id}/hangup", operation_id = "hangupCall", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Hangup, responses(responses::HungUp)
)]
pub async fn hangup(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(hangup): Body<Hangup>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by, Action::Hangup(hangup)).await
}
