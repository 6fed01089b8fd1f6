//! Calls and the connection of a registration: whole calls stay on it, with its Contact.

use super::registrar::Registrar;
use super::{registered, seconds};
use crate::agent::command::Originate;
use crate::agent::tests::callee::Callee;
use crate::agent::{Action, CallCommand, Command};
use crate::sip::{Message, Request};

fn dial(registrar: &mut Registrar, to: &str) {
    registrar.give(Command::Originate(Originate { to: to.to_owned(), ..Originate::default() }));
}

fn hang_up(registrar: &mut Registrar) {
    let call = registrar.call.as_ref().expect("a call").id;
    let action = Action::Hangup(Default::default());
    registrar.give(Command::Call(CallCommand { call, if_version: None, by: None, action }));
}

/// The one request that was sent, and whether by the connection of the registration.
fn sent(registrar: &mut Registrar) -> (Request, bool) {
    let mut carried = registrar.carried();
    assert_eq!(carried.len(), 1, "one request");
    let carried = carried.remove(0);
    let Message::Request(request) = carried.message else { panic!("a request") };
    (*request, carried.flow == registrar.flow.id)
}

#[test]
fn a_call_goes_by_the_connection_of_the_registration_with_its_contact() {
    let mut registrar = registered();
    let bound = registrar.account().contact.clone().expect("a Contact");
    for to in
        ["1001", "sip:1001@example.com", "sip:1001@pbx.example.com", "sip:1001@10.0.0.1:5060;transport=tcp"]
    {
        dial(&mut registrar, to);
        let (invite, by_it) = sent(&mut registrar);
        assert!(by_it, "{to}");
        assert_eq!(invite.contact.expect("a Contact").uri.as_str(), &*bound);
        assert_eq!(registrar.call.as_ref().and_then(|call| call.account.clone()).as_deref(), Some("1000"));
        assert_eq!(
            registrar.call.as_ref().map(|call| call.sip.peer.to_string()).as_deref(),
            Some("10.0.0.1:5060")
        );
    }
}

#[test]
fn a_call_elsewhere_finds_its_own_way() {
    let mut registrar = registered();
    for to in ["sip:1001@example.org", "sip:1001@10.0.0.1:5090", "sip:1001@pbx.example.com;transport=udp"] {
        dial(&mut registrar, to);
        assert!(registrar.carried().is_empty(), "{to}");
        assert_eq!(registrar.sought.len(), 1, "{to}");
        registrar.sought.clear();
    }
}

#[test]
fn the_whole_call_stays_on_the_connection_of_the_registration() {
    let mut registrar = registered();
    dial(&mut registrar, "1001");
    let callee = Callee::of(sent(&mut registrar).0);
    registrar.deliver(&callee.says(180));
    registrar.deliver(&callee.answers());
    assert!(matches!(sent(&mut registrar), (ack, true) if ack.method.as_str() == "ACK"));
    hang_up(&mut registrar);
    assert!(matches!(sent(&mut registrar), (bye, true) if bye.method.as_str() == "BYE"));
}

#[test]
fn a_call_that_came_by_the_registration_is_answered_with_its_contact() {
    let mut registrar = registered();
    let bound = registrar.account().contact.clone().expect("a Contact");
    let invite = "INVITE sip:1000@192.0.2.7:40001 SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK7\r\n\
                  Max-Forwards: 70\r\nFrom: <sip:2000@example.com>;tag=a\r\nTo: <sip:1000@example.com>\r\n\
                  Call-ID: in\r\nCSeq: 1 INVITE\r\nContact: <sip:2000@10.0.0.1>\r\nContent-Length: 0\r\n\r\n";
    registrar.deliver(invite);
    let call = registrar.call.as_ref().expect("a call").id;
    let action = Action::Ring(Default::default());
    registrar.give(Command::Call(CallCommand { call, if_version: None, by: None, action }));
    let ringing = registrar.carried().pop().expect("a response");
    let Message::Response(ringing) = ringing.message else { panic!("a response") };
    assert_eq!((ringing.status, ringing.contact.expect("a Contact").uri.as_str()), (180, &*bound));
}

#[test]
fn a_drain_ends_calls_and_the_registration() {
    let mut registrar = registered();
    dial(&mut registrar, "1001");
    let callee = Callee::of(sent(&mut registrar).0);
    registrar.deliver(&callee.says(180));
    registrar.shut_down();
    let mut sent: Vec<Request> = Vec::new();
    for carried in registrar.carried() {
        let Message::Request(request) = carried.message else { panic!("a request") };
        sent.push(*request);
    }
    let methods: Vec<_> = sent.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["CANCEL", "REGISTER"]);
    registrar.respond(&sent[1], 200, "");
    assert!(!registrar.agent.is_idle());
    registrar.deliver(&callee.says(487));
    assert!(registrar.agent.is_idle());
    registrar.advance(seconds(32));
    registrar.assert_empty();
}
