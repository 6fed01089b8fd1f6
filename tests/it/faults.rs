//! The faults of other SIP stacks: each a test that it is not one of this agent's.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::{Shutdown, TcpListener};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent::{Agent, PATIENCE};
use crate::peer::{Caller, Peer, accepted, established, header, offered};

#[test]
fn accept_after_a_dropped_connection_reaches_the_caller_on_a_new_one() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut caller = Caller::at(listener.local_addr().unwrap());
    let id = offered(&mut events, &mut peer, &caller);
    peer.leave();
    let mut again = std::thread::scope(|scope| {
        let accepted = scope.spawn(|| agent.command(&id, "accept", json!({})));
        let mut again = Peer::accept(&listener);
        caller.learn(&again.answer(200, "INVITE"));
        again.send(caller.ack());
        let (status, call) = accepted.join().unwrap();
        assert_eq!((status, &call["state"]), (200, &json!("established")), "{call}");
        again
    });
    again.send(caller.next("BYE", "", ""));
    again.answer(200, "BYE");
    assert_eq!(events.next_of("call.ended")["end"]["cause"], "hangup");
}

#[test]
fn accept_after_a_dropped_connection_is_not_told_that_it_was_done_and_leaks_no_call() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    // Nobody listens where the answers would go.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ids: Vec<_> = (0..20).map(|_| offered(&mut events, &mut peer, &Caller::at(gone))).collect();
    peer.leave();
    std::thread::scope(|scope| {
        for (id, wait) in ids.iter().zip(["sent", "established"].iter().cycle()) {
            let agent = &agent;
            scope.spawn(move || {
                let (status, problem) = agent.command(id, "accept", json!({"wait": wait}));
                assert_eq!((status, &problem["code"]), (504, &json!("sip-timeout")), "{problem}");
            });
        }
    });
    for _ in &ids {
        let end = events.next_of("call.ended")["end"].take();
        assert_eq!((&end["cause"], &end["by"]), (&json!("timeout"), &json!("system")));
    }
    for state in ["accepted", "established"] {
        assert_eq!(agent.get(&format!("/v1/calls?state={state}")).1["calls"], json!([]));
    }
}

#[test]
fn three_hundred_infos_behind_an_ack_in_one_segment_are_all_seen_in_order() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    accepted(&agent, &mut events, &mut peer, &mut caller);
    let mut segment = caller.ack();
    for number in 0..300 {
        segment += &caller.next("INFO", "Content-Type: text/plain\r\n", &number.to_string());
    }
    peer.send(segment);
    for number in 0..300 {
        assert_eq!(peer.answer(200, "INFO").cseq.number, 101 + number);
    }
    events.next_of("call.established");
    for number in 0..300 {
        let event = events.next().unwrap();
        let info = json!({"content_type": "text/plain", "body": number.to_string()});
        assert_eq!((&event["type"], &event["data"]["info"]), (&json!("call.info"), &info));
    }
}

#[test]
fn an_unknown_method_does_not_close_the_connection() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    peer.send(Caller::at(peer.address).request("BREW", "", ""));
    peer.answer(501, "BREW");
    established(&agent, &mut events, &mut peer, &mut caller);
    peer.send(caller.next("BREW", "", ""));
    peer.answer(501, "BREW");
    peer.send(caller.next("BYE", "", ""));
    peer.answer(200, "BYE");
}

#[test]
fn every_response_of_a_call_has_the_to_tag_of_its_180() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    agent.command(&id, "ring", json!({}));
    let to = header(&peer.answer(180, "INVITE"), "To");
    agent.command(&id, "ring", json!({"status": 183, "early_media": true}));
    assert_eq!(header(&peer.answer(183, "INVITE"), "To"), to);
    peer.send(caller.cancel());
    assert_eq!(header(&peer.answer(200, "CANCEL"), "To"), to);
    assert_eq!(header(&peer.answer(487, "INVITE"), "To"), to);
}

