//! The calls as resources: listing, reading, labels, DELETE.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::caller::{Caller, Invite, text};
use crate::client::{Answer, Frame, Stream};

fn ids(page: &Value) -> Vec<String> {
    page["calls"].as_array().unwrap().iter().map(|call| text(&call["id"])).collect()
}

fn conditional(agent: &Agent, id: &str, condition: (&str, &str), body: &str) -> Answer {
    let headers = [condition, ("Content-Type", "application/merge-patch+json")];
    agent.send("PATCH", &format!("/v1/calls/{id}"), &headers, body)
}

fn invite(agent: &Agent, events: &mut Stream, invite: &Invite<'_>) -> (Caller, String) {
    let caller = Caller::invite(agent, invite);
    (caller, text(&events.next_of("call.offered")["id"]))
}

#[test]
fn every_filter_finds_its_calls_and_no_others() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let headers = "X-voice_call_number: 18300000000\r\nX-Note: a b&c=d\r\n";
    let (_one, first) = invite(&agent, &mut events, &Invite { headers, ..Invite::default() });
    let (_two, second) =
        invite(&agent, &mut events, &Invite { from: "1002", to: "2000", ..Invite::default() });
    agent.tell(&first, "ring", "");
    agent.patch(&second, r#"{"labels": {"ticket": "47/11", "ü": "ß"}}"#);
    let table = [
        ("state=ringing", &first),
        ("state=ringing,established", &first),
        ("state=offered", &second),
        ("from=1002", &second),
        ("from=sip:1001@pbx.example.com", &first),
        ("to=2000", &second),
        ("to=sip%3A1000%40127.0.0.1", &first),
        ("header.X-VOICE_call_number=18300000000", &first),
        ("header.X-Note=a%20b%26c%3Dd", &first),
        ("label.ticket=47%2F11", &second),
        ("label.%C3%BC=%C3%9F&label.ticket=47/11", &second),
        ("direction=inbound&state=offered&from=1002", &second),
    ];
    for (query, found) in table {
        assert_eq!(ids(&agent.read(&format!("/v1/calls?{query}")).json()), [found.as_str()], "{query}");
    }
    for query in [
        "direction=outbound",
        "account=1000",
        "from=100",
        "header.X-Note=a",
        "label.ticket=47",
        "state=ended",
    ] {
        assert!(ids(&agent.read(&format!("/v1/calls?{query}")).json()).is_empty(), "{query}");
    }
}

#[test]
fn pages_together_are_the_list_newest_first_whatever_comes_meanwhile() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let mut calls: Vec<_> = (0..5).map(|_| Caller::offered(&agent, &mut events)).collect();
    let expected: Vec<_> = calls.iter().rev().map(|(_, id)| id.clone()).collect();
    assert_eq!(ids(&agent.read("/v1/calls").json()), expected);
    let (mut cursor, mut paged) = (String::new(), Vec::new());
    loop {
        let page = agent.read(&format!("/v1/calls?limit=2{cursor}")).json();
        paged.extend(ids(&page));
        calls.push(Caller::offered(&agent, &mut events));
        let Some(next) = page["next_cursor"].as_str() else { break };
        assert_eq!(ids(&page).len(), 2);
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, expected);
}

/// What a CRM keeps: the version and the state of each call.
struct Mirror(BTreeMap<String, (u64, String)>);

impl Mirror {
    fn of(page: &Value) -> Self {
        let calls = page["calls"].as_array().unwrap().iter();
        Self(calls.map(|call| (text(&call["id"]), Self::of_call(call))).collect())
    }

    fn of_call(call: &Value) -> (u64, String) {
        (call["version"].as_u64().unwrap(), text(&call["state"]))
    }

    /// An event must be the very next thing that happened to its call.
    fn apply(&mut self, frame: &Frame) {
        let call = &frame.data["data"]["call"];
        let (version, state) = Self::of_call(call);
        let known = self.0.insert(text(&call["id"]), (version, state)).map_or(0, |(version, _)| version);
        assert_eq!(version, known + 1, "{frame:?}");
    }
}

#[test]
fn a_list_and_the_events_after_it_miss_nothing_and_repeat_nothing() {
    const CALLS: usize = 40;
    let agent = Agent::start();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..CALLS {
                let mut caller = Caller::invite(&agent, &Invite::default());
                caller.expect(100);
                caller.cancel("");
                caller.expect(200);
                caller.expect(487);
            }
        });
        for _ in 0..6 {
            let page = agent.read("/v1/calls?limit=1000").json();
            let mut mirror = Mirror::of(&page);
            let mut events = agent.follow(&format!("/v1/events?after={}", text(&page["last_event_id"])));
            let ended = |mirror: &Mirror| mirror.0.values().filter(|(_, state)| state == "ended").count();
            let target = (ended(&mirror) + 6).min(CALLS);
            while ended(&mirror) < target {
                mirror.apply(&events.next().unwrap());
            }
        }
    });
}

