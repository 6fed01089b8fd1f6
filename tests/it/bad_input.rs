//! What is no SIP on the SIP port: an error or silence, and the agent goes on.

use std::io::{Read, Write};
use std::net::Shutdown;

use serde_json::json;

use crate::agent::{Agent, PATIENCE};
use crate::peer::{Caller, Peer, offered};

/// What the agent says to bytes and then their end, before it closes the connection.
fn say(agent: &Agent, bytes: &[u8]) -> String {
    let mut peer = Peer::connect(agent);
    peer.socket().set_write_timeout(Some(PATIENCE)).unwrap();
    // The agent may close the connection before it has all of them.
    let _ = peer.socket().write_all(bytes);
    let _ = peer.socket().shutdown(Shutdown::Write);
    let mut said = Vec::new();
    match peer.socket().read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    Peer::connect(agent).hears_nothing_but_options();
    String::from_utf8(said).unwrap()
}

fn status_line(said: &str) -> &str {
    said.lines().next().unwrap_or_default()
}

#[test]
fn what_is_not_sip_is_not_answered_and_its_connection_closed() {
    let agent = Agent::start();
    let garbage: Vec<u8> =
        (0..70_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(say(&agent, &garbage), "");
    assert_eq!(say(&agent, b"GET /v1/calls HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"), "");
    assert_eq!(say(&agent, b"SSH-2.0-OpenSSH_9.6\r\n\r\n\r\n"), "");
    let client_hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[0xa5; 501]].concat();
    assert_eq!(say(&agent, &client_hello), "");
    assert_eq!(say(&agent, &[0; 100_000]), "");
    assert_eq!(say(&agent, b""), "");
}

#[test]
fn a_connection_on_which_no_message_can_be_found_is_closed_by_the_agent() {
    let agent = Agent::start();
    let mut peer = Peer::connect(&agent);
    peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    peer.is_closed();
}

#[test]
fn a_header_of_a_megabyte_is_answered_400() {
    let agent = Agent::start();
    let long = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    let message = Caller::at(agent.sip).request("OPTIONS", &long, "");
    assert_eq!(status_line(&say(&agent, message.as_bytes())), "SIP/2.0 400 Bad message: headers too large");
    let endless = [&message.as_bytes()[..60], &vec![b'x'; 1 << 20]].concat();
    let said = say(&agent, &endless);
    assert_eq!(status_line(&said), "");
}

#[test]
fn a_body_over_the_limit_is_answered_413() {
    let agent = Agent::start();
    let message = Caller::at(agent.sip).request("OPTIONS", "", &"x".repeat(1 << 20));
    assert_eq!(status_line(&say(&agent, message.as_bytes())), "SIP/2.0 413 Request Entity Too Large");
    let huge =
        Caller::at(agent.sip).options().replace("Content-Length: 0", "Content-Length: 99999999999999999999");
    assert_eq!(status_line(&say(&agent, huge.as_bytes())), "SIP/2.0 413 Request Entity Too Large");
}

#[test]
fn half_a_message_and_the_end_is_no_call() {
    let agent = Agent::start();
    let invite = Caller::at(agent.sip).invite();
    for length in [1, 20, invite.len() / 2, invite.len() - 1] {
        assert_eq!(say(&agent, &invite.as_bytes()[..length]), "");
    }
    assert_eq!(agent.get("/v1/calls").1["calls"], json!([]));
}

#[test]
fn a_malformed_message_is_answered_and_the_next_is_served() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let faults = [
        ("Call-ID: ", "Call-ID: two words ", "Bad Call-ID: not one word"),
        ("CSeq: 100 INVITE", "CSeq: 100 ACK", "Bad CSeq: not the method of the request"),
        ("CSeq: 100", "CSeq: 4294967296", "Bad CSeq: not a number below 2**31"),
        ("Max-Forwards: 70", "Max-Forwards: many", "Bad Max-Forwards: not a number from 0 to 255"),
        ("To: <sip:1000@10.0.0.1:10000;transport=tcp>\r\n", "", "Bad message: no To"),
    ];
    for (right, wrong, phrase) in faults {
        peer.send(caller.invite().replace(right, wrong));
        let said = next_head(&mut peer);
        assert_eq!(status_line(&said), format!("SIP/2.0 400 {phrase}"));
    }
    offered(&mut events, &mut peer, &caller);
}

/// The head of the next message, as text: an answer to what is malformed copies what is.
fn next_head(peer: &mut Peer) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        peer.socket().read_exact(&mut byte).unwrap();
        head.extend_from_slice(&byte);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn responses_and_acks_to_nothing_are_dropped() {
    let agent = Agent::start();
    let mut peer = Peer::connect(&agent);
    let mut caller = Caller::at(peer.address);
    caller.to_tag = Some("unknown".into());
    peer.send(caller.ack());
    peer.send(format!("SIP/2.0 200 OK\r\n{}", caller.options().split_once("\r\n").unwrap().1));
    peer.hears_nothing_but_options();
}
