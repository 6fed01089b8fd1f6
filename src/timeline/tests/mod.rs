//! What is kept, what is secret, and how it is written.

mod bounds;
mod formats;
mod secrets;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::agent::event::{Direction as Way, Event, SipFacts};
use crate::agent::{Flow, FlowId};
use crate::sip::{Transport, parse_datagram};
use crate::state::tests::{ended, offered};

const HOUR: Duration = Duration::from_secs(3600);

/// A clock that goes on by a millisecond with each look, for each test its own.
fn clock() -> Timestamp {
    thread_local! { static NOW: AtomicI64 = const { AtomicI64::new(0) }; }
    Timestamp(NOW.with(|now| now.fetch_add(1000, Ordering::Relaxed)))
}

fn timelines(bytes: usize) -> Timelines {
    Timelines::new(Settings { bytes, ended_age: HOUR }, clock)
}

fn flow(transport: Transport) -> Flow {
    let (local, peer) = ("10.0.0.2:5060".parse().unwrap(), "10.0.0.1:40312".parse().unwrap());
    Flow { id: FlowId(1), transport, local, peer, listener: None }
}

/// A message of the call that the fixtures of events have: Call-ID `e040`, our tag `a`, theirs `b`.
fn message(first_line: &str, tags: [&str; 2], more: &str, body: &str) -> Bytes {
    let [from, to] = tags.map(|tag| if tag.is_empty() { String::new() } else { format!(";tag={tag}") });
    Bytes::from(format!(
        "{first_line}\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: \"<;tag=x\" <sip:1001@a>{from}\r\n\
         To: <sip:1000@b>{to}\r\nCall-ID: e040\r\nCSeq: 1 {}\r\n{more}Content-Length: {}\r\n\r\n{body}",
        if first_line.starts_with("SIP") { "INVITE" } else { first_line.split(' ').next().unwrap() },
        body.len()
    ))
}

fn receive(timelines: &Timelines, message: Bytes) {
    receive_by(timelines, flow(Transport::Tcp), message);
}

fn receive_by(timelines: &Timelines, flow: Flow, message: Bytes) {
    let arrival = Arrival { flow, message: Ok(parse_datagram(message).unwrap()) };
    timelines.received(clock(), &timelines.arrived(&arrival).unwrap());
}

/// Timelines in which the call of the fixtures has begun.
fn begun() -> (Timelines, Event) {
    let (timelines, event) = (timelines(1 << 20), offered(1));
    timelines.told(&event);
    (timelines, event)
}

/// An event of a call with these names.
fn named(event: Event, way: Way, call_id: &str, [ours, theirs]: [&str; 2]) -> Event {
    let mut call = Call::clone(&event.call);
    call.direction = way;
    call.sip = Arc::new(SipFacts {
        call_id: call_id.into(),
        local_tag: ours.into(),
        remote_tag: Some(theirs).filter(|tag| !tag.is_empty()).map(Into::into),
        ..SipFacts::clone(&call.sip)
    });
    Event { call: Arc::new(call), ..event }
}

fn asked(call: CallId, what: &'static str, by: Option<String>) -> Asked {
    Asked { call: Some(call), what, by, at: clock() }
}

const INVITE: &str = "INVITE sip:1000@b SIP/2.0";

/// The call of the fixtures, from its INVITE to our 180.
fn rung() -> (Timelines, Event) {
    let (timelines, event) = begun();
    receive(&timelines, message(INVITE, ["b", ""], "", "v=0\r\n"));
    let asked = asked(event.call.id, "ring", Some("crm".to_owned()));
    timelines.sent(&flow(Transport::Tcp), &message("SIP/2.0 180 Ringing", ["b", "a"], "", ""));
    timelines.answered(event.call.id, asked, None);
    (timelines, event)
}

fn titles(story: &Story) -> Vec<String> {
    let title = |entry: &StoryEntry| match entry {
        StoryEntry::Sip(sip) => sip.title().to_owned(),
        StoryEntry::Command(command) => command.name.clone(),
        StoryEntry::Event(event) => event.r#type.clone(),
    };
    story.entries.iter().map(title).collect()
}

#[test]
fn messages_commands_and_events_stand_on_one_clock() {
    let (timelines, event) = rung();
    let envelope = br#"{"id":"7f3a-1","type":"call.offered","time":"1970-01-01T00:00:00.000500Z","data":{}}"#;
    let story = timelines.story(event.call, &[Bytes::from_static(envelope)]);
    assert_eq!(titles(&story), ["INVITE", "call.offered", "ring", "180 Ringing"]);
    let json = serde_json::to_value(&story).unwrap();
    assert_eq!(json["entries"][0]["direction"], "received");
    assert_eq!(json["entries"][0]["summary"], "INVITE sip:1000@b");
    assert_eq!(json["entries"][2]["by"], "crm");
    assert!(json["entries"][0]["message"].as_str().unwrap().ends_with("\r\n\r\nv=0\r\n"));
}

