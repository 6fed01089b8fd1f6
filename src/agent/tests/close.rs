//! The end of an answered call (RFC 3261 §15), from either side.

use std::time::Duration;

use super::harness::{World, header};
use super::phone::{Phone, accepted, established, offered};
use crate::agent::command::{Accept, Hangup, NewHeader, NewHeaders};
use crate::agent::event::{EndBy, EndCause, EventKind, Reason};
use crate::agent::{Action, Refusal};

fn hang_up(world: &mut World) -> crate::agent::Ticket {
    world.ask(Action::Hangup(Hangup::default()))
}

const HERE: (EndCause, EndBy, Option<u16>) = (EndCause::Hangup, EndBy::Api, None);
const THERE: (EndCause, EndBy, Option<u16>) = (EndCause::Hangup, EndBy::Remote, None);

#[test]
fn a_bye_from_the_peer_is_answered_and_ends_the_call_with_its_reason() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("BYE", "Reason: Q.850;cause=16;text=\"Normal\", SIP;cause=200\r\n", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    assert_eq!(world.end(), THERE);
    let end = world.call().end.clone().expect("an end");
    assert_eq!(end.reason.as_deref(), Some("Q.850;cause=16;text=\"Normal\", SIP;cause=200"));
    let causes: Vec<_> = end.reasons.iter().map(|reason| (&*reason.protocol, reason.cause)).collect();
    assert_eq!(causes, [("Q.850", Some(16)), ("SIP", Some(200))]);
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn of_many_reasons_the_first_are_shown() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    let many = format!("Reason: SIP\r\nReason: {}\r\n", vec!["Q.850;cause=16"; 1000].join(","));
    world.deliver(phone.next("BYE", &many, ""));
    let end = world.call().end.clone().expect("an end");
    assert_eq!(end.reasons.len(), 16);
    assert_eq!(end.reason.as_deref(), Some("SIP"));
}

#[test]
fn a_hangup_sends_bye_with_reason_and_headers_and_is_answered_at_once() {
    let mut world = World::tcp();
    established(&mut world);
    let text = Some("say \"bye\" \\ now".to_owned());
    let reason = Some(Reason { protocol: "SIP".into(), cause: Some(200), text });
    let headers = NewHeaders(vec![NewHeader { name: "X-Why".into(), value: "done".into() }]);
    let ticket = world.ask(Action::Hangup(Hangup { reason, headers }));
    assert_eq!(world.done(ticket).state.name(), "ended");
    let bye = world.request();
    assert_eq!(bye.method.as_str(), "BYE");
    let value = header(&bye.headers, "Reason");
    assert_eq!(value.as_deref(), Some(r#"SIP;cause=200;text="say \"bye\" \\ now""#));
    assert_eq!(header(&bye.headers, "X-Why").as_deref(), Some("done"));
    assert_eq!(world.end(), HERE);
}

#[test]
fn a_reason_that_is_not_one_is_refused() {
    let mut world = World::tcp();
    established(&mut world);
    let reason = |protocol: &str, text: Option<&str>| Hangup {
        reason: Some(Reason { protocol: protocol.into(), cause: None, text: text.map(str::to_owned) }),
        headers: Default::default(),
    };
    for hangup in [reason("", None), reason("S IP", None), reason("SIP", Some("a\r\nb"))] {
        let ticket = world.ask(Action::Hangup(hangup));
        assert!(matches!(world.refused(ticket), Refusal::InvalidField { .. }));
    }
    assert!(world.wire().is_empty());
    assert_eq!(world.call().state.name(), "established");
}

#[test]
fn byes_that_cross_are_both_answered_and_the_call_ends_once() {
    for mut world in [World::tcp(), World::udp()] {
        let mut phone = established(&mut world);
        let ticket = hang_up(&mut world);
        world.done(ticket);
        let ours = world.request();
        world.deliver(phone.next("BYE", "", ""));
        assert_eq!(world.statuses(), ["200 BYE"]);
        world.deliver(phone.respond(&ours, 481));
        assert_eq!(world.told(), [EventKind::Ended]);
        assert_eq!(world.end(), HERE);
        world.advance(Duration::from_secs(32));
        world.assert_empty();
    }
}

#[test]
fn a_bye_that_comes_again_over_udp_gets_the_same_answer() {
    let mut world = World::udp();
    let mut phone = established(&mut world);
    let bye = phone.next("BYE", "", "");
    world.deliver(&bye);
    let answer = world.wire();
    world.deliver(&bye);
    assert_eq!(world.wire(), answer);
    assert_eq!(world.told(), [EventKind::Ended]);
}

#[test]
fn a_new_bye_for_an_ended_call_gets_481() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("BYE", "", ""));
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE", "481 BYE"]);
}

