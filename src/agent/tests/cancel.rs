//! The caller gives up before the answer: CANCEL (RFC 3261 §9.2), and BYE on the early dialog (§15.1.2).

use std::time::Duration;

use super::harness::World;
use super::phone::{Phone, accepted, established, offered, ringing};
use crate::agent::command::Reject;
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::agent::{Action, Refusal};

#[test]
fn the_flow_it_exists_for_rings_and_is_cancelled_by_the_caller() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    assert_eq!(world.statuses(), ["100 INVITE"]);
    let ring = world.ask(Action::Ring(Default::default()));
    assert_eq!(world.done(ring).state.name(), "ringing");
    let ringing = world.responses().remove(0);
    world.deliver(phone.request("CANCEL", "Reason: SIP;cause=487;text=\"ORIGINATOR_CANCEL\"\r\n", ""));
    let responses = world.responses();
    assert_eq!(responses.iter().map(|response| response.status).collect::<Vec<_>>(), [200, 487]);
    assert_eq!(responses[0].cseq.method.as_str(), "CANCEL");
    assert_eq!(responses[1].to.tag(), ringing.to.tag(), "one To tag in every response");
    world.deliver(phone.same("ACK"));
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Ringing, EventKind::Ended]);
    let end = world.call().end.clone().expect("an end");
    assert_eq!((end.cause, end.by, end.sip_status), (EndCause::Cancelled, EndBy::Remote, Some(487)));
    assert_eq!(end.reason.as_deref(), Some("SIP;cause=487;text=\"ORIGINATOR_CANCEL\""));
    assert_eq!((&*end.reasons[0].protocol, end.reasons[0].cause), ("SIP", Some(487)));
    assert_eq!(end.reasons[0].text.as_deref(), Some("ORIGINATOR_CANCEL"));
    world.assert_empty();
}

#[test]
fn a_cancel_that_comes_at_once_ends_a_call_that_was_only_offered() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.deliver(phone.same("CANCEL"));
    assert_eq!(world.statuses(), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Ended]);
    world.deliver(phone.same("ACK"));
    world.assert_empty();
}

#[test]
fn a_cancel_after_the_200_is_answered_and_changes_nothing() {
    let mut world = World::tcp();
    let phone = accepted(&mut world);
    world.deliver(phone.clone_before_the_answer().same("CANCEL"));
    let ok = world.response();
    assert_eq!((ok.status, ok.cseq.method.as_str()), (200, "CANCEL"));
    assert_eq!(ok.to.tag().map(|tag| &**tag), phone.to_tag.as_deref(), "the tag of the 200");
    world.deliver(phone.ack(""));
    assert_eq!(world.call().state.name(), "established");
    world.deliver(phone.clone_before_the_answer().same("CANCEL"));
    assert_eq!(world.statuses(), ["200 CANCEL"]);
}

#[test]
fn a_cancel_that_crosses_a_refusal_is_answered_with_the_refusals_tag() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.ask(Action::Reject(Reject::default()));
    let refusal = world.response();
    world.deliver(phone.same("CANCEL"));
    let ok = world.response();
    assert_eq!((ok.status, ok.to.tag()), (200, refusal.to.tag()));
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Ended]);
}

#[test]
fn a_cancel_of_an_invite_that_made_no_call_has_the_tag_of_its_refusal() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.request("INVITE", "Require: foo\r\n", super::phone::OFFER));
    let refusal = world.response();
    world.deliver(phone.same("CANCEL"));
    let ok = world.response();
    assert_eq!((refusal.status, ok.status, ok.to.tag()), (420, 200, refusal.to.tag()));
}

#[test]
fn a_cancel_for_nothing_known_gets_481() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.same("CANCEL"));
    assert_eq!(world.statuses(), ["481 CANCEL"]);
    let phone = offered(&mut world);
    world.deliver(phone.same("CANCEL"));
    world.deliver(phone.same("ACK"));
    world.wire();
    world.deliver(phone.same("CANCEL"));
    assert_eq!(world.statuses(), ["481 CANCEL"], "the INVITE is over");
}

#[test]
fn a_cancel_that_comes_twice_ends_the_call_once() {
    for mut world in [World::tcp(), World::udp()] {
        let phone = ringing(&mut world).clone_before_the_answer();
        world.deliver(phone.same("CANCEL"));
        assert_eq!(world.statuses(), ["200 CANCEL", "487 INVITE"]);
        world.deliver(phone.same("CANCEL"));
        assert_eq!(world.statuses(), ["200 CANCEL"]);
        world.deliver(phone.same("ACK"));
        assert_eq!(world.told(), [EventKind::Offered, EventKind::Ringing, EventKind::Ended]);
        world.advance(Duration::from_secs(32));
        world.assert_empty();
    }
}

#[test]
fn a_cancel_with_an_extension_required_is_served_all_the_same() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.deliver(phone.request("CANCEL", "Require: foo\r\n", ""));
    assert_eq!(world.statuses(), ["200 CANCEL", "487 INVITE"]);
}

#[test]
fn a_command_after_the_cancel_is_told_of_it() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    let id = world.call().id;
    world.deliver(phone.same("CANCEL"));
    world.wire();
    let accept = world.command(id, Action::Accept(Default::default()));
    assert!(matches!(world.refused(accept), Refusal::NotFound | Refusal::CallEnded(_)));
    assert!(world.wire().is_empty());
}

#[test]
fn a_487_that_is_not_acknowledged_leaves_nothing() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.deliver(phone.same("CANCEL"));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn a_bye_on_the_early_dialog_ends_the_invite_with_487() {
    let mut world = World::tcp();
    let invite = ringing(&mut world);
    let mut phone = invite.clone();
    world.deliver(phone.next("BYE", "Reason: Q.850;cause=16\r\n", ""));
    assert_eq!(world.statuses(), ["200 BYE", "487 INVITE"]);
    let end = world.call().end.clone().expect("an end");
    assert_eq!((end.cause, end.by, end.sip_status), (EndCause::Cancelled, EndBy::Remote, Some(487)));
    assert_eq!((&*end.reasons[0].protocol, end.reasons[0].cause), ("Q.850", Some(16)));
    world.deliver(invite.clone_before_the_answer().same("ACK"));
    world.assert_empty();
}

#[test]
fn a_cancel_of_a_reinvite_that_is_answered_changes_nothing() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    let invite = phone.next("INVITE", "", super::phone::OFFER);
    world.deliver(invite);
    world.deliver(phone.same("CANCEL"));
    assert_eq!(world.statuses(), ["200 INVITE", "200 CANCEL"]);
    assert_eq!(world.call().state.name(), "established");
}
