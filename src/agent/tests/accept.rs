//! The 200 and its ACK (RFC 3261 §13.3.1.4).

use std::time::Duration;

use super::harness::{World, header};
use super::phone::{ANSWER, OFFER, Phone, accepted, offered, ringing};
use super::transactions::DOUBLING;
use crate::agent::command::{Accept, Cancel, Hangup, NewHeader, NewHeaders, Reject, Ring, Wait};
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::agent::{Action, OnOffer, Refusal, Settings};
use crate::sip::Message;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn sent() -> Accept {
    Accept { wait: Wait::Sent, ..Accept::default() }
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).expect("text")
}

#[test]
fn a_200_is_repeated_doubling_to_t2_until_its_ack_on_every_transport() {
    for mut world in [World::tcp(), World::udp()] {
        offered(&mut world);
        world.ask(Action::Accept(sent()));
        let ok = world.wire();
        let phone = Phone { to_tag: Some(world.call().sip.local_tag.to_string()), ..Phone::new(&world) };
        assert_eq!(world.repeats(seconds(12)), DOUBLING[..5]);
        world.advance(Duration::from_millis(3500));
        assert_eq!(world.wire(), ok, "the same bytes");
        world.deliver(phone.ack(""));
        assert!(world.repeats(seconds(60)).is_empty());
        assert_eq!(world.call().state.name(), "established");
    }
}

#[test]
fn without_an_ack_the_call_is_ended_by_bye_after_64_t1() {
    for mut world in [World::tcp(), World::udp()] {
        let phone = accepted(&mut world);
        assert_eq!(world.repeats(seconds(32) - Duration::from_millis(1)), DOUBLING);
        world.advance(Duration::from_millis(1));
        let bye = world.request();
        assert_eq!(bye.method.as_str(), "BYE");
        let end = world.call().end.clone().expect("an end");
        assert_eq!((end.cause, end.by, end.sip_status), (EndCause::Timeout, EndBy::System, None));
        world.deliver(phone.respond(&bye, 200));
        world.advance(seconds(5));
        world.assert_empty();
    }
}

#[test]
fn accept_is_answered_with_the_ack() {
    let mut world = World::tcp();
    let mut phone = offered(&mut world);
    let ticket = world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.response());
    assert_eq!(world.call().state.name(), "accepted");
    assert!(world.answer(ticket).is_none());
    world.advance(seconds(4));
    assert!(world.answer(ticket).is_none());
    world.deliver(phone.ack(""));
    let call = world.done(ticket);
    assert_eq!(call.state.name(), "established");
    assert_eq!(call.version, 3);
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Accepted, EventKind::Established]);
}

#[test]
fn accept_that_waits_for_the_sending_only_is_answered_at_once() {
    let mut world = World::tcp();
    offered(&mut world);
    let ticket = world.ask(Action::Accept(sent()));
    assert_eq!(world.done(ticket).state.name(), "accepted");
    assert_eq!(world.response().status, 200);
}

#[test]
fn over_a_closed_connection_accept_is_answered_when_a_new_one_has_carried_the_200() {
    let mut world = World::tcp();
    let mut phone = offered(&mut world);
    world.close_flow();
    let ticket = world.ask(Action::Accept(sent()));
    assert!(world.answer(ticket).is_none());
    let ok = world.carried().remove(0);
    world.delivered(&ok.transmit);
    assert_eq!(world.done(ticket).state.name(), "accepted");
    world.reconnect();
    let Message::Response(ok) = &ok.message else { panic!("a request") };
    phone.learn(ok);
    world.deliver(phone.ack(""));
    assert_eq!(world.call().state.name(), "established");
}

#[test]
fn what_reaches_nobody_is_not_said_to_be_done() {
    let actions = [
        Action::Ring(Ring::default()),
        Action::Accept(sent()),
        Action::Reject(Reject::default()),
        Action::Cancel(Cancel::default()),
        Action::Hangup(Hangup::default()),
    ];
    for action in actions {
        let mut world = World::tcp();
        offered(&mut world);
        world.close_flow();
        let ticket = world.ask(action);
        assert!(world.answer(ticket).is_none());
        let lost = world.carried().remove(0);
        world.undelivered(&lost.transmit);
        assert!(matches!(world.refused(ticket), Refusal::SipTimeout(_)));
    }
}