#[test]
fn a_merged_request_is_one_call_and_482() {
    let agent = Agent::start();
    let (mut events, mut peer, mut other) = (agent.events(), Peer::connect(&agent), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    other.send(Caller { branch: "z9hG4bK-another-way".into(), ..caller.clone() }.invite());
    other.answer(482, "INVITE");
    let calls = agent.get("/v1/calls").1["calls"].take();
    assert_eq!((calls.as_array().unwrap().len(), &calls[0]["id"]), (1, &json!(id)));
    agent.command(&id, "reject", json!({}));
    peer.answer(486, "INVITE");
}

#[test]
fn a_bye_in_an_early_dialog_ends_the_invite_with_487() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    agent.command(&id, "ring", json!({}));
    caller.learn(&peer.answer(180, "INVITE"));
    peer.send(caller.next("BYE", "", ""));
    peer.answer(200, "BYE");
    peer.answer(487, "INVITE");
    let end = events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["by"]), (&json!("cancelled"), &json!("remote")));
    let (status, problem) = agent.command(&id, "accept", json!({}));
    assert_eq!((status, &problem["code"], &problem["end"]), (409, &json!("call-ended"), &end));
    peer.hears_nothing_but_options();
}

#[test]
fn a_lower_cseq_gets_500() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    established(&agent, &mut events, &mut peer, &mut caller);
    let mut late = caller.clone();
    late.cseq = 7;
    peer.send(late.next("INFO", "", ""));
    let refusal = peer.answer(500, "INFO");
    assert!(header(&refusal, "Retry-After").parse::<u8>().unwrap() <= 10);
    peer.send(caller.next("INFO", "", ""));
    peer.answer(200, "INFO");
}

/// The most memory that a process has had, bytes.
fn peak_memory(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

#[test]
fn a_peer_that_floods_and_never_reads_is_disconnected_and_memory_stays_bounded() {
    /// Three times what may wait for all peers together.
    const MOST: usize = 192 * 1024 * 1024;
    let agent = Agent::start();
    let (mut deaf, mut peer) = (Peer::connect(&agent), Peer::connect(&agent));
    deaf.socket().set_write_timeout(Some(PATIENCE)).unwrap();
    let way = format!("Via: SIP/2.0/TCP 192.0.2.1;way={}\r\n", "x".repeat(8000));
    let flood = Caller::at(deaf.address).request("OPTIONS", &way, "").repeat(16);
    let plug = deaf.socket().try_clone().unwrap();
    let flooding = std::thread::spawn(move || {
        loop {
            if let Err(error) = deaf.socket().write_all(flood.as_bytes()) {
                return error.kind();
            }
        }
    });
    while !flooding.is_finished() && peak_memory(agent.pid()) < MOST {
        peer.hears_nothing_but_options();
    }
    let _ = plug.shutdown(Shutdown::Both);
    assert!(peak_memory(agent.pid()) < MOST);
    let end = flooding.join().unwrap();
    assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&end), "{end}");
    peer.hears_nothing_but_options();
}

/// With Nagle's algorithm the 180 would wait until the peer's kernel has acknowledged the 100, which the kernel of a peer
/// that talks as much as it listens does 40 ms late.
#[test]
fn the_second_of_two_quick_responses_is_not_late() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut delays: Vec<_> = (0..100)
        .map(|_| {
            let caller = Caller::at(peer.address);
            let id = offered(&mut events, &mut peer, &caller);
            agent.command(&id, "ring", json!({}));
            let rung = Instant::now();
            peer.answer(180, "INVITE");
            let delay = rung.elapsed();
            peer.send(caller.cancel());
            peer.answer(200, "CANCEL");
            let terminated = peer.answer(487, "INVITE");
            peer.send(caller.ack_refusal(&terminated));
            delay
        })
        .collect();
    delays.sort();
    assert!(delays[50] < Duration::from_millis(15), "{delays:?}");
}
