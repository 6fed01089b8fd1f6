//! A caller that comes back on another connection (RFC 3261 §18.2.2, §9.2, §12.2).

use std::time::Duration;

use super::harness::World;
use super::phone::{OFFER, Phone, accepted, established, offered, ringing};
use crate::agent::command::{Accept, Wait};
use crate::agent::{Action, FlowId};

/// The connections that were used since the last time.
fn flows(world: &mut World) -> Vec<FlowId> {
    world.carried().into_iter().map(|sent| sent.transmit.flow.expect("a flow")).collect()
}

#[test]
fn a_repeated_invite_is_answered_on_the_connection_that_it_came_by() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.close_flow();
    world.reconnect();
    world.deliver(phone.invite());
    world.ask(Action::Ring(Default::default()));
    assert_eq!(flows(&mut world), [world.flow.id; 2], "the 100 again, and the 180");
}

#[test]
fn as_long_as_the_first_connection_is_open_it_carries_the_responses() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    let first = world.flow.id;
    world.reconnect();
    world.deliver(phone.invite());
    assert_eq!(flows(&mut world), [first]);
}

#[test]
fn the_200_and_its_repeats_go_where_the_dialog_moved_before_the_answer() {
    let mut world = World::tcp();
    let mut phone = ringing(&mut world);
    world.close_flow();
    world.reconnect();
    world.deliver(phone.next("UPDATE", "", ""));
    let accept = Accept { wait: Wait::Sent, ..Accept::default() };
    let ticket = world.ask(Action::Accept(accept));
    assert_eq!(world.done(ticket).state.name(), "accepted");
    world.advance(Duration::from_millis(500));
    assert_eq!(flows(&mut world), [world.flow.id; 3], "the UPDATE's 200, the INVITE's, and that again");
}

#[test]
fn a_cancel_by_another_connection_takes_the_487_with_it() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.close_flow();
    world.reconnect();
    world.deliver(phone.same("CANCEL"));
    assert_eq!(flows(&mut world), [world.flow.id; 2], "the CANCEL's 200, and the INVITE's 487");
    world.deliver(phone.same("ACK"));
    world.assert_empty();
}

#[test]
fn a_cancel_leaves_the_487_to_the_first_connection_as_long_as_that_is_open() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    let first = world.flow.id;
    world.reconnect();
    world.deliver(phone.same("CANCEL"));
    assert_eq!(flows(&mut world), [world.flow.id, first]);
}

#[test]
fn the_repeats_of_the_200_go_where_the_caller_asks_again() {
    let asked = |again: fn(&mut Phone) -> String, answered: usize| {
        let mut world = World::tcp();
        let mut phone = accepted(&mut world);
        world.close_flow();
        world.reconnect();
        world.deliver(again(&mut phone));
        world.advance(Duration::from_millis(500));
        assert_eq!(flows(&mut world), vec![world.flow.id; answered + 1]);
        world.deliver(phone.ack(""));
        assert_eq!(world.call().state.name(), "established");
    };
    asked(|phone| phone.clone_before_the_answer().invite(), 0);
    asked(|phone| phone.clone_before_the_answer().same("CANCEL"), 1);
    asked(|phone| phone.clone().next("OPTIONS", "", ""), 1);
}

#[test]
fn the_repeats_of_a_reinvites_200_go_there_too() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    let invite = phone.next("INVITE", "", OFFER);
    world.deliver(&invite);
    world.close_flow();
    world.reconnect();
    world.wire();
    world.deliver(invite);
    world.advance(Duration::from_millis(500));
    assert_eq!(flows(&mut world), [world.flow.id]);
}