#[test]
fn where_the_200_reaches_nobody_who_waits_for_its_ack_is_told_at_once_and_it_is_repeated_all_the_same() {
    let mut world = World::tcp();
    let mut phone = offered(&mut world);
    world.close_flow();
    let accept = world.ask(Action::Accept(Accept::default()));
    let hangup = world.ask(Action::Hangup(Hangup::default()));
    let lost = world.carried().remove(0);
    world.undelivered(&lost.transmit);
    for ticket in [accept, hangup] {
        let Refusal::SipTimeout(call) = world.refused(ticket) else { panic!("another refusal") };
        assert_eq!(call.state.name(), "accepted");
    }
    let later = world.ask(Action::Hangup(Hangup::default()));
    assert_eq!(world.repeats(seconds(5)), DOUBLING[..3]);
    assert!(matches!(world.refused(later), Refusal::SipTimeout(_)), "nothing was sent yet");
    world.reconnect();
    let Message::Response(ok) = &lost.message else { panic!("a request") };
    phone.learn(ok);
    world.deliver(phone.ack(""));
    assert_eq!(world.request().method.as_str(), "BYE", "the hangup is done all the same");
}

#[test]
fn a_hangup_after_a_200_that_reached_nobody_does_not_claim_that_it_was_sent() {
    for accept in [Accept::default(), sent()] {
        let mut world = World::tcp();
        offered(&mut world);
        world.close_flow();
        world.ask(Action::Accept(accept));
        let lost = world.carried().remove(0);
        world.undelivered(&lost.transmit);
        let hangup = world.ask(Action::Hangup(Hangup::default()));
        world.advance(seconds(5));
        assert!(matches!(world.refused(hangup), Refusal::SipTimeout(_)));
    }
}

#[test]
fn while_the_200_still_looks_for_a_way_who_waits_is_not_told_that_it_was_sent() {
    let mut world = World::tcp();
    offered(&mut world);
    world.close_flow();
    let accept = world.ask(Action::Accept(Accept::default()));
    let first = world.carried().remove(0);
    world.advance(seconds(5));
    assert!(matches!(world.refused(accept), Refusal::SipTimeout(_)));
    world.delivered(&first.transmit);
    let hangup = world.ask(Action::Hangup(Hangup::default()));
    world.advance(seconds(5));
    assert!(matches!(world.refused(hangup), Refusal::AckTimeout(_)));
}

#[test]
fn after_five_seconds_without_an_ack_accept_is_told_so_and_a_late_ack_establishes_the_call() {
    let mut world = World::tcp();
    let mut phone = offered(&mut world);
    let ticket = world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.response());
    world.advance(Duration::from_millis(4999));
    assert!(world.answer(ticket).is_none());
    world.advance(Duration::from_millis(1));
    let Refusal::AckTimeout(call) = world.refused(ticket) else { panic!("not a timeout") };
    assert_eq!(call.state.name(), "accepted");
    world.advance(seconds(20));
    world.deliver(phone.ack(""));
    assert_eq!(world.call().state.name(), "established");
}

#[test]
fn a_second_accept_is_refused_and_sends_nothing() {
    let mut world = World::tcp();
    let phone = accepted(&mut world);
    let second = world.ask(Action::Accept(Accept::default()));
    let Refusal::InvalidState(call) = world.refused(second) else { panic!("not the state") };
    assert_eq!(call.state.name(), "accepted");
    world.deliver(phone.ack(""));
    let third = world.ask(Action::Accept(Accept::default()));
    assert!(matches!(world.refused(third), Refusal::InvalidState(_)));
    assert!(world.wire().is_empty());
}

#[test]
fn an_ack_that_comes_again_is_absorbed() {
    let mut world = World::tcp();
    let phone = accepted(&mut world);
    world.deliver(phone.ack(""));
    world.deliver(phone.ack(""));
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Accepted, EventKind::Established]);
    assert!(world.wire().is_empty());
}

#[test]
fn an_ack_with_another_cseq_is_not_that_of_the_200() {
    let mut world = World::tcp();
    let phone = accepted(&mut world);
    world.deliver(Phone { cseq: 99, ..phone }.ack(""));
    assert_eq!(world.call().state.name(), "accepted");
}

#[test]
fn an_ack_with_the_branch_of_the_invite_is_taken_too() {
    let mut world = World::tcp();
    let phone = accepted(&mut world);
    world.deliver(phone.same("ACK"));
    assert_eq!(world.call().state.name(), "established");
}

#[test]
fn the_clients_answer_and_headers_are_sent_as_they_are() {
    let mut world = World::tcp();
    offered(&mut world);
    let headers = NewHeaders(vec![NewHeader { name: "X-Agent".into(), value: "7".into() }]);
    world.ask(Action::Accept(Accept { sdp: Some(ANSWER.into()), headers, ..Accept::default() }));
    let ok = world.response();
    assert_eq!(ok.body, ANSWER);
    assert_eq!(header(&ok.headers, "X-Agent").as_deref(), Some("7"));
    assert_eq!(world.call().sdp.local.as_deref(), Some(ANSWER));
}

