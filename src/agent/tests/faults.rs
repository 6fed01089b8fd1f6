//! Faults that other stacks have shown: a test each, named after the fault.

use std::time::Duration;

use super::harness::World;
use super::phone::{Phone, established, offered, ringing};
use crate::agent::command::{Accept, Wait};
use crate::agent::event::EventKind;
use crate::agent::{Action, Refusal};

#[test]
fn accepting_over_a_dropped_connection_leaks_no_dialog_and_is_not_called_established() {
    let mut world = World::tcp();
    offered(&mut world);
    world.close_flow();
    let ticket = world.ask(Action::Accept(Accept::default()));
    let lost = world.carried().remove(0);
    world.undelivered(&lost.transmit);
    assert!(matches!(world.refused(ticket), Refusal::SipTimeout(_)));
    world.advance(Duration::from_secs(32));
    world.reach_in_vain();
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Accepted, EventKind::Ended]);
    world.assert_empty();
}

#[test]
fn requests_right_behind_the_ack_are_served_in_order() {
    let mut world = World::tcp();
    let mut phone = ringing(&mut world);
    world.ask(Action::Accept(Accept { wait: Wait::Sent, ..Accept::default() }));
    world.forget();
    let ack = phone.ack("");
    world.deliver(ack);
    for _ in 0..3 {
        world.deliver(phone.next("INFO", "Content-Type: application/dtmf\r\n", "1"));
    }
    assert_eq!(world.statuses(), ["200 INFO"; 3]);
    use EventKind::{Dtmf, Established};
    assert_eq!(world.told(), [Established, Dtmf, Dtmf, Dtmf]);
}

#[test]
fn an_unknown_method_costs_no_call() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(Phone::numbered(&world, 2).same("DANCE"));
    world.deliver(phone.next("INFO", "", ""));
    assert_eq!(world.statuses(), ["501 DANCE", "200 INFO"]);
}

#[test]
fn the_487_has_the_to_tag_of_the_180() {
    let mut world = World::tcp();
    let phone = ringing(&mut world);
    world.deliver(phone.clone_before_the_answer().same("CANCEL"));
    let tags: Vec<_> = world.responses().iter().map(|response| response.to.tag().cloned()).collect();
    let tag = phone.to_tag.map(Into::into);
    assert_eq!(tags, [tag.clone(), tag]);
}

#[test]
fn merged_requests_make_one_call() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.deliver(Phone { branch: "z9hG4bK-fork".into(), ..phone }.invite());
    assert_eq!(world.statuses(), ["482 INVITE"]);
    assert_eq!(world.told(), [EventKind::Offered]);
}

#[test]
fn after_a_bye_in_the_early_dialog_the_invite_cannot_be_answered_200() {
    let mut world = World::tcp();
    let mut phone = ringing(&mut world);
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE", "487 INVITE"]);
    let accept = world.ask(Action::Accept(Accept::default()));
    world.refused(accept);
    assert!(world.wire().is_empty());
}

#[test]
fn a_lower_cseq_is_not_dropped_in_silence() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    phone.cseq = 50;
    world.deliver(phone.next("INFO", "", ""));
    assert_eq!(world.statuses(), ["500 INFO"]);
}

#[test]
fn calls_that_are_given_up_leave_nothing_behind() {
    let mut world = World::tcp();
    for number in 1..=200 {
        let phone = Phone::numbered(&world, number);
        world.deliver(phone.invite());
        world.ask(Action::Ring(Default::default()));
        world.deliver(phone.same("CANCEL"));
        world.deliver(phone.same("ACK"));
        assert_eq!(world.statuses(), ["100 INVITE", "180 INVITE", "200 CANCEL", "487 INVITE"]);
    }
    world.assert_empty();
}
