//! `/v1/calls/{id}`: one call, its labels, and its end by DELETE.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::body::{Body, Nothing};
use super::claim::By;
use super::document::{CallParam, ClaimParams, IdempotencyParam, IfMatchParam, IfNoneMatchParam, responses};
use super::etag::{self, IfMatch, IfNoneMatch};
use super::target::Target;
use super::{Context, Problem};
use crate::agent::command::{Hangup, Labels};
use crate::agent::{Action, Call};

/// A call as an answer, with its version as `ETag`.
#[derive(Debug)]
pub struct CallAnswer(pub Arc<Call>);

impl IntoResponse for CallAnswer {
    fn into_response(self) -> Response {
        ([(header::ETAG, etag::of(self.0.version))], Json(self.0)).into_response()
    }
}

/// Read a call
///
/// Ended calls stay readable for a time and up to a number. `ETag` is the call's version; with `If-None-Match` a call that
/// has not changed is answered 304.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}",
    operation_id = "readCall",
    tag = "calls",
    params(CallParam, IfNoneMatchParam),
    responses(responses::Read)
)]
pub async fn read(
    State(context): State<Context>,
    Target(id): Target,
    seen: IfNoneMatch,
) -> Result<Response, Problem> {
    let call = context.board.call(id).ok_or_else(|| Problem::call_not_found(Some(id)))?;
    if seen.has(call.version) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag::of(call.version))]).into_response());
    }
    Ok(CallAnswer(call).into_response())
}

/// Change a call's labels
///
/// A merge patch (RFC 7396): a name with null is removed, `"labels": null` removes all. Allowed in every state, also after the
/// end for as long as the call is kept. No SIP effect.
#[utoipa::path(
    patch, path = "/v1/calls/{id}", operation_id = "labelCall", tag = "calls",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams), request_body = Labels, responses(responses::Changed)
)]
pub async fn patch(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(labels): Body<Labels>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by, Action::Label(labels)).await
}

/// End a call
///
/// Whatever its state: a `hangup` with its defaults. The answer is the ended call; it stays readable. Takes no body: a
/// field in one is 422.
#[utoipa::path(
    delete,
    path = "/v1/calls/{id}",
    operation_id = "deleteCall",
    tag = "commands",
    params(CallParam, IfMatchParam, IdempotencyParam, ClaimParams),
    responses(responses::Deleted)
)]
pub async fn delete(
    State(context): State<Context>,
    Target(id): Target,
    condition: IfMatch,
    by: By,
    Body(Nothing {}): Body<Nothing>,
) -> Result<CallAnswer, Problem> {
    context.command(id, condition, by, Action::Hangup(Hangup::default())).await
}
