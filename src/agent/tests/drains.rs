//! What the end of the agent means for calls of ours.

use std::time::Duration;

use super::callee::{called, cancel, connected, order, rings};
use super::harness::{World, header};
use super::phone::offered;
use crate::agent::command::{Hangup, NewHeader, NewHeaders};
use crate::agent::event::{EndBy, EndCause, EventKind, Reason};
use crate::agent::{Action, Refusal};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn begin(world: &mut World) {
    world.agent.handle_drain(world.now);
    world.drain();
}

fn finish(world: &mut World) {
    world.agent.handle_drain_over(world.now);
    world.drain();
}

#[test]
fn a_drain_cancels_what_is_not_answered_and_leaves_what_is() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    begin(&mut world);
    assert_eq!(world.statuses(), ["CANCEL"]);
    assert!(!world.agent.is_idle());
    world.deliver(callee.says(487));
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::System, Some(487)));
    assert!(world.agent.is_idle());
    let mut world = World::tcp();
    called(&mut world);
    begin(&mut world);
    assert!(world.wire().is_empty() && world.call().end.is_none(), "held back");
    let mut world = World::tcp();
    world.originate(order());
    begin(&mut world);
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::System, None));
    world.assert_empty();
    let mut world = World::tcp();
    connected(&mut world);
    begin(&mut world);
    assert!(world.call().end.is_none());
}

#[test]
fn a_drain_that_is_over_ends_every_call_without_waiting() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    let ticket = cancel(&mut world);
    finish(&mut world);
    assert_eq!(world.statuses(), ["CANCEL"]);
    assert_eq!(world.done(ticket).state.name(), "ended");
    assert_eq!(world.end(), (EndCause::Cancelled, EndBy::Api, None));
    assert!(!world.agent.is_idle(), "the 487 is worth a moment");
    world.deliver(callee.says(487));
    assert_eq!(world.statuses(), ["ACK"]);
    assert!(world.agent.is_idle());
    assert_eq!(world.told().iter().filter(|kind| **kind == EventKind::Ended).count(), 1);
}

#[test]
fn a_call_that_a_drain_has_ended_is_still_cancelled_or_hung_up_on_the_wire() {
    let drained = || {
        let mut world = World::udp();
        let callee = called(&mut world);
        finish(&mut world);
        assert_eq!(world.end(), (EndCause::Cancelled, EndBy::System, None));
        assert!(world.wire().is_empty(), "held back");
        (world, callee)
    };
    let (mut world, callee) = drained();
    world.deliver(callee.says(180));
    world.deliver(callee.says(180));
    assert_eq!(world.statuses(), ["CANCEL"]);
    world.advance(seconds(64));
    world.assert_empty();
    let (mut world, callee) = drained();
    world.deliver(callee.answers());
    assert_eq!(world.statuses(), ["ACK", "BYE"]);
    world.advance(seconds(64));
    world.assert_empty();
    let (mut world, _) = drained();
    world.advance(seconds(64));
    world.assert_empty();
    assert_eq!(world.told(), [EventKind::Dialing, EventKind::Ended]);
}

#[test]
fn what_a_hangup_has_to_say_is_in_the_cancel_that_comes_after_the_drain() {
    let mut world = World::udp();
    let callee = called(&mut world);
    let why = NewHeader { name: "X-Why".into(), value: "tired".into() };
    world.ask(Action::Hangup(Hangup { reason: None, headers: NewHeaders(vec![why]) }));
    finish(&mut world);
    world.deliver(callee.says(180));
    let cancel = world.request();
    assert_eq!(header(&cancel.headers, "X-Why").as_deref(), Some("tired"));
}

#[test]
fn a_hangup_that_waits_for_the_ack_is_what_a_drain_that_is_over_sends() {
    let mut world = World::tcp();
    offered(&mut world);
    let accept = world.ask(Action::Accept(Default::default()));
    let reason = Reason { protocol: "Q.850".to_owned(), cause: Some(16), text: None };
    let hangup = world.ask(Action::Hangup(Hangup { reason: Some(reason), headers: Default::default() }));
    world.wire();
    finish(&mut world);
    let bye = world.request();
    assert_eq!(header(&bye.headers, "Reason").as_deref(), Some("Q.850;cause=16"));
    assert_eq!(world.end(), (EndCause::Hangup, EndBy::Api, None));
    assert!(matches!(world.refused(accept), Refusal::CallEnded(_)), "its ACK did not come");
    assert_eq!(world.done(hangup).state.name(), "ended");
}

#[test]
fn a_drain_that_is_over_hangs_up_a_call_of_ours() {
    let mut world = World::tcp();
    let callee = connected(&mut world);
    begin(&mut world);
    finish(&mut world);
    let bye = world.request();
    assert_eq!(world.end(), (EndCause::Hangup, EndBy::System, None));
    assert!(!world.agent.is_idle());
    world.deliver(callee.responds(&bye, 200));
    assert!(world.agent.is_idle());
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}
