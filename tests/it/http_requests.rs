//! Requests that are odd, wrong or hostile: each gets a problem that says what is wrong, and the next one is served.

use std::io::{BufReader, Write};
use std::net::Shutdown;

use crate::agent::Agent;
use crate::caller::Caller;
use crate::client::Answer;

const NO_CALL: &str = "call_01JD8Q4V6T0000000000000000";

#[track_caller]
fn problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.problem(), (status, code.to_owned()), "{}", answer.body);
}

/// What comes for these bytes, of which no request needs to be made.
fn raw(agent: &Agent, bytes: &[u8]) -> Answer {
    let mut stream = agent.connect();
    let _ = stream.write_all(bytes);
    Answer::read(&mut BufReader::new(stream), true)
}

#[test]
fn what_is_no_resource_is_not_found_and_says_where_to_look() {
    let agent = Agent::start();
    for path in
        ["/", "/v1", "/v1/", "/v1/calls/", "/v2/calls", "/v1/calls/x/y", "/docs/nothing.js", "/V1/calls"]
    {
        let answer = agent.read(path);
        problem(&answer, 404, "not-found");
        assert!(answer.detail().contains("/docs"), "{}", answer.detail());
    }
}

#[test]
fn what_is_no_id_of_a_call_is_a_call_that_is_not_there() {
    let agent = Agent::start();
    for id in [
        "x",
        NO_CALL,
        "call_",
        "call_01JD8Q4V6T000000000000000U",
        "%00",
        "%FF",
        "..%2F..%2Flivez",
        "%F0%9F%93%9E",
    ] {
        problem(&agent.read(&format!("/v1/calls/{id}")), 404, "call-not-found");
        problem(&agent.read(&format!("/v1/calls/{id}/events")), 404, "call-not-found");
        problem(&agent.tell(id, "accept", "{}"), 404, "call-not-found");
    }
}

#[test]
fn an_id_may_be_percent_encoded() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let (_caller, id) = Caller::offered(&agent, &mut events);
    let encoded: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(agent.read(&format!("/v1/calls/{encoded}")).json()["id"], id.as_str());
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    let agent = Agent::start();
    for (method, path, allowed) in [
        ("PUT", format!("/v1/calls/{NO_CALL}"), "PATCH"),
        ("GET", format!("/v1/calls/{NO_CALL}/accept"), "POST"),
        ("PUT", "/v1/calls".to_owned(), "POST"),
        ("POST", "/v1/accounts".to_owned(), "GET"),
        ("GET", "/v1/accounts/1000/register".to_owned(), "POST"),
        ("POST", "/v1/events".to_owned(), "GET"),
        ("DELETE", "/livez".to_owned(), "GET"),
        ("BREW", "/v1/calls".to_owned(), "GET"),
    ] {
        let answer = agent.send(method, &path, &[], "");
        problem(&answer, 405, "method-not-allowed");
        assert!(answer.header("allow").contains(allowed), "{answer:?}");
    }
    assert_eq!(agent.send("OPTIONS", "/v1/calls", &[], "").status, 204);
}

#[test]
fn head_is_get_without_its_body() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let (_caller, id) = Caller::offered(&agent, &mut events);
    let path = format!("/v1/calls/{id}");
    let (head, get) = (agent.send("HEAD", &path, &[], ""), agent.read(&path));
    for name in ["etag", "content-type", "content-length"] {
        assert_eq!(head.header(name), get.header(name));
    }
    assert_eq!(agent.send("HEAD", "/v1/events", &[], "").status, 200);
    assert_eq!(agent.send("HEAD", &format!("/v1/calls/{NO_CALL}"), &[], "").status, 404);
}

