//! The other ends before the answer: rejected, given up here, timed out, drained (RFC 3261 §13.3.1).

use std::time::Duration;

use super::harness::{World, header};
use super::phone::{OFFER, Phone, offered, ringing};
use crate::agent::command::{Cancel, Hangup, NewHeader, NewHeaders, Reject};
use crate::agent::event::{EndBy, EndCause, EventKind, Reason};
use crate::agent::{Action, OnOffer, Refusal, Settings};
use crate::sip::Name;

/// How the call ended: cause, by, status.
fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_reject_sends_its_status_phrase_and_headers_and_ends_the_call() {
    let mut world = World::tcp();
    let phone = ringing(&mut world);
    let headers = NewHeaders(vec![NewHeader { name: "Retry-After".into(), value: "60".into() }]);
    let reject = Reject { status: 480, reason: Some("At lunch".into()), headers, ..Reject::default() };
    let ticket = world.ask(Action::Reject(reject));
    let answer = world.done(ticket);
    let refusal = world.response();
    assert_eq!((refusal.status, &*refusal.reason_phrase), (480, "At lunch"));
    assert_eq!(header(&refusal.headers, "Retry-After").as_deref(), Some("60"));
    assert_eq!(refusal.to.tag().map(|tag| &**tag), phone.to_tag.as_deref());
    assert_eq!(answer.state.name(), "ended");
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Api, Some(480)));
    world.deliver(phone.clone_before_the_answer().same("ACK"));
    world.assert_empty();
}

#[test]
fn a_reject_without_a_status_is_486() {
    let mut world = World::tcp();
    offered(&mut world);
    world.ask(Action::Reject(Reject::default()));
    let refusal = world.response();
    assert_eq!((refusal.status, &*refusal.reason_phrase), (486, "Busy Here"));
}

#[test]
fn a_redirection_names_its_contacts_in_order() {
    let mut world = World::tcp();
    offered(&mut world);
    let contacts = vec!["sip:a@b.example;transport=tcp".to_owned(), "tel:+4930123".to_owned()];
    world.ask(Action::Reject(Reject { status: 302, contacts, ..Reject::default() }));
    let refusal = world.response();
    let contacts: Vec<_> = refusal.headers.all(Name::Contact).map(|contact| contact.text()).collect();
    assert_eq!(contacts, ["<sip:a@b.example;transport=tcp>", "<tel:+4930123>"]);
}

#[test]
fn what_a_reject_may_not_be_is_refused_and_the_call_goes_on() {
    let contacts =
        |status, contact: &str| Reject { status, contacts: vec![contact.to_owned()], ..Reject::default() };
    let status = |status| Reject { status, ..Reject::default() };
    let bad = [
        status(200),
        status(299),
        status(700),
        status(0),
        contacts(486, "sip:a@b"),
        contacts(302, "no uri"),
        contacts(302, "sip:a@b>\r\nX: y"),
        Reject { contacts: vec!["sip:a@b".to_owned(); 17], ..status(302) },
        Reject { reason: Some("a\r\nX: y".into()), ..Reject::default() },
        Reject { reason: Some("x".repeat(257)), ..Reject::default() },
    ];
    let mut world = World::tcp();
    offered(&mut world);
    for reject in bad {
        let shown = format!("{reject:?}");
        let ticket = world.ask(Action::Reject(reject));
        assert!(matches!(world.refused(ticket), Refusal::InvalidField { .. }), "{shown}");
    }
    assert!(world.wire().is_empty());
    assert_eq!(world.told(), [EventKind::Offered]);
}

#[test]
fn a_cancel_by_a_client_is_a_487_or_the_status_it_says() {
    for (cancel, status) in [(Cancel::default(), 487), (Cancel { status: 603 }, 603)] {
        let mut world = World::tcp();
        ringing(&mut world);
        let ticket = world.ask(Action::Cancel(cancel));
        world.done(ticket);
        assert_eq!(world.response().status, status);
        assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, Some(status)));
    }
}

