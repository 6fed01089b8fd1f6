//! Streams of events: what stands in them, line by line, and where they begin and end.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::caller::{Caller, Invite, text};
use crate::client::{Frame, Stream};

fn start() -> (Agent, Stream) {
    let agent = Agent::start();
    let events = agent.follow("/v1/events");
    (agent, events)
}

/// A call that rang and was rejected: the frames that tell it.
fn a_life(agent: &Agent, events: &mut Stream) -> Vec<Frame> {
    let _caller = Caller::invite(agent, &Invite::default());
    let offered = events.next().unwrap();
    let id = text(&offered.data["subject"]);
    agent.tell(&id, "ring", "");
    agent.tell(&id, "reject", "");
    vec![offered, events.next().unwrap(), events.next().unwrap()]
}

fn names(frames: &[Frame]) -> Vec<&str> {
    frames.iter().map(|frame| frame.event.as_str()).collect()
}

fn sequence(id: &str) -> u64 {
    id.rsplit_once('-').unwrap().1.parse().unwrap()
}

#[test]
fn an_event_is_three_lines_and_an_empty_one() {
    let (agent, mut events) = start();
    assert_eq!(events.head.header("content-type"), "text/event-stream");
    assert_eq!(events.head.header("cache-control"), "no-store");
    // The first frame comes at once, also when nothing happens: a proxy lets the head through, a client knows it is in.
    assert!(events.line().unwrap().starts_with(':'));
    assert_eq!(events.line().unwrap(), "");
    let _caller = Caller::invite(&agent, &Invite::default());
    let lines: Vec<_> = (0..4).map(|_| events.line().unwrap()).collect();
    let id = lines[0].strip_prefix("id: ").unwrap();
    assert_eq!(sequence(id), 1);
    assert_eq!(lines[1], "event: call.offered");
    let data: Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(lines[3], "");
    let members: Vec<_> = data.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"];
    assert!(expected.iter().all(|member| members.contains(member)) && members.len() == 8, "{members:?}");
    assert_eq!((&data["specversion"], &data["id"]), (&json!("1.0"), &json!(id)));
    assert_eq!(data["subject"], data["data"]["call"]["id"]);
    let call = agent.call(data["subject"].as_str().unwrap());
    assert_eq!(data["data"]["call"], call, "the first event has the whole call");
    assert_eq!(data["time"], call["created_at"]);
}

#[test]
fn over_http_1_1_the_first_chunk_comes_at_once() {
    let agent = Agent::start();
    let mut stream = agent.connect();
    stream.write_all(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(head.contains(&"transfer-encoding: chunked".to_owned()), "{head:?}");
    assert_eq!([lines.next().unwrap(), lines.next().unwrap()], ["8", ": open"]);
}

#[test]
fn a_call_is_told_from_its_first_event_to_its_end_without_holes() {
    let (agent, mut events) = start();
    let life = a_life(&agent, &mut events);
    assert_eq!(names(&life), ["call.offered", "call.ringing", "call.ended"]);
    let sequences: Vec<_> = life.iter().map(|frame| sequence(frame.id.as_ref().unwrap())).collect();
    assert_eq!(sequences, [1, 2, 3]);
    let versions: Vec<_> =
        life.iter().map(|frame| frame.data["data"]["call"]["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3]);
    assert!(life[1].data["data"]["call"]["sdp"].get("remote").is_none());
}

#[test]
fn lines_of_json_are_the_same_envelopes() {
    let (agent, mut events) = start();
    let life = a_life(&agent, &mut events);
    let mut lines = agent.follow_with("/v1/events?after=earliest", &[("Accept", "application/x-ndjson")]);
    assert_eq!(lines.head.header("content-type"), "application/x-ndjson");
    assert_eq!(lines.line().unwrap(), "");
    for frame in life {
        assert_eq!(serde_json::from_str::<Value>(&lines.line().unwrap()).unwrap(), frame.data);
    }
}

#[test]
fn types_and_filters_narrow_what_is_told() {
    let (agent, mut events) = start();
    let life = a_life(&agent, &mut events);
    for (query, expected) in [
        ("types=call.ended", vec![&life[2]]),
        ("types=call.offered,call.ended", vec![&life[0], &life[2]]),
        ("types=call.*", life.iter().collect()),
        ("state=ringing", vec![&life[1]]),
        ("from=1001&direction=inbound", life.iter().collect()),
    ] {
        let mut stream = agent.follow(&format!("/v1/events?after=earliest&{query}"));
        for frame in expected {
            assert_eq!(stream.next().as_ref(), Some(frame), "{query}");
        }
    }
    let mut none = agent.follow("/v1/events?from=1002");
    let second = a_life(&agent, &mut events);
    let _caller = Caller::invite(&agent, &Invite { from: "1002", ..Invite::default() });
    let first = none.next().unwrap();
    assert_eq!(sequence(first.id.as_ref().unwrap()), sequence(second[2].id.as_ref().unwrap()) + 1);
}

#[test]
fn a_position_resumes_right_behind_it() {
    let (agent, mut events) = start();
    let life = a_life(&agent, &mut events);
    let first = life[0].id.clone().unwrap();
    let by_parameter = agent.follow(&format!("/v1/events?after={first}")).next();
    let by_header = agent.follow_with("/v1/events", &[("Last-Event-ID", &first)]).next();
    let header_wins = agent.follow_with("/v1/events?after=earliest", &[("Last-Event-ID", &first)]).next();
    for next in [by_parameter, by_header, header_wins] {
        assert_eq!(next.as_ref(), Some(&life[1]));
    }
    assert_eq!(agent.follow("/v1/events?after=earliest").next().as_ref(), Some(&life[0]));
    let mut from_the_end = agent.follow(&format!("/v1/events?after={}", life[2].id.clone().unwrap()));
    let next = a_life(&agent, &mut events);
    assert_eq!(from_the_end.next().as_ref(), Some(&next[0]));
}

#[test]
fn a_stream_of_one_call_is_its_whole_life_and_closes() {
    let (agent, mut events) = start();
    let (_other, _) = Caller::offered(&agent, &mut events);
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    let path = format!("/v1/calls/{id}/events");
    let live = agent.follow(&path);
    agent.tell(&id, "ring", "");
    caller.expect(180);
    caller.cancel("");
    let live = live.rest();
    assert_eq!(names(&live), ["call.offered", "call.ringing", "call.ended"]);
    agent.patch(&id, r#"{"labels": {"a": "b"}}"#);
    assert_eq!(agent.follow(&path).rest(), live, "a replay is the same, whatever came after the end");
    assert_eq!(agent.follow(&format!("{path}?types=call.ended")).rest(), live[2..]);
    assert_eq!(
        agent.follow_with(&path, &[("Last-Event-ID", &live[0].id.clone().unwrap())]).rest(),
        live[1..]
    );
    let over = agent.read(&format!("{path}?after={}", live[2].id.clone().unwrap()));
    assert_eq!((over.status, over.body.as_str()), (204, ""));
}

#[test]
fn a_call_that_is_cancelled_at_once_has_a_first_event_and_an_end() {
    let (agent, mut events) = start();
    for _ in 0..20 {
        let mut caller = Caller::invite(&agent, &Invite::default());
        caller.cancel("");
        let (offered, ended) = (events.next().unwrap(), events.next().unwrap());
        assert_eq!(names(&[offered.clone(), ended.clone()]), ["call.offered", "call.ended"]);
        assert_eq!(offered.data["subject"], ended.data["subject"]);
    }
}
