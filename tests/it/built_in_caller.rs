//! `call-agent call` against an agent: calls, faults, and what it says of them.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::authority::Authority;
use crate::scratch::free_ports;

const LISTEN: [&str; 2] = ["--sip-listen", "tcp://127.0.0.1:0,udp://127.0.0.1:0"];

fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_call-agent"));
    program.arg("call").args(arguments);
    program
}

/// The caller when it has ended: its exit code, the lines of its calls, and what it said at the end.
struct Said {
    code: i32,
    lines: Vec<String>,
    sum: String,
}

fn said(Output { status, stdout, stderr }: Output) -> Said {
    let lines = String::from_utf8(stdout).unwrap().lines().map(ToOwned::to_owned).collect();
    Said { code: status.code().unwrap(), lines, sum: String::from_utf8(stderr).unwrap() }
}

fn call(agent: &Agent, transport: &str, arguments: &[&str]) -> Said {
    let to = format!("sip:1000@{}", agent.listens(transport));
    said(program(&[&[to.as_str(), "--transport", transport], arguments].concat()).output().unwrap())
}

fn accepting() -> Agent {
    Agent::start_with(&[&LISTEN[..], &["--on-offer", "accept"]].concat())
}

/// Without the times.
fn words(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split_once(" s  ").unwrap().1).collect()
}

#[test]
fn a_call_that_is_given_up_is_cancelled_on_both_sides() {
    let agent = Agent::start_with(&[&LISTEN[..], &["--on-offer", "ring"]].concat());
    let mut events = agent.events();
    for transport in ["tcp", "udp"] {
        let said = call(&agent, transport, &["--cancel-after", "200ms", "--header", "X-empolyee_id: 1001"]);
        assert_eq!(said.code, 0, "{}", said.sum);
        let first = format!("dialing sip:1000@{};transport={transport}", agent.listens(transport));
        assert_eq!(words(&said.lines), [&first, "ringing", "ended: cancelled by api, 487"]);
        let offered = events.next_of("call.offered");
        let headers = offered["headers"].as_array().unwrap();
        assert!(headers.contains(&json!({"name": "X-empolyee_id", "value": "1001"})), "{offered}");
        let end = events.next_of("call.ended")["end"].take();
        assert_eq!((&end["cause"], &end["by"]), (&json!("cancelled"), &json!("remote")));
    }
}

#[test]
fn many_calls_are_answered_and_hung_up() {
    let agent = accepting();
    let said = call(&agent, "tcp", &["--calls", "20", "--rate", "100", "--hangup-after", "50ms"]);
    assert_eq!(said.code, 0, "{}", said.sum);
    assert!(said.sum.starts_with("20 calls: 20 hangup by api\nanswered after "), "{}", said.sum);
}

#[test]
fn a_call_that_is_answered_before_it_could_be_given_up_is_hung_up_and_not_as_planned() {
    let said = call(&accepting(), "tcp", &["--cancel-after", "200ms"]);
    assert_eq!((said.code, said.lines.last().unwrap().contains("hangup by api")), (1, true), "{}", said.sum);
}

