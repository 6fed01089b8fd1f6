//! REST and server-sent events over the board and the commander: one file per resource.
//!
//! | file | what it serves |
//! |---|---|
//! | `calls` `call` | the listing; one call, its labels, its end by DELETE |
//! | `originate` | a new call |
//! | `records` | ended calls |
//! | `ring` `accept` `reject` `cancel` `hangup` | the commands |
//! | `claim` | the lease on a call |
//! | `timeline` | what happened to a call |
//! | `accounts` `account` | the registrations, and the commands to them |
//! | `webhooks` `webhook` | the receivers of events, and what they did not take |
//! | `events` (`stream`, `streams`) | the events of all calls and of one |
//! | `health` `document` | what probes and people ask |
//! | `metrics` `diagnostics` (`watched`, `traced`) | how it is doing, for Prometheus and for people |
//! | `error` `code` `refusal` | problems (RFC 9457), and the agent's refusals as such |
//! | `auth` `scopes` `origin` | who may ask for what, and which web pages may |
//! | `body` `bounds` `etag` `idempotency` `preference` `query` `target` | the parts of a request, and its bounds |
//! | `head` | what every answer says to browsers |
//! | `unread` | what is left of a request that has been answered |
//! | `serve` `listener` `secure` | connections, their bounds and their end |

mod accept;
mod account;
mod accounts;
mod auth;
mod body;
mod bounds;
mod call;
mod calls;
mod cancel;
mod claim;
mod code;
mod diagnostics;
mod document;
mod error;
mod etag;
mod events;
mod hangup;
mod head;
mod health;
mod idempotency;
mod letters;
mod listener;
mod metrics;
mod origin;
mod originate;
mod preference;
mod query;
mod records;
mod refusal;
mod reject;
mod ring;
mod scopes;
mod secure;
mod serve;
mod stream;
mod streams;
mod target;
#[cfg(test)]
mod tests;
mod timeline;
mod traced;
mod unread;
mod watched;
mod webhook;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::agent::{Action, CallCommand, CallId};
use crate::driver::Commander;
use crate::metrics::Metrics;
use crate::state::Board;
use crate::state::answers::Answers;
use crate::state::journal::Journal;
use crate::timeline::Timelines;
use crate::traces::Traces;
use crate::webhook::Webhooks;

pub use code::Code;
pub use diagnostics::{About, ListenerFacts};
pub use error::Problem;
pub use serve::{Limits, serve};
pub use streams::Streams;

use call::CallAnswer;
use claim::By;
use etag::IfMatch;
use letters::Heard;

/// What handlers work with.
#[derive(Clone, Debug)]
pub struct Context {
    /// What clients see.
    pub board: Board,
    /// Where their commands go.
    pub commander: Commander,
    /// The log on disk, if there is one.
    pub journal: Option<Journal>,
    /// What commands with an `Idempotency-Key` were answered.
    pub answers: Answers,
    /// The receivers of events.
    pub webhooks: Webhooks,
    /// What happened to calls.
    pub timelines: Timelines,
    /// What is counted.
    pub metrics: Metrics,
    /// Where commands become parts of traces.
    pub traces: Traces,
    /// What the service knows of itself.
    pub about: Arc<About>,
    /// Who may ask for what.
    pub access: Access,
    /// The origins of web pages that may.
    pub cors_origins: Arc<[String]>,
}

impl Context {
    /// Gives a command and answers with the call as it then is. Once it is given it runs to its end in the agent, whether its
    /// client still waits or not.
    async fn command(
        &self,
        call: CallId,
        condition: IfMatch,
        By(by): By,
        action: Action,
    ) -> Result<CallAnswer, Problem> {
        let if_version = self.condition(call, condition);
        let done = self.commander.call(CallCommand { call, if_version, by, action }).await;
        done.map(CallAnswer).map_err(|refusal| refusal::of_call(refusal, call, &self.board))
    }

    /// The same for a command whose answer is the peer's.
    async fn converse(
        &self,
        call: CallId,
        condition: IfMatch,
        By(by): By,
        action: Action,
    ) -> Result<Heard, Problem> {
        let if_version = self.condition(call, condition);
        let heard = self.commander.converse(CallCommand { call, if_version, by, action }).await;
        heard
            .map(|(call, sip_status)| Heard { call, sip_status })
            .map_err(|refusal| refusal::of_call(refusal, call, &self.board))
    }

    /// The version that the call must be at.
    fn condition(&self, call: CallId, condition: IfMatch) -> Option<u64> {
        condition.version(|| self.board.call(call).map(|call| call.version))
    }
}

/// The whole API. Outermost is what every answer must have; then what a request must have before anybody looks at it.
pub fn router(context: Context) -> Router {
    let cors = origin::cors(&context.cors_origins);
    let bounded = routes(&context)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(bounds::of_time())
        .layer(bounds::of_size())
        .layer(from_fn(bounds::told))
        .layer(CatchPanicLayer::custom(error::panicked));
    let shared = match cors {
        Some(cors) => bounded.layer(cors),
        None => bounded,
    };
    head::hardened(shared)
        .layer(from_fn_with_state(context.clone(), watched::watched))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new())
                .on_failure(()),
        )
        .layer(from_fn(stream::begun))
        .layer(from_fn(unread::dropped))
        .with_state(context)
}

/// Every resource, behind what it asks for.
fn routes(context: &Context) -> Router<Context> {
    let (open, _) = open_routes().split_for_parts();
    let (guarded, _) = guarded_routes().split_for_parts();
    let guarded = guarded
        .layer(from_fn_with_state(context.clone(), idempotency::once))
        .layer(from_fn_with_state(context.clone(), traced::traced))
        .layer(from_fn_with_state(context.clone(), auth::scoped));
    let described = document::routes(&document()).layer(from_fn_with_state(context.clone(), auth::known));
    head::unstored(guarded.merge(described)).merge(document::page()).merge(open)
}

/// What the API says of itself: OpenAPI 3.1, from the routes that are served.
pub fn document() -> OpenApi {
    document::finish(guarded_routes().into_openapi().merge_from(open_routes().into_openapi()))
}

fn open_routes() -> OpenApiRouter<Context> {
    OpenApiRouter::new().routes(routes!(health::livez)).routes(routes!(health::readyz))
}

fn guarded_routes() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(calls::list, originate::originate))
        .routes(routes!(records::list))
        .routes(routes!(call::read, call::patch, call::delete))
        .routes(routes!(ring::ring))
        .routes(routes!(accept::accept))
        .routes(routes!(reject::reject))
        .routes(routes!(cancel::cancel))
        .routes(routes!(hangup::hangup))
        .routes(routes!(letters::info))
        .routes(routes!(letters::message))
        .routes(routes!(letters::dtmf))
        .routes(routes!(claim::take, claim::renew, claim::release))
        .routes(routes!(timeline::read))
        .routes(routes!(accounts::list))
        .routes(routes!(account::read))
        .routes(routes!(account::register))
        .routes(routes!(account::unregister))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhook::read, webhook::remove))
        .routes(routes!(webhook::dead_letters))
        .routes(routes!(webhook::redeliver))
        .routes(routes!(events::all))
        .routes(routes!(events::of_call))
        .routes(routes!(metrics::read))
        .routes(routes!(diagnostics::read))
}

/// A span without personal data: the route, not the path and its query; the name of the key, once that is known.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::debug_span!("http", method = %request.method(), route, key = tracing::field::Empty)
}
