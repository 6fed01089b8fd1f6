//! The answers of each operation: what it says when it goes well, and every problem that it can have.

use std::collections::BTreeMap;

use utoipa::openapi::example::Example;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{IntoResponses, ToSchema};

use super::good::{
    account, account_command, accounts, answer, call, call_events, health, heard, metrics, originated, page,
    read, records, text_header, timeline,
};
use super::receivers::{body, of_webhook, webhook_added};
use super::{event, examples};
use crate::http::Code;

/// By status.
pub type Answers = BTreeMap<String, RefOr<Response>>;

/// The answers of operations: the good one, and the codes of the others.
macro_rules! responses {
    ($($(#[$doc:meta])* $name:ident = $good:expr, [$($code:ident)*];)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> Answers {
                let mut answers = problems(&[$(Code::$code),*]);
                answers.extend($good);
                answers
            }
        }
    )*};
}

responses! {
    /// Of the listing.
    Listed = page(), [Malformed Unauthenticated Internal];
    /// Of the records.
    RecordsListed = records(), [Malformed Unauthenticated Internal];
    /// Of a new call.
    Originated = originated(), [
        Malformed Unauthenticated RequestTimeout TooLarge UnsupportedMediaType InvalidField InvalidSdp InvalidHeader
        RequestInFlight IdempotencyKeyReused Internal Overloaded Draining
    ];
    /// Of one call.
    Read = read(), [Unauthenticated CallNotFound Internal];
    /// Of a change of labels.
    Changed = call("The call with its new labels", "call-ringing"), [
        Malformed Unauthenticated CallNotFound RequestTimeout VersionMismatch TooLarge UnsupportedMediaType InvalidField
        Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining
    ];
    /// Of `ring`.
    Rang = call("The call, ringing", "call-ringing"), [
        Malformed Unauthenticated CallNotFound RequestTimeout InvalidState CallEnded NoCommonCodec VersionMismatch
        TooLarge UnsupportedMediaType InvalidField InvalidSdp InvalidHeader Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining SipTimeout
    ];
    /// Of `accept`.
    Accepted = call("The call: `established`, or with `\"wait\": \"sent\"` perhaps still `accepted`", "call-established"), [
        Malformed Unauthenticated CallNotFound RequestTimeout InvalidState CallEnded NoCommonCodec VersionMismatch
        TooLarge UnsupportedMediaType InvalidField InvalidSdp InvalidHeader Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining AckTimeout SipTimeout
    ];
    /// Of `reject`.
    Rejected = call("The call, ended", "call-rejected"), [
        Malformed Unauthenticated CallNotFound RequestTimeout InvalidState CallEnded VersionMismatch TooLarge
        UnsupportedMediaType InvalidField InvalidHeader Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining SipTimeout
    ];
    /// Of `cancel`.
    Cancelled = call("The call, ended", "call-cancelled"), [
        Malformed Unauthenticated CallNotFound RequestTimeout InvalidState CallEnded VersionMismatch TooLarge
        UnsupportedMediaType InvalidField Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining SipTimeout
    ];
    /// Of DELETE.
    Deleted = call("The call, ended", "call-hung-up"), [
        Malformed Unauthenticated CallNotFound RequestTimeout CallEnded VersionMismatch TooLarge
        UnsupportedMediaType InvalidField Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining AckTimeout SipTimeout
    ];
    /// Of `hangup`.
    HungUp = call("The call, ended", "call-hung-up"), [
        Malformed Unauthenticated CallNotFound RequestTimeout CallEnded VersionMismatch TooLarge
        UnsupportedMediaType InvalidField InvalidHeader Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining AckTimeout SipTimeout
    ];
    /// Of what the peer is sent in the dialog.
    Heard = heard(), [
        Malformed Unauthenticated CallNotFound RequestTimeout InvalidState CallEnded VersionMismatch TooLarge
        UnsupportedMediaType InvalidField InvalidHeader Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining SipRejected SipTimeout
    ];
    /// Of keys.
    Pressed = heard(), [
        Malformed Unauthenticated CallNotFound RequestTimeout InvalidState CallEnded VersionMismatch TooLarge
        UnsupportedMediaType InvalidField Claimed RequestInFlight IdempotencyKeyReused Internal Overloaded Draining SipRejected SipTimeout
    ];
    /// Of taking and renewing a lease.
    Claimed = call("The call with its lease", "call-claimed"), [
        Malformed Unauthenticated CallNotFound RequestTimeout CallEnded Claimed VersionMismatch TooLarge
        UnsupportedMediaType InvalidField RequestInFlight IdempotencyKeyReused Internal Overloaded Draining
    ];
    /// Of giving a lease up.
    Released = call("The call without a lease", "call-established"), [
        Malformed Unauthenticated CallNotFound RequestTimeout CallEnded Claimed VersionMismatch TooLarge
        UnsupportedMediaType InvalidField RequestInFlight IdempotencyKeyReused Internal Overloaded Draining
    ];
    /// Of a timeline.
    TimelineRead = timeline(), [Malformed Unauthenticated CallNotFound Internal];
    /// Of the list of accounts.
    AccountsListed = accounts(), [Unauthenticated Internal];
    /// Of one account.
    AccountRead = account("The account", "account-registered"), [Unauthenticated Internal];
    /// Of `register`.
    Registered = account_command("The account, `registered`", "account-registered"), [
        Unauthenticated Malformed RequestTimeout TooLarge UnsupportedMediaType InvalidField RequestInFlight IdempotencyKeyReused
        Internal Overloaded Draining SipRejected
    ];
    /// Of `unregister`.
    Unregistered = account_command("The account, `unregistered`", "account-unregistered"), [
        Unauthenticated Malformed RequestTimeout TooLarge UnsupportedMediaType InvalidField RequestInFlight IdempotencyKeyReused
        Internal Overloaded Draining SipRejected
    ];
    /// Of the list of webhooks.
    WebhooksListed = body(200, "The webhooks", "WebhookList", examples::webhook_list()), [Unauthenticated Internal];
    /// Of a new webhook.
    WebhookAdded = webhook_added(), [
        Malformed Unauthenticated RequestTimeout TooLarge UnsupportedMediaType InvalidField Conflict
        RequestInFlight IdempotencyKeyReused Internal Overloaded
    ];
    /// Of one webhook.
    WebhookRead = of_webhook(body(200, "The webhook", "Webhook", examples::webhook())), [Unauthenticated Internal];
    /// Of removing one.
    WebhookRemoved = of_webhook(answer(204, Response::new("It is removed"))), [
        Malformed Unauthenticated RequestTimeout TooLarge UnsupportedMediaType InvalidField Conflict
        RequestInFlight IdempotencyKeyReused Internal Overloaded
    ];
    /// Of dead letters.
    DeadLettersListed = of_webhook(body(200, "A page of dead letters", "DeadLetterPage", examples::dead_letters())), [
        Malformed Unauthenticated Internal
    ];
    /// Of sending them again.
    Redelivered = of_webhook(body(202, "How many are on their way", "Redelivering", examples::redelivering())), [
        Malformed Unauthenticated RequestTimeout TooLarge UnsupportedMediaType InvalidField
        RequestInFlight IdempotencyKeyReused Internal Overloaded
    ];
    /// Of the stream of all events.
    Events = event::stream("The events, until one side closes the stream"), [Malformed Unauthenticated Internal];
    /// Of the stream of one call.
    CallEvents = call_events(), [Malformed Unauthenticated CallNotFound Internal];
    /// Of what Prometheus asks for.
    MetricsRead = metrics(), [Unauthenticated Internal];
    /// Of the agent in one page.
    DiagnosticsRead = body(200, "The agent", "Diagnostics", examples::diagnostics()), [Unauthenticated Internal];
    /// Of the probe for life.
    Alive = health("alive"), [Malformed HeadTooLarge];
    /// Of the probe for readiness.
    Ready = health("ready"), [Malformed HeadTooLarge Overloaded Draining];
}

