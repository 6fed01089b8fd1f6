//! How the program ends: a drain after SIGTERM, and what stops it from starting.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::agent::Agent;
use crate::peer::{Caller, Peer, established, header, offered, respond};

#[test]
fn a_drain_refuses_new_calls_ends_unanswered_ones_and_at_its_end_the_others() {
    let agent = Agent::start_with(&["--drain-time", "1"]);
    let mut events = agent.events();
    let (mut answered, mut ringing, mut late) =
        (Peer::connect(&agent), Peer::connect(&agent), Peer::connect(&agent));
    let mut first = Caller::at(answered.address);
    let answered_call = established(&agent, &mut events, &mut answered, &mut first);
    let second = Caller::at(ringing.address);
    let ringing_call = offered(&mut events, &mut ringing, &second);
    agent.signal("TERM");

    let refusal = ringing.answer(503, "INVITE");
    assert!(header(&refusal, "Retry-After").parse::<u32>().unwrap() > 0);
    ringing.send(second.ack_refusal(&refusal));
    assert_eq!(events.next().unwrap()["type"], "stream.draining");
    let ended = events.next_of("call.ended");
    assert_eq!((&ended["id"], &ended["end"]["sip_status"]), (&json!(ringing_call), &json!(503)));
    assert_eq!((&ended["end"]["cause"], &ended["end"]["by"]), (&json!("rejected"), &json!("system")));

    // The established call keeps the agent until its BYE is answered.
    let third = Caller::at(late.address);
    late.send(third.invite());
    let refusal = late.answer(503, "INVITE");
    assert!(header(&refusal, "Retry-After").parse::<u32>().unwrap() > 0);
    late.send(third.ack_refusal(&refusal));

    let bye = answered.request("BYE");
    answered.send(respond(&bye, 200));
    let ended = events.next_of("call.ended");
    assert_eq!(ended["id"], answered_call);
    assert_eq!((&ended["end"]["cause"], &ended["end"]["by"]), (&json!("hangup"), &json!("system")));
    assert!(events.next().is_none());
    assert_eq!(agent.ends().code(), Some(0));
}

#[test]
fn a_drain_ends_as_soon_as_the_last_call_has() {
    let agent = Agent::start_with(&["--drain-time", "3600"]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    established(&agent, &mut events, &mut peer, &mut caller);
    agent.signal("TERM");
    assert_eq!(events.next().unwrap()["type"], "stream.draining");
    let (status, ready) = agent.get("/readyz");
    assert_eq!(status, 503, "{ready}");
    peer.send(caller.next("INFO", "", ""));
    peer.answer(200, "INFO");
    peer.send(caller.next("BYE", "", ""));
    peer.answer(200, "BYE");
    events.next_of("call.ended");
    assert_eq!(agent.ends().code(), Some(0));
}

#[test]
fn a_second_signal_ends_the_drain_at_once() {
    let agent = Agent::start_with(&["--drain-time", "3600"]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    established(&agent, &mut events, &mut peer, &mut caller);
    agent.signal("INT");
    assert_eq!(events.next().unwrap()["type"], "stream.draining");
    agent.signal("INT");
    let bye = peer.request("BYE");
    peer.send(respond(&bye, 200));
    let end = events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("system")));
    assert_eq!(agent.ends().code(), Some(0));
}

#[test]
fn a_drain_without_calls_is_over_at_once_after_either_signal() {
    for signal in ["TERM", "INT"] {
        let agent = Agent::start_with(&["--drain-time", "3600"]);
        let mut peer = Peer::connect(&agent);
        peer.hears_nothing_but_options();
        agent.signal(signal);
        assert_eq!(agent.ends().code(), Some(0));
        peer.is_closed();
    }
}

#[test]
fn a_drain_does_not_wait_for_a_bye_that_nobody_answers() {
    let agent = Agent::start_with(&["--drain-time", "0"]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    established(&agent, &mut events, &mut peer, &mut caller);
    agent.signal("TERM");
    peer.request("BYE");
    events.next_of("call.ended");
    assert_eq!(agent.ends().code(), Some(0));
    peer.is_closed();
}

/// Runs the program with settings that stop it from starting.
fn run(flags: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_call-agent"))
        .args(flags)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

#[track_caller]
fn is_refused(flags: &[&str], environment: &[(&str, &str)], name: &str) {
    let output = run(flags, environment);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(name) && !said.contains("listening"), "{said}");
}

#[test]
fn a_bad_setting_stops_the_start_with_code_2_and_is_named() {
    is_refused(&["--ring-timeout", "soon"], &[], "--ring-timeout");
    is_refused(&["--ring-time", "30"], &[], "--ring-time");
    is_refused(&["--sip-listen", "sctp://127.0.0.1:0"], &[], "--sip-listen");
    is_refused(&["--sip-listen", "tls://127.0.0.1:0"], &[], "--tls-certificate");
    is_refused(&["--dns-server", "localhost"], &[], "--dns-server");
    is_refused(&["--max-calls", "0"], &[], "--max-calls");
    is_refused(&["--max-calls", "-1"], &[], "--max-calls");
    is_refused(&["--codecs", "PCMA,PCMA"], &[], "--codecs");
    is_refused(&["--data-dir", "/dev/null"], &[], "--data-dir /dev/null");
    is_refused(&[], &[("CALL_AGENT_ON_OFFER", "shrug")], "CALL_AGENT_ON_OFFER");
    is_refused(&[], &[("CALL_AGENT_SIP_LISTEM", "tcp://127.0.0.1:0")], "CALL_AGENT_SIP_LISTEM");
    is_refused(&["--config", "/no/such/file"], &[], "/no/such/file");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bad-setting.toml");
    std::fs::write(&file, "ring_timeout = 30\nring_time = 30\n").unwrap();
    is_refused(&["--config", file.to_str().unwrap()], &[], "ring_time");
}

#[test]
fn an_address_in_use_stops_the_start_and_is_named() {
    let agent = Agent::start();
    let sip = format!("tcp://{}", agent.sip);
    let output = run(&["--sip-listen", &sip, "--http-listen", "127.0.0.1:0", "--data-dir", "none"], &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&sip), "{said}");
}
