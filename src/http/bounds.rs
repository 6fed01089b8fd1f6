//! The bounds of a request: its head, its body, its time; and the one field that its head must have.

use std::time::Duration;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::body::{MAX_BODY, MAX_SURPLUS, too_large};
use super::{Code, Problem, error};

/// The longest head of a request, bytes: its target and its fields. A head over twice this is refused before it is read, and the
/// answer has no body.
pub const MAX_HEAD: usize = 32 * 1024;

/// How long an answer may take to begin: a body that comes as slowly as it may (30 s), then a command whose peer does not
/// answer (64·T1, 32 s; of a registrar with several addresses, and of requests in a call one after the other, 40 s), and some. All of these end before by themselves. Streams are answered at once, and go on.
const PATIENCE: Duration = Duration::from_secs(75);

/// What says that an answer did not begin in time. No handler answers so.
const TOO_SLOW: StatusCode = StatusCode::LOOP_DETECTED;

/// Refuses what is larger than any handler takes.
pub fn of_size() -> RequestBodyLimitLayer {
    RequestBodyLimitLayer::new(MAX_BODY + MAX_SURPLUS)
}

/// Gives up on a handler that has not answered.
pub fn of_time() -> TimeoutLayer {
    TimeoutLayer::with_status_code(TOO_SLOW, PATIENCE)
}

/// Refuses a head that is too long or does not name its host; and says as a problem what the layers below say in their own way.
pub async fn told(request: Request, next: Next) -> Response {
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target + fields.sum::<usize>() > MAX_HEAD {
        return head_too_large().into_response();
    }
    if !has_host(&request) {
        return no_host().into_response();
    }
    let response = next.run(request).await;
    let is_ours =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == error::CONTENT_TYPE);
    match response.status() {
        StatusCode::PAYLOAD_TOO_LARGE if !is_ours => too_large().into_response(),
        TOO_SLOW => {
            tracing::error!("a request was not answered in time");
            error::internal().into_response()
        }
        _ => response,
    }
}

/// Whether a request says once which host it is for, as each must since HTTP/1.1 (RFC 9112 §3.2).
fn has_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// A host and perhaps a port, without a user. It may be empty: a target may have none.
fn is_host(value: &HeaderValue) -> bool {
    let is_authority = |host: &&[u8]| Authority::try_from(*host).is_ok();
    value.is_empty() || Some(value.as_bytes()).filter(is_authority).is_some_and(|host| !host.contains(&b'@'))
}

/// The head does not say, or says twice, which host it is for.
fn no_host() -> Problem {
    Problem::new(Code::Malformed, "Host: a request of HTTP/1.1 has one, with a host and perhaps a port")
}

/// The head is over the bound.
pub fn head_too_large() -> Problem {
    Problem::new(Code::HeadTooLarge, format!("the head of the request is longer than {MAX_HEAD} bytes"))
}
