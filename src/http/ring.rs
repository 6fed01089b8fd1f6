//! `POST /v1/calls/{id}/ring`.

use axum::extract::State;

use super::body::Body;
use super::call::CallAnswer;
use super::claim::By;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, responses};
use super::etag::IfMatch;
use super::target::Target;
use super::{Context, Problem};
use crate::agent::Action;
use crate::agent::command::Ring;

/// Ring
///
/// Sends a provisional response, 180 unless `status` says otherwise; allowed in `offered` and `ringing`, and may be repeated.
/// With `sdp` or `early_media` the response carries an answer to the INVITE's offer.
#[utoipa::path(
    post, path = "/v1/calls/{id}/ring", operation_id = "ringCall", tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Ring, responses(responses::Rang)
)]
pub async fn ring(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(ring): Body<Ring>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by, Action::Ring(ring)).await
}
