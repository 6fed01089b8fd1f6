//! `POST /v1/calls/{id}/accept`.

use axum::extract::State;

use super::body::Body;
use super::call::CallAnswer;
use super::claim::By;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, responses};
use super::etag::IfMatch;
use super::target::Target;
use super::{Context, Problem};
use crate::agent::Action;
use crate::agent::command::Accept;

/// Accept a call
///
/// Sends 200 OK; allowed for an inbound call in `offered` and `ringing`. The answer comes when the ACK is here, or after five
/// seconds as 504 `ack-timeout`: then the call is still `accepted`. With `"wait": "sent"` it comes as soon as the 200 is on the
/// wire: over a connection that is lost, when a new one has carried it. If none can be made, either is answered 504 `sip-timeout`
/// at once; the 200 is repeated all the same, and the call is `accepted` until the ACK comes or 32 seconds are over. Without `sdp`
/// an answer is generated from the configured media address and codecs.
#[utoipa::path(
    post, path = "/v1/calls/{id}/accept", operation_id = "acceptCall", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Accept, responses(responses::Accepted)
)]
pub async fn accept(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(accept): Body<Accept>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by, Action::Accept(accept)).await
}
