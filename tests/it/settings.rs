//! What the settings change on the wire.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent::{Agent, PATIENCE};
use crate::peer::{Caller, OFFER, Peer, header, offered, respond};
use crate::program::Program;

/// Calls an agent that answers by itself: its responses to the INVITE but 100, as far as these.
fn call<const N: usize>(
    agent: &Agent,
    peer: &mut Peer,
    statuses: [u16; N],
) -> [call_agent::sip::Response; N] {
    let caller = Caller::at(peer.address);
    let id = offered(&mut agent.events(), peer, &caller);
    assert!(id.starts_with("call_"));
    statuses.map(|status| peer.answer(status, "INVITE"))
}

fn body(response: &call_agent::sip::Response) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

#[test]
fn an_offer_can_be_answered_before_anybody_is_asked() {
    for (policy, status) in [("ring", 180), ("accept", 200), ("reject", 486)] {
        let agent = Agent::start_with(&["--on-offer", policy]);
        call(&agent, &mut Peer::connect(&agent), [status]);
    }
}

#[test]
fn a_call_that_nobody_answers_gets_480_in_the_time_set() {
    let agent = Agent::start_with(&["--ring-timeout", "1"]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let start = Instant::now();
    let caller = Caller::at(peer.address);
    offered(&mut events, &mut peer, &caller);
    peer.answer(480, "INVITE");
    assert!(start.elapsed() >= Duration::from_secs(1));
    let end = events.next_of("call.ended")["end"].take();
    assert_eq!(
        (&end["cause"], &end["by"], &end["sip_status"]),
        (&json!("timeout"), &json!("policy"), &json!(480))
    );
}

#[test]
fn policies_have_the_statuses_that_are_set() {
    let flags = ["--on-offer", "reject", "--reject-status", "603"];
    let agent = Agent::start_with(&flags);
    call(&agent, &mut Peer::connect(&agent), [603]);
    let busy = ["--busy-header", "X-empolyee_id,X-Line", "--busy-status", "600"];
    let agent = Agent::start_with(&[&busy[..], &["--on-offer", "ring"]].concat());
    let mut peer = Peer::connect(&agent);
    let mut invite = |line: &str| {
        peer.send(Caller::at(peer.address).request("INVITE", &format!("x-line: {line}\r\n"), ""));
        peer.response().status
    };
    assert_eq!(invite("7"), 100);
    let mut second = Peer::connect(&agent);
    second.send(Caller::at(second.address).request("INVITE", "X-Line: 7\r\n", ""));
    assert_eq!(second.response().status, 600);
    second.send(Caller::at(second.address).request("INVITE", "X-Line: 8\r\n", ""));
    assert_eq!(second.response().status, 100);
}

#[test]
fn while_nobody_follows_the_events_new_calls_are_refused() {
    let agent = Agent::start_with(&["--no-listener-seconds", "1", "--no-listener-status", "480"]);
    let mut peer = Peer::connect(&agent);
    let mut invite = || {
        peer.send(Caller::at(peer.address).request("INVITE", "", ""));
        peer.response().status
    };
    let begun = Instant::now();
    while invite() != 480 {
        assert!(begun.elapsed() < PATIENCE, "nobody listens");
    }
    assert!(begun.elapsed() >= Duration::from_millis(500));
    let mut events = agent.events();
    assert_eq!(invite(), 100);
    events.next_of("call.offered");
}

#[test]
fn an_invite_that_expires_gets_487() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    peer.send(Caller::at(peer.address).request(
        "INVITE",
        "Expires: 1\r\nContent-Type: application/sdp\r\n",
        OFFER,
    ));
    peer.answer(100, "INVITE");
    peer.answer(487, "INVITE");
    let end = events.next_of("call.ended")["end"].take();
    assert_eq!(
        (&end["cause"], &end["by"], &end["sip_status"]),
        (&json!("timeout"), &json!("system"), &json!(487))
    );
}

