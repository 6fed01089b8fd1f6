//! SIP over TLS.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

use call_agent::sip::{Message, Name};
use serde_json::json;

use crate::agent::{Agent, Events, PATIENCE};
use crate::authority::{Authority, Certificate};
use crate::peer::{Caller, Peer, header, respond};

const LISTEN: [&str; 2] = ["--sip-listen", "tls://127.0.0.1:0"];
const OWN: [&str; 2] = ["--tls-certificate", "--tls-key"];

/// An agent that takes SIP over TLS alone.
fn agent(own: &Certificate, more: &[&str]) -> Agent {
    Agent::start_with(&[&LISTEN[..], &own.flags(OWN), more].concat())
}

/// What a caller over TCP says, over TLS.
fn over_tls(message: &str) -> String {
    message.replace("SIP/2.0/TCP", "SIP/2.0/TLS").replace("transport=tcp", "transport=tls")
}

/// Has the peer call and the API answer: the id of the call, established.
fn established(agent: &Agent, events: &mut Events, peer: &mut Peer, caller: &mut Caller, at: &str) -> String {
    let contact = format!("mod_sofia@{}", caller.at);
    let invite = over_tls(&caller.invite()).replace(&contact, &format!("mod_sofia@{at}"));
    peer.send(invite);
    peer.answer(100, "INVITE");
    let call = events.next_of("call.offered");
    assert_eq!(call["sip"]["transport"], "tls");
    let id = call["id"].as_str().unwrap().to_owned();
    assert_eq!(agent.command(&id, "accept", json!({"wait": "sent"})).0, 200);
    let ok = peer.answer(200, "INVITE");
    assert_eq!(header(&ok, "Contact"), format!("<sip:1000@{};transport=tls>", agent.sip));
    caller.learn(&ok);
    peer.send(over_tls(&caller.ack()));
    assert_eq!(events.next_of("call.established")["id"], id);
    id
}

/// Whether the agent answers the peer.
fn is_answered(peer: &mut Peer) -> bool {
    let options = over_tls(&Caller::at(peer.address).options());
    peer.try_send(options).is_ok() && peer.try_next().is_ok_and(|answer| answer.is_some())
}

#[test]
fn a_call_over_tls_is_answered_and_hung_up_by_the_api() {
    let authority = Authority::new();
    let agent = agent(&authority.issue("agent"), &[]);
    let mut peer = Peer::connect_secure(&agent, authority.client(None));
    let (mut events, mut caller) = (agent.events(), Caller::at(peer.address));
    let at = peer.address.to_string();
    let id = established(&agent, &mut events, &mut peer, &mut caller, &at);
    std::thread::scope(|scope| {
        let hung_up = scope.spawn(|| agent.command(&id, "hangup", json!({})));
        let bye = peer.request("BYE");
        assert!(bye.headers.named("Via").unwrap().text().starts_with("SIP/2.0/TLS "));
        peer.send(respond(&bye, 200));
        assert_eq!(hung_up.join().unwrap().0, 200);
    });
    // The end is said: else this fails.
    peer.leave();
}

#[test]
fn messages_far_larger_than_a_record_come_whole() {
    let authority = Authority::new();
    let agent = agent(&authority.issue("agent"), &[]);
    let mut peer = Peer::connect_secure(&agent, authority.client(None));
    let caller = Caller::at(peer.address);
    let way = format!("Via: SIP/2.0/TLS 192.0.2.1;way={}\r\n", "x".repeat(8000));
    let long = over_tls(&caller.request("OPTIONS", &way.repeat(5), ""));
    assert!(long.len() > 40_000);
    for _ in 0..100 {
        peer.send(&long);
    }
    for _ in 0..100 {
        assert_eq!(peer.answer(200, "OPTIONS").headers.all(Name::Via).count(), 6);
    }
}

#[test]
fn where_peers_need_a_certificate_only_one_of_their_ca_will_do() {
    let (authority, peers) = (Authority::new(), Authority::new());
    let agent = agent(&authority.issue("agent"), &["--tls-client-ca", &peers.file()]);
    let answered =
        |own: Option<&Certificate>| is_answered(&mut Peer::connect_secure(&agent, authority.client(own)));
    assert!(answered(Some(&peers.issue("peer"))));
    assert!(!answered(None));
    assert!(!answered(Some(&authority.issue("peer"))));
}

#[test]
fn what_is_no_handshake_costs_others_nothing() {
    let authority = Authority::new();
    let agent = agent(&authority.issue("agent"), &[]);
    let _silent: Vec<_> = (0..100).map(|_| TcpStream::connect(agent.sip).unwrap()).collect();
    let mut garbage = TcpStream::connect(agent.sip).unwrap();
    garbage.set_read_timeout(Some(PATIENCE)).unwrap();
    garbage.write_all(Caller::at(agent.sip).options().as_bytes()).unwrap();
    garbage.shutdown(Shutdown::Write).unwrap();
    let mut said = Vec::new();
    let _ = garbage.read_to_end(&mut said);
    assert!(!said.starts_with(b"SIP"), "{said:?}");
    assert!(is_answered(&mut Peer::connect_secure(&agent, authority.client(None))));
}

#[test]
fn after_sighup_the_new_certificate_is_shown_and_open_connections_go_on() {
    let (before, after) = (Authority::new(), Authority::new());
    let own = before.issue("agent");
    let agent = agent(&own, &[]);
    let mut early = Peer::connect_secure(&agent, before.client(None));
    assert!(is_answered(&mut early));
    let renewed = after.issue("agent");
    std::fs::copy(&renewed.certificate, &own.certificate).unwrap();
    std::fs::copy(&renewed.key, &own.key).unwrap();
    agent.signal("HUP");
    let start = Instant::now();
    while !is_answered(&mut Peer::connect_secure(&agent, after.client(None))) {
        assert!(start.elapsed() < PATIENCE, "the certificate stays the old one");
    }
    assert!(!is_answered(&mut Peer::connect_secure(&agent, before.client(None))));
    assert!(is_answered(&mut early));
}

/// Has the API hang up a call whose connection is gone: the agent must connect to the Contact.
fn hangs_up_at(contact: &str, listener: &TcpListener, authority: &Authority, own: &Certificate) -> bool {
    let agent = agent(&authority.issue("agent"), &["--tls-ca", &authority.file()]);
    let mut peer = Peer::connect_secure(&agent, authority.client(None));
    let (mut events, mut caller) = (agent.events(), Caller::at(peer.address));
    let id = established(&agent, &mut events, &mut peer, &mut caller, contact);
    peer.leave();
    std::thread::scope(|scope| {
        let hung_up = scope.spawn(|| agent.command(&id, "hangup", json!({})).0);
        let mut contacted = Peer::accept_secure(listener, authority.server(own));
        let is_reached = match contacted.try_next() {
            Ok(Some(Message::Request(bye))) => contacted.try_send(respond(&bye, 200)).is_ok(),
            _ => false,
        };
        assert_eq!(hung_up.join().unwrap() == 200, is_reached);
        is_reached
    })
}

#[test]
fn the_agent_connects_over_tls_with_its_own_certificate_to_whom_the_contact_names_only() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let SocketAddr::V4(at) = listener.local_addr().unwrap() else { panic!("not IPv4") };
    let own = authority.issue("peer");
    for contact in [at.to_string(), format!("localhost:{}", at.port())] {
        assert!(hangs_up_at(&contact, &listener, &authority, &own), "{contact}");
    }
    let other = authority.issue_for("other", &["pbx.example.com"]);
    assert!(!hangs_up_at(&at.to_string(), &listener, &authority, &other));
}
