//! Calls of ours that are given up before their answer, and the races with it (RFC 3261 §9.1).

use std::time::Duration;

use super::callee::{Callee, called, called_with, cancel, order, rings};
use super::harness::{World, header};
use crate::agent::command::{Hangup, NewHeader, NewHeaders, Originate};
use crate::agent::event::{EndBy, EndCause, EventKind, Reason};
use crate::agent::{Action, Refusal, Ticket};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn hang_up(world: &mut World) -> Ticket {
    world.ask(Action::Hangup(Hangup::default()))
}

#[test]
fn before_anything_was_sent_a_call_ends_at_once() {
    for give_up in [cancel, hang_up] {
        let mut world = World::tcp();
        world.originate(order());
        let ticket = give_up(&mut world);
        assert_eq!(world.done(ticket).state.name(), "ended");
        assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
        world.assert_empty();
        world.reach();
        assert!(world.wire().is_empty(), "the way comes too late");
        world.assert_empty();
    }
}

#[test]
fn a_ringing_call_is_cancelled_and_the_command_answered_with_its_487() {
    for give_up in [cancel, hang_up] {
        for mut world in [World::tcp(), World::udp()] {
            let callee = rings(&mut world);
            let ticket = give_up(&mut world);
            let request = world.request();
            let Callee { invite, .. } = &callee;
            assert_eq!((request.method.as_str(), request.uri.as_str()), ("CANCEL", invite.uri.as_str()));
            assert_eq!(request.via.raw, invite.via.raw, "the INVITE's Via");
            assert_eq!((request.cseq, &request.call_id), (invite.cseq, &invite.call_id));
            assert!(request.to.tag().is_none() && request.from.tag() == invite.from.tag());
            assert!(request.contact.is_none() && request.body.is_empty());
            world.deliver(callee.responds(&request, 200));
            assert!(world.answer(ticket).is_none(), "not before the INVITE's final response");
            assert_eq!(world.call().state.name(), "ringing");
            world.deliver(callee.says(487));
            assert_eq!(world.statuses(), ["ACK"]);
            assert_eq!(world.done(ticket).state.name(), "ended");
            assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, Some(487)));
            world.advance(seconds(32));
            world.assert_empty();
        }
    }
}

#[test]
fn a_cancel_is_held_back_until_the_peer_has_said_anything() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let ticket = cancel(&mut world);
    assert!(world.wire().is_empty() && world.answer(ticket).is_none());
    assert_eq!(world.call().state.name(), "dialing");
    world.advance(seconds(1));
    world.deliver(callee.says(100));
    assert_eq!(world.statuses(), ["CANCEL"]);
    world.deliver(callee.says(180));
    assert!(world.wire().is_empty(), "once");
    assert_eq!(world.told(), [EventKind::Dialing], "who has given up does not hear it ring");
    world.deliver(callee.says(487));
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, Some(487)));
    world.advance(seconds(32));
    world.assert_empty();
}

#[test]
fn a_call_that_is_given_up_and_never_hears_anything_ends_with_timer_b() {
    for mut world in [World::tcp(), World::udp()] {
        called(&mut world);
        let ticket = cancel(&mut world);
        world.advance(seconds(32));
        assert!(
            world
                .sent()
                .iter()
                .all(|sent| matches!(sent, crate::sip::Message::Request(r) if r.method.as_str() == "INVITE"))
        );
        world.done(ticket);
        assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
        world.assert_empty();
    }
}

#[test]
fn without_a_final_response_a_cancelled_call_ends_after_64_t1() {
    let mut world = World::udp();
    rings(&mut world);
    world.advance(seconds(5));
    let ticket = cancel(&mut world);
    world.advance(seconds(32) - Duration::from_millis(1));
    assert!(world.answer(ticket).is_none());
    world.advance(Duration::from_millis(1));
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
    world.assert_empty();
}

#[test]
fn a_call_that_is_answered_in_spite_of_its_cancel_is_hung_up() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    let (first, second) = (cancel(&mut world), hang_up(&mut world));
    world.wire();
    world.deliver(callee.answers());
    assert_eq!(world.statuses(), ["ACK", "BYE"]);
    let told = [
        EventKind::Dialing,
        EventKind::Ringing,
        EventKind::Accepted,
        EventKind::Established,
        EventKind::Ended,
    ];
    assert_eq!(world.told(), told);
    for ticket in [first, second] {
        assert_eq!(world.done(ticket).state.name(), "ended");
    }
    assert_eq!(world.end(), (EndCause::Hangup, EndBy::Api, None));
    world.advance(seconds(32));
    world.assert_empty();
}

#[test]
fn a_call_that_is_answered_before_its_cancel_could_be_sent_is_hung_up() {
    let mut world = World::udp();
    let callee = called(&mut world);
    let ticket = cancel(&mut world);
    world.deliver(callee.answers());
    assert_eq!(world.statuses(), ["ACK", "BYE"]);
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Hangup, EndBy::Api, None));
}

