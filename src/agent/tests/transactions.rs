//! Server transactions (RFC 3261 §17.2, RFC 6026 §7.1) on both sorts of transport.

use std::time::Duration;

use super::harness::World;
use super::phone::{accepted, offered, ringing};
use crate::agent::Action;
use crate::agent::command::{Accept, Reject, Wait};

/// When a message is repeated by a timer that doubles from T1 to T2, in milliseconds, until 64·T1.
pub const DOUBLING: [u128; 10] = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const INSTANT: Duration = Duration::from_millis(1);

fn reject(world: &mut World) {
    world.ask(Action::Reject(Reject::default()));
}

#[test]
fn timer_g_repeats_a_refusal_over_udp_doubling_to_t2_until_timer_h() {
    let mut world = World::udp();
    offered(&mut world);
    reject(&mut world);
    let refusal = world.wire();
    assert_eq!(world.repeats(seconds(1)), DOUBLING[..1]);
    world.advance(seconds(1));
    assert_eq!(world.wire(), refusal, "the same bytes");
    assert_eq!(world.repeats(seconds(60)), DOUBLING[2..].iter().map(|at| at - 2000).collect::<Vec<_>>());
    world.assert_empty();
}

#[test]
fn a_refusal_is_not_repeated_over_tcp_and_is_kept_until_timer_h() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    reject(&mut world);
    let refusal = world.wire();
    assert!(world.repeats(seconds(32) - INSTANT).is_empty());
    world.deliver(phone.invite());
    assert_eq!(world.wire(), refusal);
    world.advance(INSTANT);
    world.assert_empty();
}

#[test]
fn an_ack_ends_the_repeats_and_timer_i_absorbs_what_comes_late_over_udp() {
    let mut world = World::udp();
    let phone = offered(&mut world);
    reject(&mut world);
    world.deliver(phone.same("ACK"));
    world.wire();
    world.deliver(phone.same("ACK"));
    world.deliver(phone.invite());
    assert!(world.repeats(seconds(5) - INSTANT).is_empty());
    assert_eq!(world.left(), (0, 1, 1));
    world.advance(INSTANT);
    world.assert_empty();
}

#[test]
fn an_ack_ends_the_transaction_at_once_over_tcp() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    reject(&mut world);
    world.deliver(phone.same("ACK"));
    world.assert_empty();
}

#[test]
fn an_ack_for_nothing_known_is_dropped() {
    let mut world = World::udp();
    let phone = offered(&mut world);
    reject(&mut world);
    world.deliver(phone.same("ACK"));
    world.advance(seconds(5));
    world.wire();
    world.deliver(phone.same("ACK"));
    assert!(world.wire().is_empty());
    world.assert_empty();
}

#[test]
fn an_ack_while_the_invite_is_pending_changes_nothing() {
    let mut world = World::udp();
    let phone = ringing(&mut world);
    world.deliver(phone.same("ACK"));
    world.deliver(phone.ack(""));
    assert!(world.wire().is_empty());
    assert_eq!(world.call().state.name(), "ringing");
}

#[test]
fn a_repeated_invite_gets_the_last_provisional_response_again() {
    let mut world = World::tcp();
    let phone = super::phone::Phone::new(&world);
    world.deliver(phone.invite());
    let trying = world.wire();
    world.deliver(phone.invite());
    assert_eq!(world.wire(), trying);
    world.ask(Action::Ring(Default::default()));
    let ringing = world.wire();
    world.deliver(phone.invite());
    assert_eq!(world.wire(), ringing);
    assert_eq!(world.events.len(), 2, "nothing new is told");
}

#[test]
fn a_repeated_invite_gets_the_refusal_again() {
    let mut world = World::udp();
    let phone = offered(&mut world);
    reject(&mut world);
    let refusal = world.wire();
    world.deliver(phone.invite());
    assert_eq!(world.wire(), refusal);
}

#[test]
fn an_invite_repeated_after_the_200_is_absorbed_until_timer_l_on_every_transport() {
    for mut world in [World::udp(), World::tcp()] {
        let phone = accepted(&mut world);
        world.deliver(phone.ack(""));
        assert!(world.repeats(seconds(32) - INSTANT).is_empty());
        world.deliver(phone.clone_before_the_answer().invite());
        assert!(world.wire().is_empty(), "the transaction does not repeat the 200");
        assert_eq!(world.left(), (1, 1, 1), "the call, its transaction and timer L");
        world.advance(INSTANT);
        assert_eq!(world.left(), (1, 0, 0));
    }
}

#[test]
fn a_refusal_after_the_200_is_refused_itself() {
    let mut world = World::tcp();
    offered(&mut world);
    world.ask(Action::Accept(Accept { wait: Wait::Sent, ..Accept::default() }));
    world.wire();
    reject(&mut world);
    assert!(world.wire().is_empty());
}

#[test]
fn timer_j_keeps_an_answer_for_repeats_over_udp() {
    let mut world = World::udp();
    let phone = super::phone::Phone::new(&world);
    world.deliver(phone.same("OPTIONS"));
    let answer = world.wire();
    assert!(world.repeats(seconds(32) - INSTANT).is_empty());
    world.deliver(phone.same("OPTIONS"));
    assert_eq!(world.wire(), answer);
    world.advance(INSTANT);
    world.assert_empty();
}

#[test]
fn an_answer_is_not_kept_over_tcp() {
    let mut world = World::tcp();
    let phone = super::phone::Phone::new(&world);
    world.deliver(phone.same("OPTIONS"));
    assert_eq!(world.response().status, 200);
    world.assert_empty();
}
