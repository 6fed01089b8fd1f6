//! The OpenAPI document, and the page that shows it to people. Paths and schemas come from the handlers; what they cannot
//! say (examples, events, security) is added here.

mod event;
pub mod examples;
mod good;
mod page;
mod params;
mod receivers;
mod requests;
pub mod responses;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::http::{Method, header};
use axum::routing::get;
use bytes::Bytes;
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Content, InfoBuilder, LicenseBuilder, OpenApi, RefOr, Required};

use super::error::Fields as ProblemFields;
use crate::agent::command::Letter;
use crate::timeline::Story;

use super::{Context, accounts, calls, diagnostics, health, letters, records, scopes, webhook, webhooks};

pub use page::routes as page;
pub use params::{
    AccountParam, CallParam, ClaimParams, DeadLetterParams, FilterParams, IdempotencyParam, IfMatchParam,
    IfNoneMatchParam, PageParams, PositionParams, RecordParams, TimelineParams, WebhookParam,
};

/// What the contract is, for those who read the document.
const ABOUT: &str = "\
A SIP user agent that other software drives over HTTP: it is called and calls, keeps extensions of a PBX registered, answers \
the SIP by itself, shows calls and accounts as resources, takes commands and tells everything as events.

A command answers when its SIP effect is known, with the call as it then is: not before the kernel has taken the message that \
it sends. If the peer's connection is lost a new one is made; if that fails too, the answer is 504 `sip-timeout`. \
`POST /v1/calls` alone is answered at once, with the call in `dialing`. Every call has exactly one first event \
(`call.offered` or `call.dialing`) and exactly one `call.ended`; the state is changed before its event is visible.

JSON, UTF-8, `snake_case`; times are RFC 3339 in UTC with microseconds. Unknown fields in a request body are an error; \
null for a field that may be left out is as good as leaving it out, but for the labels of PATCH, where it removes. Unknown \
fields in a response must be ignored: `/v1` grows by addition. Every answer to a failed request is a problem (RFC 9457) \
with a `code` for programs; but for what is not read as a request at all, which is answered without a body: what is no HTTP \
(400), and more than 100 header fields or a head of more than 64 KiB (431).

To begin with: follow `GET /v1/events`, and on `call.offered` send `POST /v1/calls/{id}/ring` and `/accept`.

```sh
curl -N http://127.0.0.1:8080/v1/events
curl -X POST http://127.0.0.1:8080/v1/calls/$ID/accept
```

To call somebody, by an account of the settings or without one:

```sh
curl http://127.0.0.1:8080/v1/accounts
curl -X POST http://127.0.0.1:8080/v1/calls -H 'Content-Type: application/json' \\
  -d '{\"to\": \"sip:1001@pbx.example.com\", \"account\": \"1000\"}'
```";

/// What clients show, and what for.
const KEY: &str = "\
The API key, or a JSON Web Token of the configured issuer. Each has scopes, and each operation names the one that it asks for: \
`calls:read` (calls, records, timelines, accounts), `calls:control` (commands to calls), `calls:originate` (new calls), \
`events:read` (event streams), `admin` (all of these, commands to accounts, webhooks). Without a configured key, which is \
possible on the loopback address only, all is open.";

const TAGS: [(&str, &str); 6] = [
    ("calls", "The calls as they are, and new ones."),
    ("commands", "What can be done with a call; its `actions` are those that its state allows."),
    ("accounts", "The extensions of PBXs that the agent keeps registered."),
    ("events", "What happens to calls and registrations, as it happens."),
    ("webhooks", "Receivers that events are sent to, signed and in order, and what they did not take."),
    ("health", "For probes, and for who watches the agent."),
];

/// The document as it is committed and served, ending in a line feed.
pub fn text(document: &OpenApi) -> String {
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// `GET /openapi.json`.
pub fn routes(document: &OpenApi) -> Router<Context> {
    let text = Bytes::from(text(document));
    let document = move || {
        let text = text.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], text) }
    };
    Router::new().route("/openapi.json", get(document))
}

/// Adds to what the handlers say of themselves what they cannot say.
pub fn finish(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("call-agent")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let tag = |(name, about): (&str, &str)| TagBuilder::new().name(name).description(Some(about)).build();
    document.tags = Some(TAGS.map(tag).to_vec());
    document.security = Some(vec![SecurityRequirement::new("bearer", [""; 0])]);
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(KEY)).build();
    components.security_schemes.insert("bearer".to_owned(), SecurityScheme::Http(bearer).into());
    responses::schemas::<(ProblemFields, health::Health)>(&mut components.schemas);
    responses::schemas::<(calls::CallPage, accounts::AccountList)>(&mut components.schemas);
    responses::schemas::<(records::RecordPage, webhooks::WebhookList)>(&mut components.schemas);
    responses::schemas::<(webhooks::AddedWebhook, webhook::DeadLetterPage)>(&mut components.schemas);
    responses::schemas::<(webhook::Redelivering, webhook::Redeliver)>(&mut components.schemas);
    responses::schemas::<(Story, diagnostics::Diagnostics)>(&mut components.schemas);
    responses::schemas::<(letters::Heard, Letter)>(&mut components.schemas);
    event::schemas(&mut components.schemas);
    components.examples = responses::shared_examples();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            describe_body(operation);
            if let Some(scope) = scopes::listed(&method, path) {
                operation.security = Some(vec![SecurityRequirement::new("bearer", [scope.name()])]);
            }
        }
    }
    document
}

/// Few commands need their body; each is shown by examples.
fn describe_body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let is_needed = matches!(
        operation.operation_id.as_deref(),
        Some(
            "createCall"
                | "addWebhook"
                | "sendInfo"
                | "sendMessage"
                | "sendDigits"
                | "claimCall"
                | "renewClaim"
        )
    );
    body.required = Some(if is_needed { Required::True } else { Required::False });
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let mut json = Content::new(None::<utoipa::openapi::Ref>);
    if let Some(RefOr::T(content)) = body.content.get("application/json") {
        json.schema = content.schema.clone();
    }
    json.examples = requests::examples(id);
    if id == "labelCall" {
        body.content.insert("application/merge-patch+json".to_owned(), json.clone().into());
    }
    body.content.insert("application/json".to_owned(), json.into());
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PATCH, &mut item.patch),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn json(value: impl serde::Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}
