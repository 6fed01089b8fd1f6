//! An account that moves to another connection, and what its calls tell their peers (RFC 3311).

use std::net::SocketAddr;
use std::time::Duration;

use super::registrar::Registrar;
use super::{account, seconds, settings};
use crate::agent::command::Originate;
use crate::agent::event::{CallState, EndBy, EndCause};
use crate::agent::tests::callee::Callee;
use crate::agent::{Action, CallCommand, Command, Flow, FlowId, Settings};
use crate::sip::{Known, Message, Request};

const ALLOW: &str = "Allow: INVITE, ACK, BYE, UPDATE\r\n";

/// The one request that was sent, and whether by the connection of the registration.
fn sent(registrar: &mut Registrar) -> (Request, bool) {
    let mut carried = registrar.carried();
    assert_eq!(carried.len(), 1, "one request");
    let carried = carried.remove(0);
    let Message::Request(request) = carried.message else { panic!("a request") };
    (*request, carried.flow == registrar.flow.id)
}

/// A call of the account to a phone behind the registrar, whose 200 has these headers.
fn established(registrar: &mut Registrar, headers: &str) -> Callee {
    registrar.give(Command::Originate(Originate { to: "1001".to_owned(), ..Originate::default() }));
    let mut callee = Callee::of(sent(registrar).0);
    callee.contact = "<sip:1001@10.9.9.9:5062;transport=tcp>".to_owned();
    callee.routes = format!("Record-Route: <sip:{};transport=tcp;lr>\r\n", registrar.flow.peer);
    registrar.deliver(&callee.says_with(200, headers, crate::agent::tests::phone::ANSWER));
    let (ack, _) = sent(registrar);
    assert_eq!(ack.method.known(), Some(Known::Ack));
    callee
}

fn with_call(headers: &str) -> (Registrar, Callee) {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.take();
    let callee = established(&mut registrar, headers);
    (registrar, callee)
}

/// The connection is lost, and the account registered by another one to the same place.
fn move_on(registrar: &mut Registrar) {
    registrar.close(registrar.flow.id);
    register_again(registrar);
}

fn register_again(registrar: &mut Registrar) {
    registrar.wait(seconds(60));
    let FlowId(number) = registrar.flow.id;
    let local = SocketAddr::new(registrar.flow.local.ip(), registrar.flow.local.port() + 1);
    registrar.flow = Flow { id: FlowId(number + 1), local, ..registrar.flow };
    registrar.reach_by(registrar.flow, Vec::new());
    let register = registrar.request();
    registrar.accept(&register, 3600);
}

/// The UPDATE of a call whose account has moved.
fn update(registrar: &mut Registrar) -> Request {
    let (update, by_it) = sent(registrar);
    assert_eq!((update.method.known(), by_it), (Some(Known::Update), true));
    update
}

fn state(registrar: &Registrar) -> CallState {
    registrar.call.as_ref().expect("a call").state
}

fn hang_up(registrar: &mut Registrar) {
    let call = registrar.call.as_ref().expect("a call").id;
    let action = Action::Hangup(Default::default());
    registrar.give(Command::Call(CallCommand { call, if_version: None, by: None, action }));
}

#[test]
fn the_peer_of_a_call_is_told_where_the_account_is_now() {
    let (mut registrar, mut callee) = with_call(ALLOW);
    let before = callee.invite.contact.clone().expect("a Contact").uri;
    move_on(&mut registrar);
    let bound = registrar.account().contact.clone().expect("a Contact");
    let update = update(&mut registrar);
    let contact = update.contact.as_ref().expect("a Contact").uri.as_str();
    assert_eq!(contact, &*bound);
    assert_ne!(contact, before.as_str());
    assert_eq!((update.to.tag().map(AsRef::as_ref), update.cseq), (Some("callee"), 2));
    assert!(update.body.is_empty());
    registrar.deliver(&callee.responds(&update, 200));
    assert_eq!(state(&registrar), CallState::Established);
    registrar.deliver(&callee.asks("BYE", "", ""));
    assert_eq!(state(&registrar), CallState::Ended);
}

#[test]
fn a_peer_that_does_not_take_update_is_left_alone() {
    for headers in ["", "Allow: INVITE, ACK, BYE\r\n"] {
        let (mut registrar, _) = with_call(headers);
        move_on(&mut registrar);
        assert!(registrar.carried().is_empty() && registrar.sought.is_empty(), "{headers}");
    }
}

#[test]
fn a_contact_that_stays_the_same_is_not_told_again() {
    let advertise = Some(("agent.example.com".to_owned(), Some(5060)));
    let mut registrar = Registrar::with(Settings { advertise, ..settings([account("1000")]) });
    registrar.take();
    established(&mut registrar, ALLOW);
    move_on(&mut registrar);
    assert!(registrar.carried().is_empty() && registrar.sought.is_empty());
}

