//! What becomes of events and commands, in virtual time.

use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime};

use hyper::HeaderMap;
use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use serde_json::json;

use super::collector::Collector;
use super::{Commanded, Parent, event, parent};
use crate::agent::CallId;

const ID: &str = "call_01JD8Q4V6T0000000000000000";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";
/// Longer than anything waits.
const LATER: Duration = Duration::from_secs(3);

fn collector() -> Collector {
    Collector::new(|| getrandom::u64().unwrap())
}

fn envelope(kind: &str, end: serde_json::Value) -> Vec<u8> {
    let call = json!({
        "id": ID, "direction": "inbound", "account": null, "sip": {"call_id": "abc@pbx", "transport": "tcp"},
        "from": {"uri": "sip:18300001234@pbx"}, "created_at": "2026-11-22T10:15:30.000125Z", "end": end,
    });
    let envelope = json!({"type": kind, "time": "2026-11-22T10:15:31.000125Z", "data": {"call": call}});
    envelope.to_string().into_bytes()
}

fn see(collector: &mut Collector, kind: &str, now: Instant) {
    let end = if kind == "call.ended" {
        json!({"cause": "failed", "by": "system", "sip_status": 488})
    } else {
        json!(null)
    };
    collector.see(event::read(&envelope(kind, end)).unwrap(), now);
}

fn command(name: &str, parent: Option<Parent>) -> Commanded {
    let (came, answered) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    let (call, route) = (ID.parse::<CallId>().unwrap(), format!("/v1/calls/{{id}}/{name}"));
    Commanded {
        call,
        name: name.to_owned(),
        method: "POST".to_owned(),
        route,
        came,
        answered,
        status: 200,
        parent,
    }
}

fn client(flags: &str) -> Option<Parent> {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", format!("00-{TRACE}-{CLIENT}-{flags}").parse().unwrap());
    headers.insert("tracestate", "vendor=x".parse().unwrap());
    parent(&headers)
}

fn all(mut collector: Collector, now: Instant) -> Vec<SpanData> {
    collector.tick(now + LATER);
    collector.take(usize::MAX)
}

fn attribute(span: &SpanData, key: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
    found.map_or(String::new(), |found| found.value.to_string())
}

#[test]
fn a_call_is_a_span_with_its_events_and_its_commands_are_below_it_also_the_one_that_has_ended_it() {
    let (mut collector, now) = (collector(), Instant::now());
    see(&mut collector, "call.offered", now);
    see(&mut collector, "call.ringing", now);
    collector.command(command("ring", None), now);
    see(&mut collector, "call.ended", now);
    collector.command(command("hangup", None), now);
    collector.tick(now);
    assert_eq!(collector.len(), 0, "what has ended it may be answered later");
    let spans = all(collector, now);
    let [ring, hangup, call] = &spans[..] else { panic!("{spans:#?}") };
    assert_eq!([&*ring.name, &*hangup.name, &*call.name], ["command ring", "command hangup", "call"]);
    for command in [ring, hangup] {
        assert_eq!(command.parent_span_id, call.span_context.span_id());
        assert_eq!(command.span_context.trace_id(), call.span_context.trace_id());
    }
    let ids: HashSet<_> = spans.iter().map(|span| span.span_context.span_id()).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(call.events.events.iter().map(|event| &*event.name).collect::<Vec<_>>(), ["call.ringing"]);
    assert_eq!(call.span_kind, SpanKind::Server);
    assert_eq!(call.end_time.duration_since(call.start_time).unwrap(), Duration::from_secs(1));
    let facts = ["call.id", "sip.call_id", "call.end.cause", "call.end.by", "sip.status"];
    assert_eq!(facts.map(|key| attribute(call, key)), [ID, "abc@pbx", "failed", "system", "488"]);
    assert_eq!(call.status, Status::error("failed"));
    assert!(!format!("{spans:?}").contains("18300001234"));
}

#[test]
fn the_clients_span_is_above_its_command_which_links_to_the_call() {
    let (mut collector, now) = (collector(), Instant::now());
    see(&mut collector, "call.offered", now);
    collector.command(command("accept", client("01")), now);
    see(&mut collector, "call.ended", now);
    let spans = all(collector, now);
    let [accept, call] = &spans[..] else { panic!("{spans:#?}") };
    assert_eq!(accept.span_context.trace_id().to_string(), TRACE);
    assert_eq!(accept.parent_span_id.to_string(), CLIENT);
    assert_eq!(accept.span_context.trace_state().header(), "vendor=x");
    assert_eq!(accept.links.links[0].span_context, call.span_context);
    assert_ne!(call.span_context.trace_id().to_string(), TRACE, "the caller's, not the client's");
}