#[test]
fn a_lost_ack_is_sent_again_when_the_200_comes_again() {
    let agent = accepting();
    let mut events = agent.events();
    let said = call(&agent, "udp", &["--lose-ack", "first", "--hangup-after", "2s"]);
    assert_eq!(said.code, 0, "{}", said.sum);
    // The 200 came again after T1.
    let (accepted, established) = (events.next(), events.next_of("call.established"));
    assert!(accepted.is_some());
    let time = |name: &str| established[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let gap = time("established_at") - time("accepted_at");
    assert!(gap.total(jiff::Unit::Millisecond).unwrap() >= 500.0, "{gap}");
}

#[test]
fn an_invite_that_comes_twice_is_one_call() {
    let agent = accepting();
    for transport in ["udp", "tcp"] {
        let said = call(&agent, transport, &["--duplicate-invite", "--hangup-after", "100ms"]);
        assert_eq!(said.code, 0, "{}", said.sum);
    }
    let (_, calls) = agent.get("/v1/calls");
    assert_eq!(calls["calls"].as_array().unwrap().len(), 2, "{calls}");
}

#[test]
fn a_call_goes_on_when_its_connection_breaks() {
    let said = call(&accepting(), "tcp", &["--drop-connection-after", "100ms", "--hangup-after", "500ms"]);
    assert_eq!(said.code, 0, "{}", said.sum);
    assert_eq!(words(&said.lines)[1..], ["accepted", "established", "ended: hangup by api"]);
}

#[test]
fn whoever_cannot_be_reached_is_said_and_why() {
    let nobody = format!("sip:1000@127.0.0.1:{}", free_ports(1));
    let said = said(program(&[&nobody, "--transport", "tcp"]).output().unwrap());
    assert_eq!(said.code, 1);
    assert!(
        said.sum.starts_with("1 call: 1 failed by system: ") && said.sum.contains("refused"),
        "{}",
        said.sum
    );
}

#[test]
fn what_it_cannot_do_is_an_error_of_its_own() {
    let cases = [
        (&["1000"][..], "to: a user alone needs an account"),
        (&["sip:1000@127.0.0.1", "--sdp", "/nowhere"], "--sdp /nowhere: No such file"),
        (&["sip:1000@127.0.0.1", "--header", "Via: x"], "the agent writes this header itself"),
        (&["sip:1000@127.0.0.1", "--tls-ca", "/nowhere"], "/nowhere"),
        (&["sip:1000@127.0.0.1", "--rate", "0"], "--rate"),
    ];
    for (arguments, fault) in cases {
        let said = said(program(arguments).output().unwrap());
        assert_eq!(said.code, 2, "{}", said.sum);
        assert!(said.sum.contains(fault), "{}", said.sum);
    }
}

#[test]
fn its_events_are_those_of_the_api() {
    let said = call(&accepting(), "tcp", &["--json", "--hangup-after", "50ms"]);
    let events: Vec<Value> = said.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["call.dialing", "call.accepted", "call.established", "call.ended"]);
}

/// What the agent says of the end of a call whose caller is told to end by this signal, after this event.
fn interrupted(agent: &Agent, signal: &str, after: &str) -> Value {
    let mut events = agent.events();
    let to = format!("sip:1000@{}", agent.listens("tcp"));
    let caller = program(&[&to, "--transport", "tcp", "--calls", "2", "--rate", "0.001"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    events.next_of(after);
    let sent = Command::new("kill").args(["-s", signal, &caller.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let end = events.next_of("call.ended")["end"].take();
    let code = caller.wait_with_output().unwrap().status.code();
    assert_eq!(code, Some(1), "the call was not as planned");
    end
}

#[test]
fn a_signal_to_end_hangs_up_what_is_answered_and_cancels_what_is_not() {
    let (accepting, ringing) =
        (accepting(), Agent::start_with(&[&LISTEN[..], &["--on-offer", "ring"]].concat()));
    for signal in ["INT", "TERM"] {
        let end = interrupted(&accepting, signal, "call.established");
        assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("remote")), "{signal}");
        let end = interrupted(&ringing, signal, "call.ringing");
        assert_eq!((&end["cause"], &end["by"]), (&json!("cancelled"), &json!("remote")), "{signal}");
    }
}

#[test]
fn a_certificate_is_shown_to_who_asks_for_one() {
    let (authority, callers) = (Authority::new(), Authority::new());
    let listen = ["--sip-listen", "tls://127.0.0.1:0", "--on-offer", "accept"];
    let trusted = callers.file();
    let own = authority.issue("agent");
    let flags = own.flags(["--tls-certificate", "--tls-key"]);
    let agent = Agent::start_with(&[&listen[..], &flags, &["--tls-client-ca", &trusted]].concat());
    let ca = authority.file();
    let trust = ["--tls-ca", ca.as_str(), "--hangup-after", "50ms"];
    assert_eq!(call(&agent, "tls", &trust).code, 1, "without one there is no call");
    let caller = callers.issue("caller");
    let shown = caller.flags(["--tls-certificate", "--tls-key"]);
    let said = call(&agent, "tls", &[&trust[..], &shown].concat());
    assert_eq!(said.code, 0, "{}", said.sum);
}

#[test]
fn ipv6_goes_all_the_way() {
    let listen = "tcp://[::1]:0,udp://[::1]:0";
    let agent = Agent::start_with(&["--sip-listen", listen, "--on-offer", "accept"]);
    let mut events = agent.events();
    for transport in ["tcp", "udp"] {
        let said = call(&agent, transport, &["--hangup-after", "50ms"]);
        assert_eq!(said.code, 0, "{}", said.sum);
        let offered = events.next_of("call.offered");
        assert!(offered["sip"]["peer"].as_str().unwrap().starts_with("[::1]:"), "{offered}");
        assert!(offered["from"]["uri"].as_str().unwrap().starts_with("sip:"), "{offered}");
    }
}
