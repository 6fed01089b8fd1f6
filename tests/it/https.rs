//! HTTP over TLS, and the bad ways to set it.

use std::io::Write;
use std::process::Command;
use std::time::Instant;

use serde_json::json;

use crate::agent::{Agent, PATIENCE};
use crate::authority::{Authority, Certificate};
use crate::caller;
use crate::peer::{Caller, Peer, offered};

const SETTINGS: [&str; 2] = ["--http-tls-certificate", "--http-tls-key"];

/// An agent with that certificate for HTTP, and a client that trusts its authority.
fn agent(authority: &Authority, own: &Certificate) -> Agent {
    Agent::start_with(&own.flags(SETTINGS)).trusting(authority.client(None))
}

#[test]
fn calls_are_answered_and_followed_over_tls() {
    let authority = Authority::new();
    let own = authority.issue("agent");
    let agent = agent(&authority, &own);
    assert_eq!(agent.read("/readyz").status, 200);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let call = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &call);
    assert_eq!(agent.tell(&id, "reject", "{}").status, 200);
    peer.answer(486, "INVITE");
    assert_eq!(events.next_of("call.ended")["id"], caller::text(&json!(id)));
}

#[test]
fn after_sighup_the_new_certificate_is_shown_and_open_connections_go_on() {
    let (before, after) = (Authority::new(), Authority::new());
    let own = before.issue("agent");
    let agent = agent(&before, &own);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let renewed = after.issue("agent");
    std::fs::copy(&renewed.certificate, &own.certificate).unwrap();
    // A certificate without its key changes nothing.
    agent.signal("HUP");
    agent.logs("certificates stay as they were");
    assert_eq!(agent.read("/livez").status, 200);
    std::fs::copy(&renewed.key, &own.key).unwrap();
    agent.signal("HUP");
    let agent = agent.trusting(after.client(None));
    let start = Instant::now();
    while !shakes_hands(&agent) {
        assert!(start.elapsed() < PATIENCE, "the certificate stays the old one");
    }
    let call = Caller::at(peer.address);
    offered(&mut events, &mut peer, &call);
}

/// Whether the certificate that is shown is trusted.
fn shakes_hands(agent: &Agent) -> bool {
    agent.wire().write_all(b"GET /livez HTTP/1.0\r\n\r\n").is_ok()
}

#[test]
fn sighup_without_certificates_ends_nothing() {
    let agent = Agent::start();
    agent.signal("HUP");
    assert_eq!(agent.read("/livez").status, 200);
}

#[test]
fn a_bad_file_stops_the_start_and_is_named_with_its_setting() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (own, foreign) = (authority.issue("agent"), other.issue("agent"));
    let said = |certificate: &str, key: &str| {
        let flags = Certificate { certificate: certificate.to_owned(), key: key.to_owned() };
        let ended =
            Command::new(env!("CARGO_BIN_EXE_call-agent")).args(flags.flags(SETTINGS)).output().unwrap();
        assert_eq!(ended.status.code(), Some(2));
        String::from_utf8(ended.stderr).unwrap()
    };
    assert_eq!(
        said("/no/such/file.pem", &own.key),
        "call-agent: --http-tls-certificate /no/such/file.pem: No such file or directory (os error 2)\n"
    );
    assert_eq!(
        said(&own.certificate, &foreign.key),
        format!(
            "call-agent: --http-tls-key {}: not the key of the certificate in {}\n",
            foreign.key, own.certificate
        )
    );
}