/// Adds the schemas of types that no handler names as its body, and of all that they hold.
pub fn schemas<T: Schemas>(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let mut found = Vec::new();
    T::collect(&mut found);
    schemas.extend(found);
}

/// A set of types with schemas.
pub trait Schemas {
    /// Adds their schemas and those of all that they hold.
    fn collect(found: &mut Vec<(String, RefOr<Schema>)>);
}

impl<A: ToSchema, B: ToSchema> Schemas for (A, B) {
    fn collect(found: &mut Vec<(String, RefOr<Schema>)>) {
        found.extend([(A::name(), A::schema()), (B::name(), B::schema())].map(|(n, s)| (n.into(), s)));
        A::schemas(found);
        B::schemas(found);
    }
}

/// Examples that several operations share: calls in several states, and each problem.
pub fn shared_examples() -> BTreeMap<String, RefOr<Example>> {
    let problems =
        Code::ALL.map(|code| (code.row().0, examples::shown(code.row().2, examples::problem(code))));
    let calls = examples::calls().map(|(name, call)| (name, examples::shown(call.state.name(), call)));
    let accounts = examples::accounts().map(|(name, state, account)| (name, examples::shown(state, account)));
    problems
        .into_iter()
        .chain(calls)
        .chain(accounts)
        .map(|(name, example)| (name.to_owned(), example))
        .collect()
}

/// One of the shared examples.
pub fn example_of(name: &str) -> RefOr<Example> {
    RefOr::Ref(Ref::new(format!("#/components/examples/{name}")))
}

/// What whatever asks for a key can be answered.
const GUARDED: [Code; 4] = [Code::Malformed, Code::Forbidden, Code::RateLimited, Code::HeadTooLarge];

/// One response for each status, with an example for each of its codes.
fn problems(codes: &[Code]) -> Answers {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    let is_guarded = codes.contains(&Code::Unauthenticated);
    let shared = GUARDED.iter().filter(|code| is_guarded && !codes.contains(code));
    for code in codes.iter().chain(shared) {
        by_status.entry(code.row().1.as_u16()).or_default().push(*code);
    }
    by_status
        .into_iter()
        .map(|(status, codes)| {
            let shared = codes.into_iter().map(|code| (code, example_of(code.row().0)));
            (status.to_string(), problem(status, &shared.collect::<Vec<_>>()).into())
        })
        .collect()
}

/// The problems of one status, each with its example.
pub fn problem(status: u16, codes: &[(Code, RefOr<Example>)]) -> Response {
    let titles: Vec<_> =
        codes.iter().map(|(code, _)| format!("`{}`: {}", code.row().0, code.row().2)).collect();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(codes.iter().map(|(code, example)| (code.row().0, example.clone())))
        .build();
    let response =
        ResponseBuilder::new().description(titles.join("; ")).content("application/problem+json", content);
    match status {
        401 => response.header(
            "WWW-Authenticate",
            text_header("`Bearer`, and what is wrong with the key that was sent"),
        ),
        412 => response.header("ETag", text_header("The version that the call is at, in quotes.")),
        429 | 503 => response.header("Retry-After", text_header("Seconds to wait before trying again.")),
        _ => response,
    }
    .build()
}
