//! Which web pages may use the API from a browser.
//!
//! Without a key everybody may do everything whose requests arrive on loopback, and so may each page that a browser on this
//! machine shows: one that asks under a name of its own which it lets lead to loopback (DNS rebinding), and one that simply
//! posts. So while all is open a request must name this machine as its host, and its origin, if it has one, must be this very
//! service or one of the settings (`--cors-origin`).

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::{Code, Problem};

/// How long a browser may remember what it was allowed.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(600);

/// Whether a request may come in while all is open.
pub fn check(request: &Request, allowed: &[String]) -> Result<(), Problem> {
    let host = text(request.headers(), &header::HOST);
    let named = request.uri().authority().map(Authority::as_str).into_iter().chain(host);
    if let Some(foreign) = named.into_iter().find(|name| !is_loopback(name)) {
        return Err(foreign_host(foreign));
    }
    let Some(origin) = text(request.headers(), &header::ORIGIN) else { return Ok(()) };
    let is_own = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
    if is_own || allowed.iter().any(|allowed| allowed == origin) {
        return Ok(());
    }
    let detail = format!(
        "without an API key web pages of {origin:?} may not use this service; --cors-origin would allow it"
    );
    Err(Problem::new(Code::Forbidden, detail))
}

/// The request is for somebody else.
pub fn foreign_host(host: &str) -> Problem {
    let detail = format!(
        "without an API key only requests to localhost or a loopback address are taken, not to {host:?}"
    );
    Problem::new(Code::Forbidden, detail)
}

/// What cannot be read is like nothing that may pass.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Whether this names the machine itself, whoever looks the name up (RFC 6761 §6.3).
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// What browsers are told of these origins; `None`: there are none. Without credentials: a key is no cookie, and pages must send
/// it themselves.
pub fn cors(allowed: &[String]) -> Option<CorsLayer> {
    let origins: Vec<_> = allowed.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let asked =
        ["last-event-id", "idempotency-key", "claim-owner", "claim-fence", "traceparent", "tracestate"];
    let usual = [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH];
    let told = [header::ETAG, header::LOCATION, header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::ALLOW];
    let ours = ["idempotency-replayed", "next-cursor"];
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(asked.map(HeaderName::from_static).into_iter().chain(usual).collect::<Vec<_>>())
            .expose_headers(told.into_iter().chain(ours.map(HeaderName::from_static)).collect::<Vec<_>>())
            .max_age(REMEMBERED),
    )
}
