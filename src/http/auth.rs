//! Who may ask: `Authorization: Bearer KEY` (RFC 6750), never in a URL.

use std::fmt;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::{Code, Context, Problem};

/// An API key, kept as its SHA-256.
#[derive(Clone, Copy)]
pub struct ApiKey([u8; 32]);

impl ApiKey {
    /// From the key as clients send it.
    pub fn new(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// From the key's SHA-256.
    pub fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Whether this is the key. What a digest's comparison tells by its time does not lead to the key.
    fn is(&self, key: &[u8]) -> bool {
        Sha256::digest(key).as_slice() == self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

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
        None => Err(Problem::new(Code::Unauthenticated, "send the API key as `Authorization: Bearer KEY`")),
    }
}

fn bearer(request: &Request) -> Option<&[u8]> {
    let (scheme, key) = request.headers().get(header::AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}