#[test]
fn the_etag_is_the_version_and_guards_against_what_the_client_has_not_seen() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let (_caller, id) = Caller::offered(&agent, &mut events);
    let path = format!("/v1/calls/{id}");
    assert_eq!(agent.read(&path).header("etag"), "\"1\"");
    let unchanged = agent.send("GET", &path, &[("If-None-Match", "\"1\"")], "");
    assert_eq!((unchanged.status, unchanged.header("etag")), (304, "\"1\""));
    let labelled = conditional(&agent, &id, ("If-Match", "\"1\""), r#"{"labels": {"a": "1"}}"#);
    assert_eq!((labelled.status, labelled.header("etag")), (200, "\"2\""));
    assert_eq!(agent.send("GET", &path, &[("If-None-Match", "\"1\"")], "").status, 200);
    let stale = conditional(&agent, &id, ("If-Match", "\"1\""), r#"{"labels": {"a": "2"}}"#);
    assert_eq!((stale.problem(), stale.header("etag")), ((412, "version-mismatch".to_owned()), "\"2\""));
    assert!(stale.detail().contains("version 2"), "{}", stale.detail());
    assert_eq!(agent.send("DELETE", &path, &[("If-Match", "W/\"2\"")], "").status, 412);
    assert_eq!(agent.call(&id)["labels"], json!({"a": "1"}));
    assert_eq!(agent.send("DELETE", &path, &[("If-Match", "\"7\", \"2\"")], "").status, 200);
}

#[test]
fn labels_are_merged_also_when_the_call_has_ended() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let (mut caller, id) = Caller::established(&agent, &mut events);
    let labels = |body: &str| {
        let answer = agent.patch(&id, body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(agent.call(&id), answer.json());
        answer.json()["labels"].clone()
    };
    assert_eq!(labels(r#"{"labels": {"a": "1", "b": "2"}}"#), json!({"a": "1", "b": "2"}));
    assert_eq!(labels("{}"), json!({"a": "1", "b": "2"}));
    caller.bye();
    let ended = events.next_of("call.ended");
    assert_eq!(
        labels(r#"{"labels": {"a": null, "disposition": "sold"}}"#),
        json!({"b": "2", "disposition": "sold"})
    );
    let told = events.next_of("call.updated");
    assert_eq!((&told["state"], &told["end"]), (&json!("ended"), &ended["end"]));
    assert_eq!(told["version"].as_u64().unwrap(), ended["version"].as_u64().unwrap() + 1);
    assert_eq!(conditional(&agent, &id, ("If-Match", "\"1\""), "{}").status, 412);
    assert_eq!(ids(&agent.read("/v1/calls?label.disposition=sold").json()), [id.as_str()]);
    assert_eq!(labels(r#"{"labels": null}"#), json!({}));
}

#[test]
fn labels_over_their_bounds_are_refused_by_name() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let (_caller, id) = Caller::offered(&agent, &mut events);
    let many: BTreeMap<_, _> = (0..65).map(|number| (number.to_string(), "x")).collect();
    let long = |length: usize| "x".repeat(length);
    for labels in [
        json!(many),
        json!({"": "x"}),
        json!({long(65): "x"}),
        json!({"x": long(257)}),
        json!({"x": 1}),
        json!("x"),
    ] {
        let refused = agent.patch(&id, &json!({"labels": labels}).to_string());
        assert_eq!(refused.problem(), (422, "invalid-field".to_owned()));
        assert!(refused.detail().contains("labels"), "{}", refused.detail());
    }
    assert_eq!(agent.call(&id)["version"], 1);
}

#[test]
fn delete_ends_a_call_in_every_state() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let delete = |id: &str| agent.send("DELETE", &format!("/v1/calls/{id}"), &[], "");
    for state in ["offered", "ringing"] {
        let (mut caller, id) = Caller::offered(&agent, &mut events);
        if state == "ringing" {
            agent.tell(&id, "ring", "");
        }
        assert_eq!(agent.call(&id)["state"], state);
        let deleted = delete(&id);
        assert_eq!((deleted.status, &deleted.json()["state"]), (200, &json!("ended")));
        let status = deleted.json()["end"]["sip_status"].as_u64().unwrap();
        caller.expect(status.try_into().unwrap());
    }
    let (mut caller, id) = Caller::established(&agent, &mut events);
    assert_eq!(delete(&id).json()["end"]["cause"], "hangup");
    caller.expect_request("BYE");
    let again = delete(&id);
    assert_eq!(
        (again.problem(), &again.json()["end"]["by"]),
        ((409, "call-ended".to_owned()), &json!("api"))
    );
    // Accepted: the BYE waits for the ACK.
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    assert_eq!(agent.tell(&id, "accept", r#"{"wait": "sent"}"#).json()["state"], "accepted");
    caller.expect(200);
    std::thread::scope(|scope| {
        let deleting = scope.spawn(|| delete(&id));
        caller.ack();
        assert_eq!(deleting.join().unwrap().json()["state"], "ended");
    });
    caller.expect_request("BYE");
}

#[test]
fn ended_calls_are_forgotten_beyond_their_count() {
    let agent = Agent::start_with(&["--ended-calls", "1"]);
    let mut events = agent.follow("/v1/events");
    let ended: Vec<_> = (0..2)
        .map(|_| {
            let (caller, id) = Caller::offered(&agent, &mut events);
            agent.tell(&id, "reject", "");
            (caller, id)
        })
        .collect();
    let [(_, first), (_, second)] = ended.as_slice() else { panic!() };
    assert_eq!(agent.call(second)["state"], "ended");
    let gone = [
        agent.read(&format!("/v1/calls/{first}")),
        agent.read(&format!("/v1/calls/{first}/events")),
        agent.patch(first, "{}"),
        agent.tell(first, "ring", ""),
    ];
    assert!(gone.iter().all(|answer| answer.problem() == (404, "call-not-found".to_owned())));
}