#[test]
fn a_body_that_is_not_json_is_refused_with_its_place() {
    let agent = Agent::start();
    let path = format!("/v1/calls/{NO_CALL}/ring");
    for body in ["{", "{\"status\":}", "{'status': 180}", "\u{feff}{}", "{} {}", "NaN"] {
        let answer = agent.post(&path, body);
        problem(&answer, 400, "malformed");
        assert!(answer.detail().contains("column"), "{}", answer.detail());
    }
    let deep = "[".repeat(100_000);
    problem(&agent.post(&path, &format!("{{\"a\": {deep}")), 400, "malformed");
    problem(&agent.post(&path, "[]"), 422, "invalid-field");
    problem(&agent.post(&path, "\"x\""), 422, "invalid-field");
    problem(
        &agent.send("POST", &path, &[("Content-Type", "text/plain")], "{}"),
        415,
        "unsupported-media-type",
    );
    problem(&agent.send("POST", &path, &[], "{}"), 415, "unsupported-media-type");
    problem(
        &agent.send("POST", &path, &[("Content-Type", "application/json; charset=utf-8")], "{}"),
        404,
        "call-not-found",
    );
}

#[test]
fn a_body_over_the_bound_is_refused_however_it_comes() {
    let agent = Agent::start();
    let path = format!("/v1/calls/{NO_CALL}/accept");
    for size in [256 * 1024 + 1, 4 * 1024 * 1024] {
        let answer = agent.post(&path, &" ".repeat(size));
        problem(&answer, 413, "too-large");
        assert!(answer.detail().contains("262144"), "{}", answer.detail());
    }
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000)).repeat(5);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    );
    problem(&raw(&agent, format!("{head}{chunk}0\r\n\r\n").as_bytes()), 413, "too-large");
}

#[test]
fn a_body_that_breaks_off_is_no_command() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let (_caller, id) = Caller::offered(&agent, &mut events);
    let mut stream = agent.connect();
    let head = format!(
        "POST /v1/calls/{id}/reject HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
    );
    stream.write_all((head + "{}").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    assert_eq!(agent.call(&id)["state"], "offered");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let agent = Agent::start();
    let mut events = agent.follow("/v1/events");
    let (_caller, id) = Caller::offered(&agent, &mut events);
    let ring = format!("POST /v1/calls/{id}/ring HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
    let read = format!("GET /v1/calls/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut stream = agent.connect();
    stream
        .write_all(
            [read.as_str(), &ring, &read, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"]
                .concat()
                .as_bytes(),
        )
        .unwrap();
    let mut input = BufReader::new(stream);
    let mut next = || Answer::read(&mut input, true).json();
    assert_eq!(next()["state"], "offered");
    let rung = next();
    assert_eq!(rung["state"], "ringing");
    assert_eq!(next(), rung);
    assert_eq!(next()["status"], "alive");
}

#[test]
fn a_parameter_that_is_not_known_is_refused_by_name() {
    let agent = Agent::start();
    for (path, named) in [
        ("/v1/calls?sate=ringing", "sate"),
        ("/v1/calls?state=rining", "rining"),
        ("/v1/calls?limit=0", "limit"),
        ("/v1/calls?limit=1001", "1000"),
        ("/v1/calls?cursor=2", "cursor"),
        ("/v1/calls?direction=in", "inbound"),
        ("/v1/events?types=call.started", "call.started"),
        ("/v1/events?after=yesterday", "earliest"),
        ("/v1/events?limit=5", "limit"),
    ] {
        let answer = agent.read(path);
        problem(&answer, 400, "malformed");
        assert!(answer.detail().contains(named), "{path}: {}", answer.detail());
    }
}

#[test]
fn more_header_fields_than_there_may_be_are_refused_without_a_body() {
    let agent = Agent::start();
    for (more, status) in [(99, 200), (100, 431)] {
        let head = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X-A: b\r\n".repeat(more));
        let answer = raw(&agent, head.as_bytes());
        assert_eq!((answer.status, answer.body.is_empty()), (status, status == 431), "{more}");
    }
}

#[test]
fn what_is_no_http_ends_its_own_connection_alone() {
    let agent = Agent::start();
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    for bytes in [b"INVITE sip:a SIP/2.0\r\n\r\n".as_slice(), b"\x16\x03\x01\x02\x00", long.as_bytes()] {
        let mut stream = agent.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(agent.read("/livez").status, 200);
}
