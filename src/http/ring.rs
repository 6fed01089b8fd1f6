//! `POST /v1/calls/{id}/ring`.

use axum::extract::State;

use super::body::Body;
use super::call::CallAnswer;
use super::document::{CallParam, IdempotencyParam, IfMatchParam, responses};
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
    params(CallParam, IfMatchParam, IdempotencyParam), request_body = Ring, responses(responses::Rang)
)]
pub async fn ring(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    Body(ring): Body<Ring>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, Action::Ring(ring)).await
}
