//! The stream of events, described: OpenAPI 3.1 knows no streams, so the schema is that of one envelope.

use std::collections::BTreeMap;

use utoipa::openapi::schema::{AllOfBuilder, SchemaType};
use utoipa::openapi::{
    ContentBuilder, Object, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::examples;
use crate::agent::Timestamp;
use crate::agent::event::{Call, Dtmf, Info, Release, ReleaseReason, Sdp};
use crate::state::Topic;

/// The answer that a stream is.
pub fn stream(about: &str) -> BTreeMap<String, RefOr<Response>> {
    let (events, lines) = examples::stream();
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(
        "Server-sent events: `id` (missing with `stream.gap`), `event` (the type) and `data` (a `CloudEvent` in one line).",
    ));
    let events = ContentBuilder::new().schema(Some(text)).example(Some(events.into())).build();
    let lines = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("CloudEvent")))
        .examples_from_iter(lines.into_iter().map(|(name, line)| (name, examples::shown("One line", line))))
        .build();
    let response = ResponseBuilder::new()
        .description(about)
        .content("text/event-stream", events)
        .content("application/x-ndjson", lines)
        .build();
    BTreeMap::from([("200".to_owned(), response.into())])
}

/// Adds the schemas of events.
pub fn schemas(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let mut add = |name: &str, schema: RefOr<Schema>| schemas.insert(name.to_owned(), schema);
    add("CloudEvent", cloud_event());
    add("EventData", event_data());
    add("CallInEvent", call_in_event());
    add("SdpInEvent", sdp_in_event());
    add(&Dtmf::name(), Dtmf::schema());
    add(&Info::name(), Info::schema());
    add(&Release::name(), Release::schema());
    add(&ReleaseReason::name(), ReleaseReason::schema());
}

fn word(about: &str, example: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).examples([example])
}

fn one_of(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

fn reference(name: &str) -> Ref {
    Ref::from_schema_name(name)
}

fn cloud_event() -> RefOr<Schema> {
    let required = ["specversion", "id", "source", "type", "time", "datacontenttype", "data"];
    let object = ObjectBuilder::new()
        .description(Some("An event in a CloudEvents 1.0 envelope, JSON format."))
        .property("specversion", one_of(["1.0"]))
        .property("id", word("`<epoch>-<sequence>`. Sequences have no holes; another epoch begins where events that were seen may have been lost. That of a `stream.gap` is the place right before the oldest event kept.", "7f3a-184223"))
        .property("source", word("`/call-agent/` and the agent's name.", "/call-agent/agent-1"))
        .property("type", one_of(Topic::all().map(Topic::name)))
        .property("subject", word("The call's id; with `registration.changed` the account's; missing with what concerns the stream.", "call_01JD8Q4V6T0000000000000000"))
        .property("time", Timestamp::schema())
        .property("datacontenttype", one_of(["application/json"]))
        .property("data", reference("EventData"));
    required.into_iter().fold(object, ObjectBuilder::required).into()
}

fn event_data() -> RefOr<Schema> {
    ObjectBuilder::new()
        .description(Some("`call` with every event of a call; the rest by the event's type."))
        .property("call", reference("CallInEvent"))
        .property("account", reference("Account"))
        .property("dtmf", reference("Dtmf"))
        .property("info", reference("Info"))
        .property("message", reference("Info"))
        .property("release", reference("Release"))
        .property("oldest", word("`stream.gap`: the oldest event kept, or the next to come.", "7f3a-180000"))
        .property("last", word("`stream.gap`: the last event there is.", "7f3a-184223"))
        .into()
}

/// A call, without having to have what cannot have changed.
fn call_in_event() -> RefOr<Schema> {
    let about = "The call right after the event: whole with the call's first event; later without `headers`, and without \
                 `sdp.remote` unless that is new.";
    let mut call = object_of(Call::schema());
    call.description = Some(about.to_owned());
    call.required.retain(|name| name != "headers");
    call.properties.insert("sdp".to_owned(), reference("SdpInEvent").into());
    Schema::from(call).into()
}

fn sdp_in_event() -> RefOr<Schema> {
    let mut sdp = object_of(Sdp::schema());
    sdp.required.retain(|name| name != "remote");
    Schema::from(sdp).into()
}

fn object_of(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        other => {
            let all = AllOfBuilder::new().item(other);
            ObjectBuilder::new().schema_type(SchemaType::AnyValue).property("", all).build()
        }
    }
}
