//! `GET /v1/events` and `GET /v1/calls/{id}/events`: all events, and those of one call.

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::document::{CallParam, FilterParams, PositionParams, responses};
use super::query::{OfCallEvents, OfEvents, Query, Takes};
use super::target::Target;
use super::{Code, Context, Problem, stream};
use crate::access::Pass;
use crate::driver::wall_clock;
use crate::state::After;

/// Follow everything
///
/// The events of all calls and of all registrations. Server-sent events; `data` is a CloudEvents 1.0 envelope, schema `CloudEvent`. With `Accept: application/x-ndjson` the
/// same envelopes come as lines. Without a position the stream starts with what comes next.
///
/// `Last-Event-ID` (or `after`; the header wins, since `EventSource` sends it when it reconnects) resumes right behind that
/// event. Events are kept for replay up to a bound; if some behind the position are gone, the first frame is `stream.gap`
/// with the `oldest` event kept and the `last`, and the stream goes on with the oldest. That frame has no `id` line.
///
/// Every 15 s without an event a comment (a blank line in NDJSON) shows that the stream is open. A reader too slow for the
/// bounded log, or whose connection takes no bytes for 30 s, is disconnected and resumes by its last id. A stream ends when its
/// key is withdrawn, or its token has expired.
///
/// Filters look at the call as it was right after the event. `registration.changed` passes `account` if it is of that account,
/// and none of the other filters, which are for calls; `types` takes it or leaves it out. `stream.draining` passes them all.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "followEvents",
    tag = "events",
    params(FilterParams, PositionParams),
    responses(responses::Events)
)]
pub async fn all(
    State(context): State<Context>,
    Extension(pass): Extension<Pass>,
    headers: HeaderMap,
    query: Query<OfEvents>,
) -> Result<Response, Problem> {
    let after = position(&headers, &query)?;
    let reader = context.board.follow(&after, query.filter, wall_clock());
    Ok(stream::response(&headers, reader, pass))
}

/// Follow one call
///
/// Starts with the call's first event and closes after its `call.ended`; otherwise like `GET /v1/events`. A call that has
/// ended is replayed, also one that can no longer be read, for as long as its events are on disk; labels set after the end are told on the stream of all calls only. If nothing is left behind the position, the answer is 204, which stops an `EventSource` from
/// reconnecting.
#[utoipa::path(
    get,
    path = "/v1/calls/{id}/events",
    operation_id = "followCall",
    tag = "events",
    params(CallParam, PositionParams),
    responses(responses::CallEvents)
)]
pub async fn of_call(
    State(context): State<Context>,
    Extension(pass): Extension<Pass>,
    Target(id): Target,
    headers: HeaderMap,
    query: Query<OfCallEvents>,
) -> Result<Response, Problem> {
    let after = position(&headers, &query)?;
    let (board, now) = (&context.board, wall_clock());
    let reader = match board.follow_call(id, &after, query.filter.clone(), now) {
        Some(reader) => Some(reader),
        None => board.follow_past_call(id, &after, query.filter, now).await.map_err(|error| {
            tracing::error!(%error, "the events of a call cannot be read");
            Problem::new(Code::Internal, "the events of the call cannot be read")
        })?,
    };
    let reader = reader.ok_or_else(|| Problem::call_not_found(Some(id)))?;
    if reader.is_over() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(stream::response(&headers, reader, pass))
}

/// `Last-Event-ID`, else `after`, else none.
fn position<T: Takes>(headers: &HeaderMap, query: &Query<T>) -> Result<After, Problem> {
    let Some(last) = headers.get("last-event-id") else { return Ok(query.after.clone().unwrap_or_default()) };
    let position = last.to_str().unwrap_or_default().parse();
    position.map_err(|error| Problem::new(Code::Malformed, format!("Last-Event-ID: {error}")))
}
