//! Who may ask: the key, where it is needed and where it is not.

use std::io::{BufRead, Read};
use std::net::{Ipv4Addr, SocketAddr};

use crate::agent::Agent;
use crate::client::Answer;

const KEY: (&str, &str) = ("CALL_AGENT_API_KEY", "right");
const CALLS: &str = "/v1/calls";

fn with(agent: &Agent, path: &str, authorization: &str) -> Answer {
    agent.send("GET", path, &[("Authorization", authorization)], "")
}

/// Ends the agent, which has printed nothing.
fn prints_nothing(mut agent: Agent) {
    let mut output = agent.output();
    agent.signal("TERM");
    assert!(agent.ends().success());
    let mut printed = String::new();
    output.read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "");
}

#[test]
fn without_the_key_nothing_is_told_of_calls() {
    let agent = Agent::start_under(&[KEY], &[]);
    for (method, path) in
        [("GET", CALLS), ("GET", "/v1/events"), ("POST", "/v1/calls/x/ring"), ("DELETE", "/v1/calls/x")]
    {
        let answer = agent.send(method, path, &[], "");
        assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert!(answer.detail().contains("Authorization: Bearer"), "{}", answer.detail());
    }
    for wrong in [
        "Bearer wrong",
        "Bearer right2",
        "Bearer",
        "Basic right",
        "right",
        "Bearer Bearer right",
        "Bearer righ",
    ] {
        assert_eq!(with(&agent, CALLS, wrong).status, 401, "{wrong}");
    }
    for path in ["/v1/calls?key=right", "/v1/calls?access_token=right", "/v1/calls?api_key=right"] {
        assert_eq!(agent.read(path).status, 401, "{path}");
    }
    assert_eq!(agent.read("/").status, 404);
}

#[test]
fn with_the_key_everything_is_open() {
    let agent = Agent::start_under(&[KEY], &[]);
    for right in ["Bearer right", "bearer right", "BEARER  right"] {
        assert_eq!(with(&agent, CALLS, right).status, 200, "{right}");
    }
    let mut events = agent.follow_with("/v1/events", &[("Authorization", "Bearer right")]);
    assert!(events.line().unwrap().starts_with(':'));
}

#[test]
fn probes_and_the_page_are_open_and_the_document_is_not() {
    let agent = Agent::start_under(&[KEY], &[]);
    for path in ["/livez", "/readyz", "/docs/"] {
        assert_eq!(agent.read(path).status, 200, "{path}");
    }
    assert_eq!(agent.read("/openapi.json").status, 401);
    assert_eq!(with(&agent, "/openapi.json", "Bearer right").status, 200);
}

#[test]
fn away_from_loopback_a_key_is_made_and_shown_once() {
    let folder =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("keys-{}", std::process::id()));
    let flags = ["--http-listen", "0.0.0.0:0", "--data-dir", folder.to_str().unwrap()];
    let start = || {
        let mut agent = Agent::start_with(&flags);
        agent.http = SocketAddr::from((Ipv4Addr::LOCALHOST, agent.http.port()));
        agent
    };
    let mut first = start();
    let line = first.output().lines().next().unwrap().unwrap();
    let key = line.rsplit(' ').next().unwrap();
    assert!(key.starts_with("ca_"), "{line}");
    assert_eq!(first.read(CALLS).status, 401);
    assert_eq!(with(&first, CALLS, &format!("Bearer {key}")).status, 200);
    drop(first);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let text = String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()).into_owned();
        assert!(!text.contains(key) && !text.contains(&key[3..]), "the key itself is not kept");
    }
    let second = start();
    assert_eq!(with(&second, CALLS, &format!("Bearer {key}")).status, 200);
    assert_eq!(second.read(CALLS).status, 401);
    prints_nothing(second);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn away_from_loopback_a_given_key_is_the_key_and_none_is_made() {
    let mut agent = Agent::start_under(&[KEY], &["--http-listen", "0.0.0.0:0"]);
    agent.http = SocketAddr::from((Ipv4Addr::LOCALHOST, agent.http.port()));
    assert_eq!(agent.read(CALLS).status, 401);
    assert_eq!(with(&agent, CALLS, "Bearer right").status, 200);
    prints_nothing(agent);
}
