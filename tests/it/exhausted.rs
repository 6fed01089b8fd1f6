//! More of everything than there is room for: connections, file descriptors, calls.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::agent::{Agent, PATIENCE};
use crate::peer::{Caller, OFFER, Peer, established, header, offered};

/// How many idle connections are wanted; as many fewer as the system does not allow.
const IDLE: usize = 10_000;

/// Files that the test and the agent have open beside those connections.
const OTHER_FILES: u64 = 1_000;

/// What the system says of a process, as in `VmRSS`.
fn status_of(pid: u32, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

fn connections(agent: &Agent, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| TcpStream::connect(agent.sip).unwrap()).collect()
}

/// Places a call by a new connection, ends it, and gives how long that took.
fn a_call_goes_well(agent: &Agent) -> Duration {
    let begun = Instant::now();
    let (mut events, mut peer) = (agent.events(), Peer::connect(agent));
    let mut caller = Caller::at(peer.address);
    let id = established(agent, &mut events, &mut peer, &mut caller);
    let bye = caller.next("BYE", "", "");
    peer.send(bye);
    peer.answer(200, "BYE");
    assert_eq!(events.next_of("call.ended")["id"], id);
    begun.elapsed()
}

#[test]
fn beside_ten_thousand_idle_connections_a_call_goes_as_well_as_alone() {
    call_agent::open_files::raise();
    let allowed = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let count = allowed.map_or(IDLE, |allowed| IDLE.min(allowed.saturating_sub(OTHER_FILES) as usize));
    // One more than there may be, so that the call's own takes the place of an idle one.
    let agent = Agent::start_with(&["--sip-peer-connections", "0"]);
    let (alone, before) = (a_call_goes_well(&agent), status_of(agent.pid(), "VmRSS"));
    let idle = connections(&agent, count);
    let beside = a_call_goes_well(&agent);
    println!(
        "{count} idle connections: a call took {beside:?}, {alone:?} before; RSS {}, {before} before",
        status_of(agent.pid(), "VmRSS")
    );
    drop(idle);
}

#[test]
fn of_one_peer_that_only_connects_the_connections_give_way_to_one_that_calls() {
    let agent = Agent::start_with(&["--sip-peer-connections", "10"]);
    let idle = connections(&agent, 50);
    a_call_goes_well(&agent);
    drop(idle);
}

#[test]
fn without_file_descriptors_calls_go_on_and_connections_come_again_when_there_are_some() {
    let agent = Agent::start_within(64, &[]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    let idle = connections(&agent, 100);
    agent.logs("cannot accept a connection");
    peer.hears_nothing_but_options();
    let again = caller.next("INVITE", "Content-Type: application/sdp\r\n", OFFER);
    peer.send(again);
    peer.answer(200, "INVITE");
    peer.send(caller.ack());
    // It waits in the kernel's backlog behind the idle ones.
    let mut waiting = Peer::connect(&agent);
    waiting.send(Caller::at(waiting.address).invite());
    let bye = caller.next("BYE", "", "");
    peer.send(bye);
    peer.answer(200, "BYE");
    assert_eq!(events.next_of("call.ended")["id"], id);
    drop(idle);
    waiting.answer(100, "INVITE");
    assert_eq!(agent.get("/v1/calls").0, 200);
}

/// Sends INVITEs as fast as they are taken until it is told to stop, and counts the 503s with Retry-After that come back.
fn flood(agent: &Agent, number: usize, goes_on: &AtomicBool, refused: &AtomicU64) {
    let mut out = TcpStream::connect(agent.sip).unwrap();
    let mut back = out.try_clone().unwrap();
    let at = out.local_addr().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut tail = Vec::new();
            let mut chunk = [0; 65_536];
            while let Ok(count) = back.read(&mut chunk)
                && count > 0
            {
                tail.extend_from_slice(&chunk[..count]);
                let text = String::from_utf8_lossy(&tail);
                let whole = text.rfind("\r\n\r\n").map_or(0, |end| end + 4);
                let messages = text[..whole].split("\r\n\r\n");
                let told =
                    messages.filter(|it| it.starts_with("SIP/2.0 503") && it.contains("Retry-After: "));
                refused.fetch_add(told.count() as u64, Ordering::Relaxed);
                tail.drain(..whole);
            }
        });
        let mut sent = 0_u64;
        while goes_on.load(Ordering::Relaxed) {
            let mut burst = String::new();
            for _ in 0..64 {
                sent += 1;
                let name = format!("flood-{number}-{sent}");
                let caller = Caller {
                    call_id: name.clone(),
                    tag: name.clone(),
                    branch: format!("z9hG4bK{name}"),
                    ..Caller::at(at)
                };
                burst += &caller.request("INVITE", "", "");
            }
            if out.write_all(burst.as_bytes()).is_err() {
                break;
            }
        }
        let _ = out.shutdown(std::net::Shutdown::Both);
    });
}

#[test]
fn under_a_flood_of_invites_new_calls_get_503_and_running_ones_and_commands_are_served() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    let ringing = Caller::at(peer.address);
    offered(&mut events, &mut peer, &ringing);
    drop(events);
    let (goes_on, refused) = (AtomicBool::new(true), AtomicU64::new(0));
    let mut took = HashMap::new();
    thread::scope(|scope| {
        for number in 0..4 {
            let (agent, goes_on, refused) = (&agent, &goes_on, &refused);
            scope.spawn(move || flood(agent, number, goes_on, refused));
        }
        let begun = Instant::now();
        while refused.load(Ordering::Relaxed) == 0 {
            assert!(begun.elapsed() < PATIENCE, "the agent says that it cannot keep up");
            thread::yield_now();
        }
        let mut time = |what: &'static str, work: &mut dyn FnMut()| {
            let begun = Instant::now();
            work();
            took.insert(what, begun.elapsed());
        };
        time("INFO", &mut || {
            let info = caller.next("INFO", "", "");
            peer.send(info);
            peer.answer(200, "INFO");
        });
        time("CANCEL", &mut || {
            peer.send(ringing.cancel());
            peer.answer(200, "CANCEL");
            let refusal = peer.answer(487, "INVITE");
            peer.send(ringing.ack_refusal(&refusal));
        });
        time("claim", &mut || {
            let (status, answer) = agent.command(&id, "claim", json!({"owner": "test", "ttl_seconds": 60}));
            assert!(status < 300, "{status} {answer}");
        });
        time("BYE", &mut || {
            let bye = caller.next("BYE", "", "");
            peer.send(bye);
            peer.answer(200, "BYE");
        });
        goes_on.store(false, Ordering::Relaxed);
    });
    println!(
        "{} INVITEs were refused; while the flood went on took {took:?}",
        refused.load(Ordering::Relaxed)
    );
    new_calls_are_taken_again(&mut peer);
}

fn new_calls_are_taken_again(peer: &mut Peer) {
    let begun = Instant::now();
    loop {
        let next = Caller::at(peer.address);
        peer.send(next.invite());
        let response = peer.response();
        if response.status == 100 {
            return;
        }
        assert_eq!(response.status, 503);
        assert!(header(&response, "Retry-After").parse::<u32>().unwrap() > 0 && begun.elapsed() < PATIENCE);
    }
}