#[test]
fn a_peer_that_does_not_know_the_call_any_more_ends_it() {
    let (mut registrar, callee) = with_call(ALLOW);
    move_on(&mut registrar);
    let update = update(&mut registrar);
    registrar.deliver(&callee.responds(&update, 481));
    let end = registrar.call.as_ref().and_then(|call| call.end.clone()).expect("an end");
    assert_eq!((end.cause, end.by, end.sip_status), (EndCause::Failed, EndBy::Remote, Some(481)));
}

#[test]
fn a_peer_that_refuses_or_says_nothing_keeps_the_call() {
    let (mut registrar, callee) = with_call(ALLOW);
    move_on(&mut registrar);
    let first = update(&mut registrar);
    registrar.deliver(&callee.responds(&first, 500));
    assert_eq!(state(&registrar), CallState::Established);
    move_on(&mut registrar);
    update(&mut registrar);
    registrar.advance(seconds(32));
    assert_eq!(state(&registrar), CallState::Established);
}

#[test]
fn a_hangup_does_not_wait_for_the_answer_to_the_update() {
    let (mut registrar, callee) = with_call(ALLOW);
    move_on(&mut registrar);
    let update = update(&mut registrar);
    hang_up(&mut registrar);
    let (bye, _) = sent(&mut registrar);
    assert_eq!((bye.method.known(), bye.cseq), (Some(Known::Bye), update.cseq + 1));
    registrar.deliver(&callee.responds(&update, 200));
    registrar.deliver(&callee.responds(&bye, 200));
    assert_eq!(state(&registrar), CallState::Ended);
}

#[test]
fn an_account_that_moves_again_before_the_answer_is_told_of_once_more() {
    let (mut registrar, callee) = with_call(ALLOW);
    move_on(&mut registrar);
    let first = update(&mut registrar);
    registrar.close(registrar.flow.id);
    registrar.reach_in_vain("connection refused");
    assert_eq!(state(&registrar), CallState::Established);
    register_again(&mut registrar);
    let second = update(&mut registrar);
    let bound = registrar.account().contact.clone();
    assert_eq!(second.contact.as_ref().map(|contact| contact.uri.as_str()), bound.as_deref());
    let answered = second.clone();
    assert_ne!(second.contact.map(|contact| contact.uri), first.contact.map(|contact| contact.uri));
    registrar.deliver(&callee.responds(&answered, 200));
    assert_eq!(state(&registrar), CallState::Established);
}

#[test]
fn a_call_that_is_answered_after_the_move_is_told_then() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.take();
    registrar.give(Command::Originate(Originate { to: "1001".to_owned(), ..Originate::default() }));
    let mut callee = Callee::of(sent(&mut registrar).0);
    callee.routes = format!("Record-Route: <sip:{};transport=tcp;lr>\r\n", registrar.flow.peer);
    registrar.deliver(&callee.says(180));
    move_on(&mut registrar);
    assert!(registrar.carried().is_empty());
    registrar.deliver(&callee.says_with(200, ALLOW, crate::agent::tests::phone::ANSWER));
    let sent: Vec<_> = registrar.carried().into_iter().map(|carried| carried.message).collect();
    let [Message::Request(ack), Message::Request(update)] = &*sent else { panic!("{sent:?}") };
    assert_eq!((ack.method.as_str(), update.method.as_str()), ("ACK", "UPDATE"));
    let bound = registrar.account().contact.clone();
    assert_eq!(update.contact.as_ref().map(|contact| contact.uri.as_str()), bound.as_deref());
}

#[test]
fn a_peer_for_which_it_comes_at_a_bad_moment_is_told_again() {
    for (status, headers, soonest, latest) in
        [(491, "", 2_100, 4_000), (500, "Retry-After: 7\r\n", 7_000, 7_000)]
    {
        let (mut registrar, callee) = with_call(ALLOW);
        move_on(&mut registrar);
        let mut before = update(&mut registrar);
        for _ in 0..5 {
            let refusal = callee.responds(&before, status);
            registrar.deliver(&refusal.replace("Content-Length", &format!("{headers}Content-Length")));
            let waited = registrar.wait(Duration::from_millis(latest)).as_millis();
            assert!(waited >= soonest, "{status}: {waited} ms is too soon");
            let again = update(&mut registrar);
            let contact =
                |request: &Request| request.contact.as_ref().map(|contact| contact.uri.text().clone());
            assert_eq!((again.cseq, contact(&again)), (before.cseq + 1, contact(&before)));
            before = again;
        }
        let refusal = callee.responds(&before, status);
        registrar.deliver(&refusal.replace("Content-Length", &format!("{headers}Content-Length")));
        registrar.advance(seconds(100));
        assert!(registrar.carried().is_empty(), "{status}: it has heard enough");
        assert_eq!(state(&registrar), CallState::Established);
    }
}
