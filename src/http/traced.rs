//! Commands become parts of traces.

use std::time::SystemTime;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::Response;

use super::{Context, idempotency};
use crate::traces::{Commanded, parent};

/// Lets a request pass; if it is a command to a call, its answer is told to the traces.
pub async fn traced(State(context): State<Context>, request: Request, next: Next) -> Response {
    let is_command = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if !(context.traces.is_on() && is_command && request.uri().path().starts_with("/v1/calls")) {
        return next.run(request).await;
    }
    let (came, parent) = (SystemTime::now(), parent(request.headers()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let status = response.status();
    let made = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
    let call = idempotency::of_path(&path).or_else(|| idempotency::of_path(made?));
    // An answer that is given again was a part of the first one's trace.
    if let Some(call) = call.filter(|_| !idempotency::is_replayed(&response) && status.as_u16() != 404) {
        let (name, method) = (name(&route, &method), method.to_string());
        let (answered, status) = (SystemTime::now(), status.as_u16());
        context.traces.commanded(Commanded { call, name, method, route, came, answered, status, parent });
    }
    response
}

/// What is asked, in a word.
fn name(route: &str, method: &Method) -> String {
    match (route.strip_prefix("/v1/calls/{id}/"), method) {
        (Some(command), _) => command.to_owned(),
        (None, &Method::POST) => "create".to_owned(),
        (None, &Method::DELETE) => "end".to_owned(),
        (None, _) => "label".to_owned(),
    }
}