#[test]
fn a_hangup_before_the_ack_waits_for_it() {
    let mut world = World::tcp();
    let mut phone = offered(&mut world);
    let accept = world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.response());
    let (first, second) = (hang_up(&mut world), hang_up(&mut world));
    assert!(world.wire().is_empty(), "a BYE must not come before the ACK (§15)");
    assert!(world.answer(first).is_none());
    world.deliver(phone.ack(""));
    assert_eq!(world.request().method.as_str(), "BYE");
    assert_eq!(world.done(accept).state.name(), "established");
    assert_eq!(world.done(first).state.name(), "ended");
    assert_eq!(world.done(second).state.name(), "ended");
    let told = [EventKind::Offered, EventKind::Accepted, EventKind::Established, EventKind::Ended];
    assert_eq!(world.told(), told);
    assert_eq!(world.end(), HERE);
}

#[test]
fn a_hangup_whose_ack_is_late_is_told_so_and_done_all_the_same() {
    let mut world = World::tcp();
    let phone = accepted(&mut world);
    let ticket = hang_up(&mut world);
    world.advance(Duration::from_secs(5));
    assert!(matches!(world.refused(ticket), Refusal::AckTimeout(_)));
    world.wire();
    world.deliver(phone.ack(""));
    assert_eq!(world.request().method.as_str(), "BYE");
}

#[test]
fn each_command_that_waits_for_the_ack_has_its_own_five_seconds() {
    let mut world = World::tcp();
    offered(&mut world);
    let accept = world.ask(Action::Accept(Accept::default()));
    world.advance(Duration::from_secs(2));
    let hangup = hang_up(&mut world);
    world.advance(Duration::from_secs(3));
    assert!(matches!(world.refused(accept), Refusal::AckTimeout(_)));
    assert!(world.answer(hangup).is_none());
    world.advance(Duration::from_secs(2));
    assert!(matches!(world.refused(hangup), Refusal::AckTimeout(_)));
}

#[test]
fn a_hangup_whose_ack_never_comes_gives_its_reason_to_the_bye() {
    let mut world = World::tcp();
    accepted(&mut world);
    let reason = Some(Reason { protocol: "Q.850".into(), cause: Some(31), text: None });
    world.ask(Action::Hangup(Hangup { reason, headers: Default::default() }));
    world.advance(Duration::from_millis(31_999));
    world.wire();
    world.advance(Duration::from_millis(1));
    assert_eq!(header(&world.request().headers, "Reason").as_deref(), Some("Q.850;cause=31"));
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::System, None));
}

#[test]
fn seventeen_commands_that_wait_for_one_ack_are_one_too_many() {
    let mut world = World::tcp();
    accepted(&mut world);
    for _ in 1..16 {
        let ticket = hang_up(&mut world);
        assert!(world.answer(ticket).is_none());
    }
    let ticket = hang_up(&mut world);
    assert!(matches!(world.refused(ticket), Refusal::Overloaded));
}

#[test]
fn a_second_hangup_is_told_that_the_call_has_ended() {
    let mut world = World::tcp();
    established(&mut world);
    hang_up(&mut world);
    world.wire();
    let ticket = hang_up(&mut world);
    let Refusal::CallEnded(call) = world.refused(ticket) else { panic!("another refusal") };
    assert!(call.end.is_some());
    assert!(world.wire().is_empty());
}

#[test]
fn a_hangup_over_a_closed_connection_is_answered_when_the_bye_is() {
    let mut world = World::tcp();
    let phone = established(&mut world);
    world.close_flow();
    let ticket = hang_up(&mut world);
    world.reach();
    assert!(world.answer(ticket).is_none());
    let bye = world.request();
    world.deliver(phone.respond(&bye, 200));
    assert_eq!(world.done(ticket).state.name(), "ended");
    assert_eq!(world.end(), HERE);
}

#[test]
fn a_hangup_over_a_new_connection_is_answered_when_that_has_carried_the_bye() {
    let mut world = World::tcp();
    established(&mut world);
    world.close_flow();
    let ticket = hang_up(&mut world);
    world.reach();
    let bye = world.carried().remove(0);
    assert!(world.answer(ticket).is_none());
    world.delivered(&bye.transmit);
    assert_eq!(world.done(ticket).state.name(), "ended");
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn a_hangup_over_a_closed_connection_that_stays_closed_times_out_and_the_call_has_ended() {
    let mut world = World::tcp();
    established(&mut world);
    world.close_flow();
    let ticket = hang_up(&mut world);
    world.reach_in_vain();
    let Refusal::SipTimeout(call) = world.refused(ticket) else { panic!("another refusal") };
    assert_eq!(call.state.name(), "ended");
    assert_eq!(world.told(), [EventKind::Ended]);
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn a_lost_connection_ends_no_call() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.close_flow();
    assert!(world.told().is_empty());
    world.advance(Duration::from_secs(600));
    world.reconnect();
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    assert_eq!(world.end(), THERE);
}

#[test]
fn other_requests_of_a_dialog_that_we_have_left_get_481() {
    let mut world = World::tcp();
    let mut phone: Phone = established(&mut world);
    hang_up(&mut world);
    world.wire();
    for method in ["INVITE", "UPDATE", "INFO"] {
        world.deliver(phone.next(method, "", super::phone::OFFER));
        assert_eq!(world.statuses(), [format!("481 {method}")]);
    }
    assert_eq!(world.told(), [EventKind::Ended]);
}
