//! Who may ask: `Authorization: Bearer KEY` (RFC 6750), never in a URL. A JSON Web Token is shown in the same way.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::{Code, Context, Problem, origin, scopes};
use crate::access::{Pass, Refused, Scope};

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Lets a request pass to a route whose scope its key has. The [`Pass`] goes with it.
pub async fn scoped(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let pass = pass(&context, &request)?;
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let scope = scopes::asked(request.method(), route);
    if !pass.allows(scope) {
        return Err(forbidden(scope));
    }
    request.extensions_mut().insert(pass);
    Ok(next.run(request).await)
}

/// Lets a request pass that has any key.
pub async fn known(
    State(context): State<Context>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    pass(&context, &request)?;
    Ok(next.run(request).await)
}

fn pass(context: &Context, request: &Request) -> Result<Pass, Problem> {
    if context.access.is_open() {
        origin::check(request, &context.cors_origins)?;
    }
    let from = request.extensions().get::<Peer>().map(|Peer(address)| address.ip());
    let pass =
        context.access.admit(bearer(request), from, Instant::now()).map_err(|why| refused(why, from))?;
    tracing::Span::current().record("key", pass.name());
    Ok(pass)
}

fn bearer(request: &Request) -> Option<&[u8]> {
    let (scheme, key) = request.headers().get(header::AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| key.trim_ascii())
}

/// What somebody is told who may not come in.
fn refused(why: Refused, from: Option<IpAddr>) -> Problem {
    tracing::debug!(?from, %why, "a request was refused");
    match why {
        Refused::NoKey => no_key(),
        Refused::Unknown | Refused::Token(_) => {
            // RFC 6750 §3.1
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            Problem::new(Code::Unauthenticated, why.to_string())
                .with_header(header::WWW_AUTHENTICATE, challenge)
        }
        Refused::TooMany(wait) | Refused::TooManyFailures(wait) => rate_limited(&why.to_string(), wait),
    }
}

/// What a client is told that shows no key.
pub fn no_key() -> Problem {
    Problem::new(Code::Unauthenticated, "send the API key as `Authorization: Bearer KEY`")
}

/// The key is good, but not for this.
pub fn forbidden(scope: Scope) -> Problem {
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
    let problem = Problem::new(Code::Forbidden, format!("the API key has not the scope {scope}"));
    match HeaderValue::try_from(challenge) {
        Ok(challenge) => problem.with_header(header::WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

/// Too often; whole seconds, since `Retry-After` has no others.
pub fn rate_limited(why: &str, wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(Code::RateLimited, format!("{why}; try again in {seconds} s"))
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)))
}
