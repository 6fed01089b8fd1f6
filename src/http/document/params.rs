//! The parameters of requests, described.

use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, SchemaType};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Required, Schema, Type};

use crate::http::query::{LIMIT, MAX_FILTERS};

/// Parameters of one kind, described by a function.
macro_rules! params {
    ($($(#[$doc:meta])* $name:ident = $function:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                $function()
            }
        }
    )*};
}

params! {
    /// The call in the path.
    CallParam = call;
    /// The account in the path.
    AccountParam = account;
    /// The webhook in the path.
    WebhookParam = webhook;
    /// The pages of dead letters.
    DeadLetterParams = dead_letters;
    /// The condition on a command.
    IfMatchParam = if_match;
    /// The key under which a command is done once.
    IdempotencyParam = idempotency;
    /// Who a command is from.
    ClaimParams = claim;
    /// The condition on a reading.
    IfNoneMatchParam = if_none_match;
    /// The filters of calls.
    FilterParams = filters;
    /// Which records are wanted.
    RecordParams = records;
    /// How a timeline is written.
    TimelineParams = timeline;
    /// The pages of a listing.
    PageParams = page;
    /// The place and the types of a stream.
    PositionParams = position;
}

fn text(example: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).examples([example]).into()
}

fn list_of(name: &str) -> RefOr<Schema> {
    ArrayBuilder::new().items(Ref::from_schema_name(name)).into()
}

fn parameter(name: &str, place: ParameterIn, about: &str, schema: RefOr<Schema>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

fn query(name: &str, about: &str, schema: RefOr<Schema>) -> Parameter {
    parameter(name, ParameterIn::Query, about, schema)
}

/// Values of a list go into one parameter, between commas.
fn comma_list(mut parameter: Parameter) -> Parameter {
    parameter.explode = Some(false);
    parameter
}

fn call() -> Vec<Parameter> {
    let id = Ref::from_schema_name("CallId").into();
    let mut parameter = parameter("id", ParameterIn::Path, "The call.", id);
    parameter.required = Required::True;
    vec![parameter]
}

fn account() -> Vec<Parameter> {
    id("The account.", "1000")
}

fn webhook() -> Vec<Parameter> {
    id("The webhook.", "crm")
}

fn id(about: &str, example: &str) -> Vec<Parameter> {
    let mut parameter = parameter("id", ParameterIn::Path, about, text(example));
    parameter.required = Required::True;
    vec![parameter]
}

fn if_match() -> Vec<Parameter> {
    let about = "Only if the call is at this version: an `ETag` as it was given, or `*`.";
    vec![parameter("If-Match", ParameterIn::Header, about, text("\"2\""))]
}

fn idempotency() -> Vec<Parameter> {
    let about = "Any text of up to 255 characters: the same command with the same key is done once and answered again as the first \
                 time, with `Idempotency-Replayed: true`; another command with it gets 422. A command is the same if its method, \
                 path and body are, and `Claim-Owner`, `Claim-Fence` and `If-Match`. Each API key has its own, as has each `sub` of \
                 a token: what another client sends is not looked at. Kept for the life of the call and an \
                 hour longer, across restarts. An answer that says that nothing was done (401, 408, 429, 500, 503) is not kept.";
    vec![parameter("Idempotency-Key", ParameterIn::Header, about, text("7d6f2c1e"))]
}

fn claim() -> Vec<Parameter> {
    let owner = "Who the command is from. While a lease on the call lasts, others get 409 `claimed`.";
    let fence = "The lease that he believes to have: its `fence`. Another is 409 `claimed`.";
    vec![
        parameter("Claim-Owner", ParameterIn::Header, owner, text("crm-7")),
        parameter("Claim-Fence", ParameterIn::Header, fence, text("1")),
    ]
}

fn if_none_match() -> Vec<Parameter> {
    let about = "Only if the call is not at this version: an `ETag` as it was given.";
    vec![parameter("If-None-Match", ParameterIn::Header, about, text("\"2\""))]
}

fn filters() -> Vec<Parameter> {
    let repeated =
        format!("May be repeated, up to {MAX_FILTERS} of headers and labels together: all must match.");
    let direction = Ref::from_schema_name("Direction").into();
    vec![
        comma_list(query("state", "Calls in any of these states, between commas.", list_of("CallState"))),
        query("direction", "Calls placed by the peer, or by this agent.", direction),
        query("account", "Calls of this account; of a stream also its registrations.", text("1000")),
        query("from", "Calls whose From has exactly this URI or this user part.", text("1001")),
        query("to", "Calls whose To has exactly this URI or this user part.", text("1000")),
        query(
            "header.NAME",
            &format!(
                "Calls whose INVITE has this header with exactly this value; `NAME` in any case, also `Call-ID`, but not `From` and \
                 `To`, which have parameters of their own. {repeated}"
            ),
            text("18300000000"),
        ),
        query(
            "label.NAME",
            &format!("Calls that have this label with exactly this value. {repeated}"),
            text("4711"),
        ),
    ]
}

fn records() -> Vec<Parameter> {
    let time = || text("2026-11-22T00:00:00Z");
    let mut all = filters();
    all.extend([
        comma_list(query("cause", "Calls that ended for any of these, between commas.", list_of("EndCause"))),
        query("since", "Calls that began then or later.", time()),
        query("until", "Calls that began before that.", time()),
    ]);
    all
}

fn timeline() -> Vec<Parameter> {
    let formats = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(["json", "text", "mermaid", "pcapng"]))
        .default(Some("json".into()));
    vec![query("format", "How it is written.", formats.into())]
}

fn page() -> Vec<Parameter> {
    pages("How many calls at most.", "call_01JD8Q4V6T0000000000000000")
}

fn dead_letters() -> Vec<Parameter> {
    pages("How many dead letters at most.", "7f3a-184223")
}

fn pages(about: &str, cursor: &str) -> Vec<Parameter> {
    let (most, default) = LIMIT;
    let limit = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .minimum(Some(1_u32))
        .maximum(Some(most))
        .default(Some(default.into()));
    vec![
        query("limit", about, limit.into()),
        query("cursor", "`next_cursor` of the page before; not to be made up.", text(cursor)),
    ]
}

fn position() -> Vec<Parameter> {
    let types = "The events wanted, between commas; `call.*` and `*` are patterns. `stream.gap` always comes. Names of the \
                 contract that this version does not send yet are known.";
    let after = "Resume right behind this event, or `earliest` for the oldest kept.";
    let last = "Resume right behind this event; wins over `after`.";
    let names = ArrayBuilder::new().items(ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)));
    vec![
        comma_list(query("types", types, names.into())),
        query("after", after, text("7f3a-184223")),
        parameter("Last-Event-ID", ParameterIn::Header, last, text("7f3a-184223")),
    ]
}