#[test]
fn one_call_too_many_gets_503_with_retry_after() {
    let agent = Agent::start_with(&["--max-calls", "1"]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let (first, second, third) =
        (Caller::at(peer.address), Caller::at(peer.address), Caller::at(peer.address));
    let id = offered(&mut events, &mut peer, &first);
    peer.send(second.invite());
    assert!(header(&peer.answer(503, "INVITE"), "Retry-After").parse::<u32>().unwrap() > 0);
    agent.command(&id, "reject", json!({}));
    peer.answer(486, "INVITE");
    offered(&mut events, &mut peer, &third);
}

#[test]
fn the_advertised_address_and_the_media_address_are_told_to_peers() {
    let flags =
        ["--advertise", "agent.example.com:5070", "--media-address", "192.0.2.9:30000", "--codecs", "PCMU"];
    let agent = Agent::start_with(&[&flags[..], &["--on-offer", "accept"]].concat());
    let [ok] = call(&agent, &mut Peer::connect(&agent), [200]);
    assert_eq!(header(&ok, "Contact"), "<sip:1000@agent.example.com:5070;transport=tcp>");
    assert!(body(&ok).contains("\r\nc=IN IP4 192.0.2.9\r\n"), "{}", body(&ok));
    assert!(body(&ok).contains("\r\nm=audio 30000 RTP/AVP 0\r\n"), "{}", body(&ok));
}

#[test]
fn a_listener_tells_peers_its_own_address_whatever_the_others_tell() {
    let listen = "tcp://127.0.0.1:0?advertise=sip.example.com:5071";
    let flags = ["--advertise", "agent.example.com", "--sip-listen", listen, "--on-offer", "accept"];
    let agent = Agent::start_with(&flags);
    let [ok] = call(&agent, &mut Peer::connect(&agent), [200]);
    assert_eq!(header(&ok, "Contact"), "<sip:1000@sip.example.com:5071;transport=tcp>");
}

/// What the program says with these settings from its start to its end, which comes as soon as it is ready.
fn log_of(flags: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_call-agent"));
    command.args(["--http-listen", "127.0.0.1:0", "--data-dir", "none"]).args(flags);
    let program = Program::start(command, "listening for HTTP");
    program.terminate();
    let (status, printed) = program.ends();
    assert!(status.success(), "{printed}");
    printed
}

#[test]
fn every_listener_is_announced_with_the_address_that_it_really_has() {
    let log = log_of(&["--sip-listen", "udp://127.0.0.1:0,tcp://127.0.0.1:0,udp://[::1]:0"]);
    let announced: Vec<_> = log.lines().filter_map(|line| line.split_once("listening for SIP on ")).collect();
    assert_eq!(announced.len(), 3, "{log}");
    for ((_, url), scheme) in announced.iter().zip(["udp://127.0.0.1:", "tcp://127.0.0.1:", "udp://[::1]:"]) {
        let port: u16 = url.strip_prefix(scheme).expect("in the order of the settings").parse().unwrap();
        assert_ne!(port, 0, "{url}");
    }
}

#[test]
fn an_address_that_peers_cannot_use_is_warned_of_at_the_start() {
    let listen = "tcp://127.0.0.1:0?advertise=192.0.2.7,udp://127.0.0.1:0";
    let log = log_of(&["--advertise", "0.0.0.0", "--sip-listen", listen]);
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("is advertised")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("udp://127.0.0.1:") && warnings[0].contains("--advertise"), "{log}");
}

#[test]
fn over_ipv6_every_address_is_ipv6() {
    let agent = Agent::start_with(&["--sip-listen", "tcp://[::1]:0", "--on-offer", "accept"]);
    let mut peer = Peer::connect(&agent);
    let [ok] = call(&agent, &mut peer, [200]);
    assert_eq!(header(&ok, "Contact"), format!("<sip:1000@[::1]:{};transport=tcp>", agent.sip.port()));
    assert!(header(&ok, "Via").ends_with(";received=::1"), "{ok:?}");
    assert!(body(&ok).contains("\r\nc=IN IP6 ::1\r\n"), "{}", body(&ok));
    assert_eq!(agent.get("/v1/calls").1["calls"][0]["sip"]["peer"], peer.address.to_string());
}

#[test]
fn a_listener_for_both_families_tells_an_ipv4_caller_ipv4_addresses() {
    let agent = Agent::start_with(&["--sip-listen", "tcp://[::]:0", "--on-offer", "accept"]);
    let ipv4 = SocketAddr::from(([127, 0, 0, 1], agent.sip.port()));
    let mut peer = Peer::connect_to(ipv4);
    let [ok] = call(&agent, &mut peer, [200]);
    assert_eq!(header(&ok, "Contact"), format!("<sip:1000@{ipv4};transport=tcp>"));
    assert!(header(&ok, "Via").ends_with(";received=127.0.0.1"), "{ok:?}");
    assert!(body(&ok).contains("\r\nc=IN IP4 127.0.0.1\r\n"), "{}", body(&ok));
    assert_eq!(agent.get("/v1/calls").1["calls"][0]["sip"]["peer"], peer.address.to_string());
}

#[test]
fn a_contact_that_is_a_name_is_looked_up() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut caller = Caller::at(listener.local_addr().unwrap());
    peer.send(caller.invite().replace("mod_sofia@127.0.0.1", "mod_sofia@localhost"));
    peer.answer(100, "INVITE");
    let id = events.next_of("call.offered")["id"].as_str().unwrap().to_owned();
    agent.command(&id, "accept", json!({"wait": "sent"}));
    caller.learn(&peer.answer(200, "INVITE"));
    peer.send(caller.ack());
    events.next_of("call.established");
    peer.leave();
    std::thread::scope(|scope| {
        let hung_up = scope.spawn(|| agent.command(&id, "hangup", json!({})));
        let mut contacted = Peer::accept(&listener);
        let bye = contacted.request("BYE");
        contacted.send(respond(&bye, 200));
        assert_eq!(hung_up.join().unwrap().0, 200);
    });
}