#[test]
fn an_answer_that_does_not_fit_is_refused_and_the_call_can_still_be_accepted() {
    let mut world = World::tcp();
    offered(&mut world);
    let ticket = world.ask(Action::Accept(Accept { sdp: Some("v=1".into()), ..Accept::default() }));
    assert!(matches!(world.refused(ticket), Refusal::InvalidSdp(_)));
    assert!(world.wire().is_empty());
    world.ask(Action::Accept(sent()));
    assert_eq!(world.response().status, 200);
}

#[test]
fn without_a_media_address_the_generated_answer_promises_nothing() {
    let mut world = World::tcp();
    offered(&mut world);
    world.ask(Action::Accept(sent()));
    let answer = text(&world.response().body);
    assert!(answer.contains("a=inactive"), "{answer}");
}

#[test]
fn with_a_media_address_the_generated_answer_names_it() {
    let media = Some(("192.0.2.77".parse().expect("an address"), 40_000));
    let mut world = World::with(Settings { media, ..Settings::default() });
    offered(&mut world);
    world.ask(Action::Accept(sent()));
    let answer = text(&world.response().body);
    assert!(answer.contains("c=IN IP4 192.0.2.77") && answer.contains("m=audio 40000 RTP/AVP 8 101"));
    assert!(!answer.contains("a=inactive"), "{answer}");
}

#[test]
fn the_answer_given_when_ringing_is_the_answer_of_the_200() {
    let mut world = World::tcp();
    offered(&mut world);
    world.ask(Action::Ring(Ring { sdp: Some(ANSWER.into()), ..Ring::default() }));
    world.wire();
    let other = Some(ANSWER.replace("30000", "30002"));
    let ticket = world.ask(Action::Accept(Accept { sdp: other, ..Accept::default() }));
    assert!(matches!(world.refused(ticket), Refusal::InvalidSdp(_)));
    world.ask(Action::Accept(sent()));
    assert_eq!(world.response().body, ANSWER);
}

#[test]
fn an_invite_without_an_offer_gets_one_in_the_200_and_answers_it_in_the_ack() {
    let mut world = World::tcp();
    let mut phone = Phone::new(&world);
    world.deliver(phone.same("INVITE"));
    world.wire();
    assert_eq!(world.call().sdp.remote, None);
    world.ask(Action::Accept(Accept::default()));
    let ok = world.response();
    assert!(text(&ok.body).contains("m=audio "));
    phone.learn(&ok);
    world.deliver(phone.ack(OFFER));
    let call = world.call();
    assert_eq!((call.state.name(), call.sdp.remote.as_deref()), ("established", Some(OFFER)));
    assert!(world.events.last().is_some_and(|event| event.renegotiated));
}

#[test]
fn without_a_common_codec_the_call_is_refused_488_and_accept_is_told() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.invite().replace("RTP/AVP 8 101", "RTP/AVP 97 98"));
    world.wire();
    let ticket = world.ask(Action::Accept(Accept::default()));
    let Refusal::NoCommonCodec(call) = world.refused(ticket) else { panic!("another refusal") };
    let end = call.end.clone().expect("an end");
    assert_eq!((end.cause, end.by, end.sip_status), (EndCause::Failed, EndBy::System, Some(488)));
    assert_eq!(world.statuses(), ["488 INVITE"]);
    world.deliver(phone.same("ACK"));
    world.assert_empty();
}

#[test]
fn the_policy_accept_answers_before_anybody_is_asked() {
    let mut world = World::with(Settings { on_offer: OnOffer::Accept, ..Settings::default() });
    let mut phone = Phone::new(&world);
    world.deliver(phone.invite());
    let responses = world.responses();
    assert_eq!(responses.iter().map(|response| response.status).collect::<Vec<_>>(), [100, 200]);
    phone.learn(&responses[1]);
    world.deliver(phone.ack(""));
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Accepted, EventKind::Established]);
}

#[test]
fn a_bye_instead_of_the_ack_ends_the_call_and_tells_who_waits() {
    let mut world = World::tcp();
    let mut phone = ringing(&mut world);
    let ticket = world.ask(Action::Accept(Accept::default()));
    world.wire();
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    let Refusal::CallEnded(call) = world.refused(ticket) else { panic!("another refusal") };
    assert_eq!(call.end.as_ref().map(|end| (end.cause, end.by)), Some((EndCause::Hangup, EndBy::Remote)));
    world.advance(seconds(32));
    assert!(world.wire().is_empty(), "the 200 is not repeated any more");
    world.assert_empty();
}