#[test]
fn a_cancel_by_a_client_is_no_redirection_and_comes_before_the_answer() {
    let mut world = World::tcp();
    offered(&mut world);
    let ticket = world.ask(Action::Cancel(Cancel { status: 302 }));
    assert!(matches!(world.refused(ticket), Refusal::InvalidField { field: "status", .. }));
    world.ask(Action::Accept(Default::default()));
    let ticket = world.ask(Action::Cancel(Cancel::default()));
    assert!(matches!(world.refused(ticket), Refusal::InvalidState(_)));
}

#[test]
fn a_hangup_before_the_answer_is_a_487_with_its_reason() {
    let mut world = World::tcp();
    ringing(&mut world);
    let reason = Reason { protocol: "Q.850".into(), cause: Some(21), text: None };
    let ticket = world.ask(Action::Hangup(Hangup { reason: Some(reason), headers: Default::default() }));
    world.done(ticket);
    let refusal = world.response();
    assert_eq!(refusal.status, 487);
    assert_eq!(header(&refusal.headers, "Reason").as_deref(), Some("Q.850;cause=21"));
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, Some(487)));
}

#[test]
fn a_call_that_nobody_answers_gets_480_in_the_time_of_the_setting() {
    let mut world = World::with(Settings { ring_timeout: seconds(20), ..Settings::default() });
    ringing(&mut world);
    assert_eq!(world.repeats(seconds(19)), []);
    assert_eq!(world.repeats(seconds(1)), [1000]);
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::Policy, Some(480)));
    world.advance(seconds(32));
    world.assert_empty();
}

#[test]
fn an_invite_that_expires_gets_487() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.request("INVITE", "Expires: 7\r\n", OFFER));
    world.wire();
    world.advance(Duration::from_millis(6999));
    assert!(world.wire().is_empty());
    world.advance(Duration::from_millis(1));
    assert_eq!(world.statuses(), ["487 INVITE"]);
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::System, Some(487)));
}

#[test]
fn an_answered_call_does_not_expire() {
    let mut world = World::with(Settings { ring_timeout: seconds(20), ..Settings::default() });
    let mut phone = Phone::new(&world);
    world.deliver(phone.request("INVITE", "Expires: 7\r\n", OFFER));
    world.ask(Action::Accept(Default::default()));
    phone.learn(&world.responses()[1]);
    world.deliver(phone.ack(""));
    world.advance(seconds(60));
    assert_eq!(world.call().state.name(), "established");
}

#[test]
fn a_drain_sends_the_unanswered_elsewhere_and_leaves_the_answered() {
    let mut world = World::tcp();
    let answered = super::phone::established(&mut world);
    let waiting = Phone::numbered(&world, 2);
    world.deliver(waiting.invite());
    world.wire();
    world.agent.handle_drain(world.now);
    world.drain();
    let refusal = world.response();
    assert_eq!((refusal.status, &*refusal.call_id), (503, "call-2"));
    assert_eq!(header(&refusal.headers, "Retry-After").as_deref(), Some("5"));
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::System, Some(503)));
    assert!(!world.agent.is_idle());
    world.deliver(Phone { cseq: 101, branch: "z9hG4bK-bye".into(), ..answered }.same("BYE"));
    assert_eq!(world.statuses(), ["200 BYE"]);
    assert!(world.agent.is_idle());
}

#[test]
fn when_the_time_of_a_drain_is_over_every_call_is_ended() {
    let mut world = World::tcp();
    super::phone::established(&mut world);
    let waiting = Phone::numbered(&world, 2);
    world.deliver(waiting.invite());
    world.forget();
    world.agent.handle_drain_over(world.now);
    world.drain();
    assert_eq!(world.statuses(), ["BYE", "503 INVITE"]);
    assert_eq!(world.told(), [EventKind::Ended, EventKind::Ended]);
    world.advance(seconds(32));
    world.assert_empty();
}

#[test]
fn the_policy_reject_rejects_before_anybody_is_asked() {
    let mut world = World::with(Settings { on_offer: OnOffer::Reject, ..Settings::default() });
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    assert_eq!(world.statuses(), ["100 INVITE", "486 INVITE"]);
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Ended]);
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Policy, Some(486)));
    world.deliver(phone.same("ACK"));
    world.assert_empty();
}
