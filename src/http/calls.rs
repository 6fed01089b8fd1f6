//! `GET /v1/calls`: the listing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::document::{FilterParams, PageParams, responses};
use super::query::{OfList, Query};
use super::{Context, Problem};
use crate::agent::{Call, CallId};
use crate::state::EventId;

/// A page of calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallPage {
    /// Newest first.
    #[schema(value_type = Vec<Call>)]
    pub calls: Vec<Arc<Call>>,
    /// The `cursor` of the next page; null: this was the last.
    #[schema(required, value_type = Option<String>)]
    pub next_cursor: Option<CallId>,
    /// The last event that this page has seen.
    #[schema(value_type = String, examples("7f3a-184223"))]
    pub last_event_id: EventId,
}

/// List calls
///
/// The newest first: ids sort by the time their call began. Ended calls are listed for as long as they are kept. To follow
/// the calls from here on, read `GET /v1/events?after=` with the `last_event_id` of the first page: list and events together
/// miss nothing and repeat nothing. Calls that come and go meanwhile do not shift the pages.
#[utoipa::path(
    get,
    path = "/v1/calls",
    operation_id = "listCalls",
    tag = "calls",
    params(FilterParams, PageParams),
    responses(responses::Listed)
)]
pub async fn list(State(context): State<Context>, query: Query<OfList>) -> Result<Json<CallPage>, Problem> {
    let page = context.board.list(&query.filter, query.limit, query.cursor).await;
    Ok(Json(CallPage { calls: page.calls, next_cursor: page.next_cursor, last_event_id: page.last_event_id }))
}
