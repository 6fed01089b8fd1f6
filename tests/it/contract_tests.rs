//! The document and the running agent say the same.

use std::collections::BTreeSet;
use std::io::{BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::agent::Agent;
use crate::caller::{Caller, Invite};
use crate::client::{Answer, Stream};
use crate::contract::{self, COMMITTED, DOCUMENT, Seen};
use crate::contract_accounts;
use crate::contract_letters;
use crate::contract_webhooks;

const NO_CALL: &str = "call_01JD8Q4V6T0000000000000000";
const NO_CODEC: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n";

/// Each operation: its method, its path for a call, and its description.
fn operations(call: &str) -> Vec<(String, String, &'static Value)> {
    let of_item = |(path, item): (&String, &'static Value)| {
        let path = path.replace("{id}", call);
        let verbs = item.as_object().unwrap().iter();
        verbs.map(move |(verb, operation)| (verb.to_uppercase(), path.clone(), operation)).collect::<Vec<_>>()
    };
    DOCUMENT["paths"].as_object().unwrap().iter().flat_map(of_item).collect()
}

/// Every status and code that the document names.
fn documented() -> BTreeSet<Seen> {
    let mut all = BTreeSet::new();
    for (method, path, operation) in operations("{id}") {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let codes = response["content"]["application/problem+json"]["examples"].as_object();
            let codes = codes.map_or(vec![""], |codes| codes.keys().map(String::as_str).collect());
            let name = format!("{} {path}", method.to_lowercase());
            all.extend(codes.iter().map(|code| (name.clone(), status.parse().unwrap(), (*code).to_owned())));
        }
    }
    all
}

fn takes(operation: &Value, parameter: &str) -> bool {
    operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == parameter))
}

/// What the answers in the examples answer.
const EXAMPLE_OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
    m=audio 16776 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[test]
fn the_served_document_is_the_committed_one() {
    assert!(Agent::start().read("/openapi.json").body == COMMITTED);
}

#[test]
fn every_example_of_a_command_does_what_it_shows() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    for (method, path, operation) in
        operations("{id}").into_iter().filter(|(_, path, _)| path.starts_with("/v1/calls/{id}"))
    {
        let bodies = operation["requestBody"]["content"]["application/json"]["examples"].as_object();
        for (name, example) in bodies.into_iter().flatten() {
            let invite = Invite { sdp: EXAMPLE_OFFER, ..Invite::default() };
            let mut caller = Caller::invite(&agent, &invite);
            let id = crate::caller::text(&events.next_of("call.offered")["id"]);
            let (path, body) = (path.replace("{id}", &id), example["value"].to_string());
            if let Some(command) =
                path.rsplit('/').next().filter(|_| contract_letters::least(&path).is_some())
            {
                agent.tell(&id, "accept", r#"{"wait": "sent"}"#);
                caller.expect(200);
                caller.ack();
                events.next_of("call.established");
                let heard = contract_letters::heard(&agent, &id, &mut caller, (command, &body), 200);
                assert_eq!(heard.status, 200, "{path}, example {name}: {}", heard.body);
                continue;
            }
            let answer = std::thread::scope(|scope| {
                let sending = scope.spawn(|| agent.send(&method, &path, &[JSON], &body));
                if path.ends_with("/accept") {
                    caller.expect(200);
                    caller.ack();
                }
                sending.join().unwrap()
            });
            assert_eq!(answer.status, 200, "{method} {path}, example {name}: {}", answer.body);
        }
    }
}

#[test]
fn every_documented_answer_can_be_had() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let slow = begin_slow_bodies(&agent);
    without_a_call(&agent);
    conflicts(&agent, &mut events);
    refused_media(&agent, &mut events);
    successes(&agent, &mut events);
    unanswered(&agent, &mut events);
    contract_letters::letters(&agent, &mut events);
    for (path, method, stream) in slow {
        contract::check(&method, &path, &Answer::read(&mut BufReader::new(stream), true));
    }
    draining(agent, &mut events);
    contract_accounts::accounts();
    contract_accounts::new_calls();
    contract_webhooks::webhooks();

    let missed: BTreeSet<_> = documented().difference(&contract::seen()).cloned().collect();
    // A fault of the agent's, more commands than it takes, and the same command twice at once cannot be had here.
    let cannot = |(name, status, code): &Seen| {
        matches!((*status, code.as_str()), (500, _) | (503, "overloaded") | (409, "request-in-flight"))
            || (*status == 503 && !name.ends_with("readyz"))
    };
    let missed: Vec<_> = missed.into_iter().filter(|seen| !cannot(seen)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Whether a body is read, be it to find that there must be none.
fn reads_body(method: &str) -> bool {
    method != "GET"
}

/// A body that never comes, for each operation that reads one.
fn begin_slow_bodies(agent: &Agent) -> Vec<(String, String, TcpStream)> {
    let with_body = operations(NO_CALL).into_iter().filter(|(method, ..)| reads_body(method));
    let begin = |(method, path, _): (String, String, _)| {
        let mut stream = agent.connect();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
        )
        .unwrap();
        (path, method, stream)
    };
    with_body.map(begin).collect()
}