#[test]
fn a_message_is_of_the_call_whose_tags_it_has() {
    let (timelines, event) = rung();
    receive(&timelines, message("BYE sip:1000@b SIP/2.0", ["b", "a"], "", ""));
    // The other end of the call is ours, too, and has the same Call-ID.
    receive(&timelines, message("INVITE sip:1000@b SIP/2.0", ["c", ""], "", ""));
    receive(&timelines, message("BYE sip:1000@b SIP/2.0", ["b", "c"], "", ""));
    timelines.sent(&flow(Transport::Tcp), &message("BYE sip:1000@b SIP/2.0", ["b", "a"], "", ""));
    assert_eq!(titles(&timelines.story(event.call, &[])), ["INVITE", "ring", "180 Ringing", "BYE"]);
}

#[test]
fn what_belongs_to_no_call_leaves_nothing() {
    let timelines = timelines(1 << 20);
    receive(&timelines, message("OPTIONS sip:1000@b SIP/2.0", ["b", ""], "", ""));
    timelines.sent(&flow(Transport::Tcp), &message("SIP/2.0 200 OK", ["b", "a"], "", ""));
    let asked = asked(offered(1).call.id, "ring", None);
    timelines.answered(offered(1).call.id, asked, Some("there is no such call".to_owned()));
    assert!(timelines.story(offered(1).call, &[]).entries.is_empty());
    receive(&timelines, message(INVITE, ["b", ""], "", ""));
    assert_eq!(timelines.lock().sizes(), (0, [0; 3]), "an INVITE that became no call is as nothing");
}

#[test]
fn nothing_is_kept_if_nothing_is_to_be() {
    let timelines = Timelines::default();
    timelines.told(&offered(1));
    let message = Ok(parse_datagram(message(INVITE, ["b", ""], "", "")).unwrap());
    assert!(timelines.arrived(&Arrival { flow: flow(Transport::Tcp), message }).is_none());
    assert!(timelines.story(offered(1).call, &[]).entries.is_empty());
}

#[test]
fn both_ends_of_a_call_may_be_ours() {
    let timelines = timelines(1 << 20);
    let out = named(offered(1), Way::Outbound, "e040", ["o", ""]);
    let inbound = named(offered(2), Way::Inbound, "e040", ["i", "o"]);
    timelines.told(&out);
    timelines.sent(&flow(Transport::Udp), &message(INVITE, ["o", ""], "", ""));
    timelines.told(&inbound);
    receive(&timelines, message(INVITE, ["o", ""], "X-In: 1\r\n", ""));
    timelines.sent(&flow(Transport::Udp), &message("SIP/2.0 100 Trying", ["o", ""], "", ""));
    timelines.sent(&flow(Transport::Udp), &message("SIP/2.0 200 OK", ["o", "i"], "", ""));
    receive(&timelines, message("SIP/2.0 200 Fine", ["o", "i"], "", ""));
    timelines.sent(&flow(Transport::Udp), &message("ACK sip:1000@b SIP/2.0", ["o", "i"], "", ""));
    timelines.sent(&flow(Transport::Udp), &message("BYE sip:1000@b SIP/2.0", ["i", "o"], "", ""));
    receive(&timelines, message("BYE sip:1000@b SIP/2.0", ["i", "o"], "", ""));
    assert_eq!(titles(&timelines.story(out.call, &[])), ["INVITE", "200 Fine", "ACK", "BYE"]);
    assert_eq!(titles(&timelines.story(inbound.call, &[])), ["INVITE", "100 Trying", "200 OK", "BYE"]);
}

#[test]
fn a_message_is_known_by_its_tags_however_they_are_written() {
    let (timelines, event) = begun();
    for (from, to) in [
        ("f : \"a\" <sip:u@a;tag=x>\r\n ;TAG = b", "t: sip:1000@b;tag=a"),
        ("From: <sip:u@a>;x=\"<>;tag=c\";tag=b", "To: <sip:u@b>\r\n\t;tag=a"),
    ] {
        let bye = format!(
            "BYE sip:1000@b SIP/2.0\r\nv: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\n{from}\r\n{to}\r\ni: e040\r\n\
             CSeq: 2 BYE\r\nl: 0\r\n\r\n"
        );
        receive(&timelines, bye.into());
    }
    assert_eq!(titles(&timelines.story(event.call, &[])), ["BYE", "BYE"]);
}

#[test]
fn a_call_that_comes_back_has_what_happens_from_then_on() {
    let timelines = timelines(1 << 20);
    let recovered = Event { kind: EventKind::Recovered, ..offered(1) };
    timelines.told(&recovered);
    receive(&timelines, message("BYE sip:1000@b SIP/2.0", ["b", "a"], "", ""));
    assert_eq!(titles(&timelines.story(recovered.call, &[])), ["BYE"]);
}