#[test]
fn a_call_that_a_client_has_placed_is_a_part_of_the_clients_trace() {
    let (mut collector, now) = (collector(), Instant::now());
    // The answer may be heard of before the event is.
    collector.command(command("create", client("01")), now);
    see(&mut collector, "call.dialing", now);
    collector.command(command("hangup", None), now);
    see(&mut collector, "call.ended", now);
    collector.tick(now);
    let spans = all(collector, now);
    assert_eq!(spans.len(), 3, "{spans:#?}");
    assert!(spans.iter().all(|span| span.span_context.trace_id().to_string() == TRACE));
    let call = spans.iter().find(|span| span.name == "call").unwrap();
    assert_eq!(call.parent_span_id.to_string(), CLIENT);
    let hangup = spans.iter().find(|span| span.name == "command hangup").unwrap();
    assert_eq!(hangup.parent_span_id, call.span_context.span_id());
}

#[test]
fn what_the_client_does_not_sample_is_not_sent() {
    let (mut collector, now) = (collector(), Instant::now());
    see(&mut collector, "call.dialing", now);
    collector.command(command("create", client("00")), now);
    see(&mut collector, "call.ended", now);
    assert!(all(collector, now).is_empty());
}

#[test]
fn a_traceparent_that_cannot_be_read_is_none() {
    assert!(client("zz").is_none());
    assert!(parent(&HeaderMap::new()).is_none());
}

#[test]
fn a_command_to_a_call_that_is_long_over_or_was_never_seen_has_a_span_of_its_own() {
    let (mut collector, now) = (collector(), Instant::now());
    see(&mut collector, "call.offered", now);
    see(&mut collector, "call.ended", now);
    collector.tick(now + LATER);
    assert_eq!(collector.take(usize::MAX).len(), 1);
    for parent in [None, client("01"), client("00")] {
        collector.command(command("label", parent), now + LATER);
    }
    collector.tick(now + LATER);
    assert_eq!(collector.len(), 0, "its call may be seen later");
    let spans = all(collector, now + LATER);
    let [alone, of_client] = &spans[..] else { panic!("{spans:#?}") };
    assert_eq!(alone.parent_span_id, SpanId::INVALID);
    assert!(alone.span_context.is_valid() && alone.span_context.trace_id().to_string() != TRACE);
    assert_eq!(of_client.parent_span_id.to_string(), CLIENT);
    assert_eq!(of_client.span_context.trace_id().to_string(), TRACE);
    for span in &spans {
        assert_eq!((&*span.name, &*attribute(span, "call.id")), ("command label", ID));
        assert!(span.links.links.is_empty());
    }
}

#[test]
fn commands_that_wait_at_the_end_are_not_lost() {
    let (mut collector, now) = (collector(), Instant::now());
    collector.command(command("ring", None), now);
    collector.lose();
    collector.end(now);
    assert_eq!((collector.len(), collector.take_dropped()), (1, 0));
}

#[test]
fn more_commands_than_may_wait_or_a_span_holds_are_dropped_and_counted() {
    let (mut collector, now) = (collector(), Instant::now());
    for _ in 0..10_000 {
        collector.command(command("ring", None), now);
    }
    assert_eq!(collector.take_dropped(), 10_000 - 4096);
    collector.tick(now + LATER);
    assert_eq!((collector.take(usize::MAX).len(), collector.take_dropped()), (4096, 0));
    see(&mut collector, "call.offered", now);
    for _ in 0..200 {
        collector.command(command("ring", None), now);
        see(&mut collector, "call.updated", now);
    }
    see(&mut collector, "call.ended", now);
    assert_eq!(collector.take_dropped(), 72);
    let spans = all(collector, now);
    let call = spans.last().unwrap();
    assert_eq!((spans.len(), call.events.events.len(), call.events.dropped_count), (129, 128, 72));
}

#[test]
fn calls_that_have_not_ended_when_events_were_missed_are_dropped_and_counted() {
    let (mut collector, now) = (collector(), Instant::now());
    see(&mut collector, "call.offered", now);
    collector.lose();
    see(&mut collector, "call.ended", now);
    assert_eq!(collector.take_dropped(), 1);
    assert!(all(collector, now).is_empty());
}
