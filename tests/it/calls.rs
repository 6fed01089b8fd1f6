//! Calls over connections that cut messages anywhere, break, and are made anew.

use std::io::Read;
use std::net::{Shutdown, TcpListener};

use serde_json::json;

use crate::agent::Agent;
use crate::peer::{Caller, Peer, accepted, established, header, offered, respond};

#[test]
fn an_invite_that_comes_byte_by_byte_is_a_call() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    for byte in caller.invite().bytes() {
        peer.send([byte]);
    }
    peer.answer(100, "INVITE");
    let call = events.next_of("call.offered");
    assert_eq!(
        (&call["sip"]["call_id"], &call["sdp"]["remote"]),
        (&json!(caller.call_id), &json!(crate::peer::OFFER))
    );
}

#[test]
fn several_messages_in_one_segment_are_answered_in_their_order() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let callers: Vec<_> = (0..3).map(|_| Caller::at(peer.address)).collect();
    let invites: String = callers.iter().map(Caller::invite).collect();
    let half = callers[0].invite().len() / 2;
    let options = Caller::at(peer.address).options();
    let segment = format!("{invites}\r\n{options}{}", &invites[..half]);
    peer.send(segment);
    for caller in &callers {
        assert_eq!(peer.answer(100, "INVITE").call_id, caller.call_id.as_str());
        assert_eq!(events.next_of("call.offered")["sip"]["call_id"], caller.call_id);
    }
    peer.answer(200, "OPTIONS");
    // The rest of an INVITE that repeats the first: it is answered as that was.
    peer.send(&callers[0].invite()[half..]);
    assert_eq!(peer.answer(100, "INVITE").call_id, callers[0].call_id.as_str());
    peer.hears_nothing_but_options();
}

#[test]
fn a_keep_alive_is_answered_and_line_ends_between_messages_are_not() {
    let agent = Agent::start();
    let mut peer = Peer::connect(&agent);
    peer.send("\r\n\r\n");
    let mut pong = [0; 2];
    peer.socket().read_exact(&mut pong).unwrap();
    assert_eq!(&pong, b"\r\n");
    peer.send("\r\n");
    peer.send(Caller::at(peer.address).options());
    let mut start = [0; 11];
    peer.socket().read_exact(&mut start).unwrap();
    assert_eq!(&start, b"SIP/2.0 200");
}

#[test]
fn a_call_whose_connection_was_dropped_is_ended_by_bye_on_another() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = accepted(&agent, &mut events, &mut peer, &mut caller);
    peer.leave();
    let mut again = Peer::connect(&agent);
    again.send(caller.ack());
    assert_eq!(events.next_of("call.established")["id"], id);
    again.send(caller.next("BYE", "", ""));
    again.answer(200, "BYE");
    let end = events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("remote")));
}

#[test]
fn a_hangup_whose_connection_is_gone_connects_to_the_contact() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut caller = Caller::at(listener.local_addr().unwrap());
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    peer.leave();
    std::thread::scope(|scope| {
        let hung_up = scope.spawn(|| agent.command(&id, "hangup", json!({})));
        let mut contacted = Peer::accept(&listener);
        let bye = contacted.request("BYE");
        assert_eq!(bye.uri.as_str(), format!("sip:mod_sofia@{};transport=tcp", caller.at));
        assert_eq!((bye.call_id.as_ref(), bye.to.tag().unwrap().as_ref()), (&*caller.call_id, &*caller.tag));
        assert_eq!(bye.from.tag().unwrap().to_string(), caller.to_tag.clone().unwrap());
        contacted.send(respond(&bye, 200));
        let (status, call) = hung_up.join().unwrap();
        assert_eq!(
            (status, &call["state"], &call["end"]["by"]),
            (200, &json!("ended"), &json!("api")),
            "{call}"
        );
    });
    assert_eq!(events.next_of("call.ended")["end"]["cause"], "hangup");
}

#[test]
fn a_hangup_that_reaches_nobody_ends_the_call_and_says_so() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    peer.leave();
    let (status, problem) = agent.command(&id, "hangup", json!({}));
    assert_eq!((status, &problem["code"]), (504, &json!("sip-timeout")), "{problem}");
    let end = events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("api")));
}

#[test]
fn a_hangup_goes_by_the_connection_that_the_caller_used_last() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    let mut again = Peer::connect(&agent);
    again.send(caller.next("OPTIONS", "", ""));
    again.answer(200, "OPTIONS");
    assert_eq!(agent.command(&id, "hangup", json!({})).0, 200);
    let bye = again.request("BYE");
    again.send(respond(&bye, 200));
    peer.hears_nothing_but_options();
}

#[test]
fn a_response_whose_connection_is_gone_goes_to_the_port_of_the_via() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let caller = Caller::at(listener.local_addr().unwrap());
    let id = offered(&mut events, &mut peer, &caller);
    peer.leave();
    let (status, call) = agent.command(&id, "reject", json!({"status": 480}));
    assert_eq!((status, &call["end"]["sip_status"]), (200, &json!(480)), "{call}");
    let mut contacted = Peer::accept(&listener);
    let refusal = contacted.answer(480, "INVITE");
    assert_eq!(refusal.call_id, caller.call_id.as_str());
    contacted.send(caller.ack_refusal(&refusal));
    contacted.hears_nothing_but_options();
}

#[test]
fn an_invite_that_comes_again_on_another_connection_is_the_same_call() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    agent.command(&id, "ring", json!({}));
    let tag = header(&peer.answer(180, "INVITE"), "To");
    let mut again = Peer::connect(&agent);
    again.send(caller.invite());
    // The response goes by the connection that the transaction began on.
    assert_eq!(header(&peer.answer(180, "INVITE"), "To"), tag);
    again.send(caller.cancel());
    again.answer(200, "CANCEL");
    peer.answer(487, "INVITE");
    assert_eq!(events.next_of("call.ended")["id"], id);
}

#[test]
fn a_peer_that_closed_its_own_side_gets_its_answer() {
    let agent = Agent::start();
    let mut peer = Peer::connect(&agent);
    peer.send(Caller::at(peer.address).options());
    peer.socket().shutdown(Shutdown::Write).unwrap();
    peer.answer(200, "OPTIONS");
    peer.is_closed();
}