#[test]
fn a_refusal_that_crosses_the_cancel_is_the_peers() {
    for status in [302, 404, 480, 486, 600, 603] {
        let mut world = World::tcp();
        let callee = rings(&mut world);
        let ticket = cancel(&mut world);
        world.deliver(callee.says(status));
        world.done(ticket);
        assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(status)));
        world.advance(seconds(32));
        world.assert_empty();
    }
}

#[test]
fn a_487_without_a_cancel_is_the_peers_refusal() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    world.deliver(callee.says(487));
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(487)));
}

#[test]
fn a_cancel_that_is_answered_481_waits_for_the_invites_own_response() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    let ticket = cancel(&mut world);
    let request = world.request();
    world.deliver(callee.responds(&request, 481));
    assert!(world.call().end.is_none());
    world.advance(seconds(32));
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
    world.assert_empty();
}

#[test]
fn a_hangup_gives_its_reason_and_headers_to_the_cancel_or_to_the_bye() {
    let hangup = || Hangup {
        reason: Some(Reason { protocol: "SIP".into(), cause: Some(200), text: Some("elsewhere".into()) }),
        headers: NewHeaders(vec![NewHeader { name: "X-Why".into(), value: "done".into() }]),
    };
    let mut world = World::tcp();
    let callee = rings(&mut world);
    world.ask(Action::Hangup(hangup()));
    let cancel = world.request();
    world.deliver(callee.answers());
    let crate::sip::Message::Request(bye) = world.sent().remove(1) else { panic!("a BYE") };
    for request in [&cancel, &*bye] {
        assert_eq!(header(&request.headers, "Reason").as_deref(), Some("SIP;cause=200;text=\"elsewhere\""));
        assert_eq!(header(&request.headers, "X-Why").as_deref(), Some("done"));
    }
}

#[test]
fn a_hangup_that_is_not_one_changes_nothing() {
    let mut world = World::tcp();
    rings(&mut world);
    let reason = Some(Reason { protocol: "S IP".into(), cause: None, text: None });
    let ticket = world.ask(Action::Hangup(Hangup { reason, headers: Default::default() }));
    assert!(matches!(world.refused(ticket), Refusal::InvalidField { .. }));
    assert!(world.wire().is_empty());
}

#[test]
fn sixteen_commands_may_wait_for_one_end() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    let tickets: Vec<_> = (0..16).map(|_| cancel(&mut world)).collect();
    assert_eq!(world.statuses(), ["CANCEL"]);
    let one_more = cancel(&mut world);
    assert!(matches!(world.refused(one_more), Refusal::Overloaded));
    world.deliver(callee.says(487));
    for ticket in tickets {
        world.done(ticket);
    }
    let late = cancel(&mut world);
    assert!(matches!(world.refused(late), Refusal::NotFound));
}

#[test]
fn a_call_that_nobody_answers_in_its_time_is_cancelled_by_policy() {
    let mut world = World::tcp();
    let callee = called_with(&mut world, Originate { timeout_seconds: Some(20), ..order() });
    world.deliver(callee.says(180));
    world.advance(seconds(20) - Duration::from_millis(1));
    assert!(world.wire().is_empty());
    world.advance(Duration::from_millis(1));
    assert_eq!(world.statuses(), ["CANCEL"]);
    world.deliver(callee.says(487));
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::Policy, Some(487)));
    world.advance(seconds(32));
    world.assert_empty();
}

#[test]
fn a_call_whose_time_is_over_before_a_way_is_found_ends_at_once() {
    let mut world = World::tcp();
    world.originate(Originate { timeout_seconds: Some(2), ..order() });
    world.advance(seconds(2));
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::Policy, None));
    world.assert_empty();
}

#[test]
fn an_answer_that_crosses_the_end_of_its_time_is_hung_up_by_policy() {
    let mut world = World::tcp();
    let callee = called_with(&mut world, Originate { timeout_seconds: Some(2), ..order() });
    world.deliver(callee.says(180));
    world.advance(seconds(2));
    let ticket = cancel(&mut world);
    world.wire();
    world.deliver(callee.answers());
    assert_eq!(world.statuses(), ["ACK", "BYE"]);
    world.done(ticket);
    assert_eq!(world.end(), (EndCause::Hangup, EndBy::Policy, None));
}

#[test]
fn the_time_for_an_answer_does_not_run_on_once_there_is_one_or_it_was_given_up() {
    let mut world = World::tcp();
    let callee = called_with(&mut world, Originate { timeout_seconds: Some(2), ..order() });
    world.deliver(callee.answers());
    world.wire();
    world.advance(seconds(100));
    assert_eq!(world.call().state.name(), "established");
    assert!(world.wire().is_empty());
    let mut world = World::tcp();
    let callee = called_with(&mut world, Originate { timeout_seconds: Some(2), ..order() });
    world.deliver(callee.says(180));
    cancel(&mut world);
    world.advance(seconds(10));
    assert_eq!(world.statuses(), ["CANCEL"]);
    world.deliver(callee.says(487));
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, Some(487)));
}
