//! Requests are counted and timed, by their route.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::Context;

/// Lets a request pass and counts its answer.
pub async fn watched(State(context): State<Context>, request: Request, next: Next) -> Response {
    let (came, method) = (Instant::now(), request.method().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    context.metrics.answered(method.as_str(), route, response.status().as_u16(), came.elapsed());
    response
}