/// The least that a command has to say.
fn least(method: &str, path: &str) -> &'static str {
    match contract_letters::least(path) {
        Some(body) => body,
        None if path.ends_with("/claim") && method != "DELETE" => r#"{"owner": "x", "ttl_seconds": 60}"#,
        None => "",
    }
}

/// What is wrong before any call is looked at.
fn without_a_call(agent: &Agent) {
    let guarded = Agent::start_under(&[("CALL_AGENT_API_KEY", "k")], &[]);
    let limited = Agent::start_with(&["--rate-limit", "1:1"]);
    let long = ("X-Long", "x".repeat(33 * 1024));
    for (method, path, operation) in operations(NO_CALL) {
        guarded.send(&method, &path, &[], "");
        assert_eq!(agent.send(&method, &path, &[(long.0, &long.1)], "").status, 431);
        assert_eq!(agent.send(&method, &path, &[("Host", "a"), ("Host", "a")], "").status, 400);
        if operation["responses"].get("403").is_some() {
            assert_eq!(agent.send(&method, &path, &[("Host", "evil.example.com")], "").status, 403);
            // Let through, it is refused for what it says: no stream begins that would have to be read to its end.
            let bad = format!("{path}?no=1");
            while limited.send(&method, &bad, &[("If-Match", "1")], "").status != 429 {}
        }
        if path.contains(NO_CALL) {
            assert_eq!(agent.send(&method, &path, &[JSON], least(&method, &path)).status, 404);
        }
        if takes(operation, "If-Match") {
            assert_eq!(agent.send(&method, &path, &[("If-Match", "1")], "").status, 400);
        }
        if takes(operation, "Idempotency-Key") {
            assert_eq!(agent.send(&method, &path, &[("Idempotency-Key", "")], "").status, 400);
            // What came first with it was none of these.
            let taken = [("Idempotency-Key", "taken")];
            agent.send("POST", &format!("/v1/calls/{NO_CALL}/ring"), &taken, r#"{"status": 183}"#);
            let reused = agent.send(&method, &path, &[JSON, taken[0]], "{}");
            assert_eq!(reused.problem(), (422, "idempotency-key-reused".to_owned()));
        }
        if ["limit", "after", "format"].iter().any(|parameter| takes(operation, parameter)) {
            assert_eq!(agent.send(&method, &format!("{path}?no=1"), &[], "").status, 400);
        }
        if reads_body(&method) {
            assert_eq!(agent.send(&method, &path, &[JSON], "{").status, 400);
            assert_eq!(agent.send(&method, &path, &[JSON], &" ".repeat(300_000)).status, 413);
            assert_eq!(agent.send(&method, &path, &[("Content-Type", "text/plain")], "{}").status, 415);
            assert_eq!(agent.send(&method, &path, &[JSON], r#"{"no": 1}"#).status, 422);
        }
    }
}

/// Commands that the call's state or version does not allow.
fn conflicts(agent: &Agent, events: &mut Stream) {
    let (mut caller, id) = Caller::established(agent, events);
    for command in ["ring", "accept", "reject", "cancel"] {
        assert_eq!(agent.tell(&id, command, "").problem(), (409, "invalid-state".to_owned()));
    }
    for (method, path, _) in operations(&id).iter().filter(|(_, _, operation)| takes(operation, "If-Match")) {
        let stale = ("If-Match", "\"99\"");
        assert_eq!(
            agent.send(method, path, &[JSON, stale], least(method, path)).status,
            412,
            "{method} {path}"
        );
    }
    caller.bye();
    events.next_of("call.ended");
    for (method, path, operation) in operations(&id) {
        if operation["tags"][0] == "commands" {
            let late = agent.send(&method, &path, &[JSON], least(&method, &path));
            assert_eq!(late.problem(), (409, "call-ended".to_owned()), "{method} {path}");
        }
    }
}

fn refused_media(agent: &Agent, events: &mut Stream) {
    for (command, body) in [("ring", r#"{"early_media": true}"#), ("accept", "")] {
        let mut caller = Caller::invite(agent, &Invite { sdp: NO_CODEC, ..Invite::default() });
        let id = crate::caller::text(&events.next_of("call.offered")["id"]);
        assert_eq!(agent.tell(&id, command, r#"{"sdp": "v=1"}"#).problem(), (422, "invalid-sdp".to_owned()));
        let answer = agent.tell(&id, command, body);
        assert_eq!(answer.problem(), (409, "no-common-codec".to_owned()));
        assert_eq!(answer.json()["sip_status"], 488);
        caller.expect(488);
    }
}

fn successes(agent: &Agent, events: &mut Stream) {
    let offered = |events: &mut Stream| Caller::offered(agent, events);
    let (_caller, first) = offered(events);
    for command in ["ring", "accept", "reject", "hangup"] {
        let refused = agent.tell(&first, command, r#"{"headers": {"Via": "x"}}"#);
        assert_eq!(refused.problem(), (422, "invalid-header".to_owned()));
    }
    assert_eq!(agent.tell(&first, "ring", "").status, 200);
    for command in ["reject", "cancel", "hangup"] {
        let (_caller, id) = offered(events);
        assert_eq!(agent.tell(&id, command, "").status, 200);
    }
    claims(agent, events);
    let id = &first;
    let tag = agent.patch(id, r#"{"labels": {"a": "b"}}"#).header("etag").to_owned();
    let path = format!("/v1/calls/{id}");
    assert_eq!(agent.send("GET", &path, &[("If-None-Match", &tag)], "").status, 304);
    assert_eq!(agent.read(&path).status, 200);
    assert_eq!(agent.read(&format!("{path}/timeline")).status, 200);
    assert_eq!(agent.read("/v1/calls").status, 200);
    assert_eq!(agent.read("/v1/records").status, 200);
    let csv = agent.send("GET", "/v1/records?limit=1", &[("Accept", "text/csv")], "");
    assert!(!csv.header("next-cursor").is_empty(), "{csv:?}");
    assert_eq!(agent.read("/livez").status, 200);
    assert_eq!(agent.read("/metrics").status, 200);
    assert_eq!(agent.read("/v1/diagnostics").status, 200);
    assert_eq!(agent.read("/readyz").status, 200);
    assert_eq!(agent.send("DELETE", &path, &[], "").status, 200);
    let (mut caller, id) = offered(events);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            caller.expect(200);
            caller.ack();
        });
        assert_eq!(agent.tell(&id, "accept", "").status, 200);
    });
    caller.bye();
    let mut of_call = agent.follow(&format!("/v1/calls/{id}/events"));
    let last = std::iter::from_fn(|| of_call.next()).last().unwrap().id.unwrap();
    assert_eq!(agent.read(&format!("/v1/calls/{id}/events?after={last}")).status, 204);
}

/// The lease on a call, and everything that it refuses.
fn claims(agent: &Agent, events: &mut Stream) {
    let (_caller, id) = Caller::offered(agent, events);
    let path = format!("/v1/calls/{id}/claim");
    let owner = ("Claim-Owner", "crm-7");
    let lease = r#"{"owner": "crm-7", "ttl_seconds": 60}"#;
    for method in ["POST", "PUT"] {
        assert_eq!(agent.send(method, &path, &[JSON], lease).status, 200);
    }
    for (method, path, operation) in operations(&id) {
        if takes(operation, "If-Match") {
            let refused = agent.send(&method, &path, &[JSON], least(&method, &path));
            assert_eq!(refused.problem(), (409, "claimed".to_owned()), "{method} {path}");
        }
    }
    assert_eq!(agent.send("DELETE", &path, &[owner], "").status, 200);
    assert_eq!(agent.tell(&id, "reject", "").status, 200);
}

/// Peers that do not answer.
fn unanswered(agent: &Agent, events: &mut Stream) {
    let (_caller, id) = Caller::offered(agent, events);
    for (method, command) in [("POST", "/accept"), ("POST", "/hangup"), ("DELETE", "")] {
        let answer = agent.send(method, &format!("/v1/calls/{id}{command}"), &[], "");
        assert_eq!(answer.problem(), (504, "ack-timeout".to_owned()));
    }
    let commands =
        [("ring", ""), ("accept", ""), ("accept", r#"{"wait": "sent"}"#), ("reject", ""), ("cancel", "")];
    for (command, body) in commands {
        let (caller, id) = Caller::offered(agent, events);
        caller.vanish();
        assert_eq!(agent.tell(&id, command, body).problem(), (504, "sip-timeout".to_owned()));
    }
    for (method, command) in [("POST", "/hangup"), ("DELETE", "")] {
        let (caller, id) = Caller::established(agent, events);
        caller.vanish();
        let answer = agent.send(method, &format!("/v1/calls/{id}{command}"), &[], "");
        assert_eq!(answer.problem(), (504, "sip-timeout".to_owned()));
    }
}

fn draining(agent: Agent, events: &mut Stream) {
    let (mut caller, _) = Caller::established(&agent, events);
    agent.signal("TERM");
    while events.next().unwrap().event != "stream.draining" {}
    assert_eq!(agent.read("/readyz").problem(), (503, "draining".to_owned()));
    caller.bye();
    assert!(agent.ends().success());
}
