//! Who may ask: `Authorization: Bearer KEY` (RFC 6750), never in a URL.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;

use super::{Code, Context, Problem};

/// What a client that shows no key is told.
pub const NO_KEY: &str = "send the API key as `Authorization: Bearer KEY`";

/// Lets a request pass that shows the key, if one is configured.
pub async fn require_key(
    State(context): State<Context>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(key) = context.api_key else { return Ok(next.run(request).await) };
    match bearer(&request) {
        Some(shown) if key.is(shown) => Ok(next.run(request).await),
        Some(_) => Err(Problem::new(Code::Unauthenticated, "the API key is not known")),
        None => Err(Problem::new(Code::Unauthenticated, NO_KEY)),
    }
}

fn bearer(request: &Request) -> Option<&[u8]> {
    let (scheme, key) = request.headers().get(header::AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}
