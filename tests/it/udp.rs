//! Calls over UDP, which loses and repeats.

use std::net::{SocketAddr, UdpSocket};

use call_agent::sip::{Message, Request, Response, parse_datagram};
use serde_json::json;

use crate::agent::{Agent, Events, PATIENCE};
use crate::peer::{Caller, header, respond};

const OVER_UDP: [&str; 2] = ["--sip-listen", "udp://127.0.0.1:0"];

/// A phone that does nothing by itself.
struct Phone {
    socket: UdpSocket,
    address: SocketAddr,
    agent: SocketAddr,
}

impl Phone {
    fn of(agent: &Agent) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address, agent: agent.sip }
    }

    fn send(&self, message: impl AsRef<[u8]>) {
        self.socket.send_to(message.as_ref(), self.agent).unwrap();
    }

    /// Sends what a caller over TCP would send.
    fn say(&self, message: &str) {
        self.send(message.replace("SIP/2.0/TCP", "SIP/2.0/UDP").replace("transport=tcp", "transport=udp"));
    }

    fn next(&self) -> Message {
        let mut buffer = vec![0; 65_536];
        let (length, from) = self.socket.recv_from(&mut buffer).expect("a message comes");
        assert_eq!(from, self.agent);
        buffer.truncate(length);
        parse_datagram(buffer).expect("the agent writes well")
    }

    /// The next message, which must be that response.
    #[track_caller]
    fn answer(&self, status: u16, method: &str) -> Response {
        match self.next() {
            Message::Response(response) => {
                assert_eq!((response.status, response.cseq.method.as_str()), (status, method));
                *response
            }
            Message::Request(request) => panic!("not {status}: {request:?}"),
        }
    }

    /// That request, which may come behind responses that are repeated.
    #[track_caller]
    fn request(&self, method: &str) -> Request {
        loop {
            match self.next() {
                Message::Request(request) if request.method.as_str() == method => return *request,
                Message::Request(request) => panic!("not {method}: {request:?}"),
                Message::Response(_) => {}
            }
        }
    }

    /// A call that is established: its caller and its id.
    fn established(&self, agent: &Agent, events: &mut Events) -> (Caller, String) {
        let mut caller = Caller::at(self.address);
        self.say(&caller.invite());
        self.answer(100, "INVITE");
        let id = events.next_of("call.offered")["id"].as_str().unwrap().to_owned();
        let (status, _) = agent.command(&id, "accept", json!({"wait": "sent"}));
        assert_eq!(status, 200);
        caller.learn(&self.answer(200, "INVITE"));
        self.say(&caller.ack());
        assert_eq!(events.next_of("call.established")["id"], id.as_str());
        (caller, id)
    }
}

#[test]
fn a_call_is_offered_once_however_often_its_invite_comes_and_each_gets_the_last_response() {
    let agent = Agent::start_with(&OVER_UDP);
    let (mut events, phone) = (agent.events(), Phone::of(&agent));
    let mut caller = Caller::at(phone.address);
    for _ in 0..3 {
        phone.say(&caller.invite());
        phone.answer(100, "INVITE");
    }
    let call = events.next_of("call.offered");
    assert_eq!(call["sip"]["call_id"], caller.call_id);
    let id = call["id"].as_str().unwrap().to_owned();
    assert_eq!(agent.command(&id, "ring", json!({})).0, 200);
    let ringing = phone.answer(180, "INVITE");
    assert_eq!(header(&ringing, "Contact"), format!("<sip:1000@{}>", agent.sip));
    phone.say(&caller.invite());
    phone.answer(180, "INVITE");
    assert_eq!(agent.command(&id, "accept", json!({"wait": "sent"})).0, 200);
    caller.learn(&phone.answer(200, "INVITE"));
    // Until the ACK it comes again by itself.
    phone.answer(200, "INVITE");
    phone.say(&caller.ack());
    assert_eq!(events.next_of("call.established")["id"], id.as_str());
    let bye = caller.next("BYE", "", "");
    phone.say(&bye);
    phone.say(&bye);
    phone.answer(200, "BYE");
    phone.answer(200, "BYE");
    assert_eq!(events.next().unwrap()["type"], "call.ended");
    assert_eq!(agent.get("/v1/calls").1["calls"].as_array().unwrap().len(), 1);
}

#[test]
fn our_bye_is_repeated_until_it_is_answered() {
    let agent = Agent::start_with(&OVER_UDP);
    let (mut events, phone) = (agent.events(), Phone::of(&agent));
    let (_, id) = phone.established(&agent, &mut events);
    assert_eq!(agent.command(&id, "hangup", json!({})).0, 200);
    let first = phone.request("BYE");
    let again = phone.request("BYE");
    assert_eq!((&first.via.raw, first.cseq), (&again.via.raw, again.cseq));
    assert!(first.via.rport);
    phone.send(respond(&again, 200));
    let end = events.next_of("call.ended")["end"].clone();
    assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("api")));
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    let agent = Agent::start_with(&[&OVER_UDP[..], &["--on-offer", "reject"]].concat());
    let phone = Phone::of(&agent);
    let caller = Caller::at(phone.address);
    phone.say(&caller.invite());
    phone.answer(100, "INVITE");
    let refusal = phone.answer(486, "INVITE");
    phone.answer(486, "INVITE");
    phone.say(&caller.ack_refusal(&refusal));
    phone.say(&Caller::at(phone.address).options());
    phone.answer(200, "OPTIONS");
}

#[test]
fn without_rport_a_response_goes_to_the_port_that_via_names() {
    let agent = Agent::start_with(&OVER_UDP);
    let (sender, named) = (Phone::of(&agent), Phone::of(&agent));
    let caller = Caller::at(named.address);
    for _ in 0..2 {
        sender.say(&caller.options().replace(";rport", ""));
        let answer = named.answer(200, "OPTIONS");
        assert!(!header(&answer, "Via").contains("rport"));
    }
    sender.say(&Caller::at(named.address).options());
    let via = header(&sender.answer(200, "OPTIONS"), "Via");
    assert!(via.contains(&format!("rport={}", sender.address.port())), "{via}");
}

#[test]
fn what_is_no_message_is_dropped_and_the_agent_goes_on() {
    let agent = Agent::start_with(&OVER_UDP);
    let phone = Phone::of(&agent);
    for noise in [&b"\r\n\r\n"[..], b"", b"\0", &[0xFF; 1200], b"SIP/2.0 200 OK\r\n\r\n", &[b'x'; 60_000]] {
        phone.send(noise);
    }
    phone.say(&Caller::at(phone.address).options());
    phone.answer(200, "OPTIONS");
}
