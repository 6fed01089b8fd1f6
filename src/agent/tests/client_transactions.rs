//! Client transactions (RFC 3261 §17.1.2): the BYE that the agent sends.

use std::time::Duration;

use super::harness::World;
use super::phone::{Phone, established};
use super::transactions::DOUBLING;
use crate::agent::command::Hangup;
use crate::agent::{Action, Refusal};
use crate::sip::Request;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A call that has just been hung up 32 seconds after its 200, so that only the BYE is left of it.
fn hung_up(mut world: World) -> (World, Phone, Request) {
    let phone = established(&mut world);
    world.advance(seconds(32));
    world.ask(Action::Hangup(Hangup::default()));
    let bye = world.request();
    (world, phone, bye)
}

#[test]
fn timer_e_repeats_a_bye_over_udp_doubling_to_t2_until_timer_f() {
    let (mut world, _, _) = hung_up(World::udp());
    assert_eq!(world.repeats(seconds(60)), DOUBLING);
    world.assert_empty();
}

#[test]
fn a_bye_is_not_repeated_over_tcp_and_given_up_by_timer_f() {
    let (mut world, _, _) = hung_up(World::tcp());
    assert!(world.repeats(seconds(32) - Duration::from_millis(1)).is_empty());
    assert_eq!(world.left(), (1, 1, 1));
    world.advance(Duration::from_millis(1));
    world.assert_empty();
}

#[test]
fn after_a_provisional_response_timer_e_repeats_every_t2() {
    let (mut world, phone, bye) = hung_up(World::udp());
    assert_eq!(world.repeats(seconds(1)), [500]);
    world.deliver(phone.respond(&bye, 100));
    assert_eq!(world.repeats(seconds(31)), [500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]);
    world.assert_empty();
}

#[test]
fn timer_k_absorbs_repeated_answers_over_udp() {
    let (mut world, phone, bye) = hung_up(World::udp());
    world.deliver(phone.respond(&bye, 200));
    assert!(world.repeats(seconds(5) - Duration::from_millis(1)).is_empty());
    world.deliver(phone.respond(&bye, 200));
    assert_eq!(world.left(), (0, 1, 1));
    world.advance(Duration::from_millis(1));
    world.assert_empty();
}

#[test]
fn an_answered_bye_leaves_nothing_over_tcp() {
    let (mut world, phone, bye) = hung_up(World::tcp());
    world.deliver(phone.respond(&bye, 200));
    world.assert_empty();
    world.deliver(phone.respond(&bye, 200));
    assert!(world.wire().is_empty());
}

#[test]
fn any_final_answer_ends_the_dialog() {
    for status in [302, 401, 408, 481, 500, 603] {
        let (mut world, phone, bye) = hung_up(World::tcp());
        world.deliver(phone.respond(&bye, status));
        world.assert_empty();
    }
}

#[test]
fn an_answer_with_another_branch_belongs_to_nothing() {
    let (mut world, phone, bye) = hung_up(World::tcp());
    let branch = bye.via.branch.as_deref().expect("a branch");
    world.deliver(phone.respond(&bye, 200).replace(branch, "z9hG4bK-another"));
    assert_eq!(world.left(), (1, 1, 1));
}

#[test]
fn an_answer_with_another_method_in_cseq_belongs_to_nothing() {
    let (mut world, phone, bye) = hung_up(World::tcp());
    world.deliver(phone.respond(&bye, 200).replace("1 BYE", "1 INVITE"));
    assert_eq!(world.left(), (1, 1, 1));
}

#[test]
fn an_answer_with_a_second_via_is_for_somebody_else() {
    let (mut world, phone, bye) = hung_up(World::tcp());
    let strayed = phone.respond(&bye, 200).replace("From:", "Via: SIP/2.0/TCP a.example\r\nFrom:");
    world.deliver(strayed);
    assert_eq!(world.left(), (1, 1, 1));
}

#[test]
fn an_undelivered_bye_ends_the_dialog() {
    let mut world = World::tcp();
    established(&mut world);
    world.advance(seconds(32));
    world.close_flow();
    let hangup = world.ask(Action::Hangup(Hangup::default()));
    assert!(world.answer(hangup).is_none(), "not before it is known");
    world.reach_in_vain();
    assert!(matches!(world.refused(hangup), Refusal::SipTimeout(_)));
    world.assert_empty();
}

#[test]
fn a_bye_that_a_connection_did_not_take_goes_by_a_new_one() {
    let mut world = World::tcp();
    established(&mut world);
    world.advance(seconds(32));
    world.hold_deliveries();
    let hangup = world.ask(Action::Hangup(Hangup::default()));
    let first = world.carried().remove(0);
    world.undelivered(&first.transmit);
    assert!(world.answer(hangup).is_none(), "there is another way to try");
    world.reach();
    let second = world.carried().remove(0);
    assert_eq!(second.transmit.flow, Some(world.flow.id));
    world.undelivered(&second.transmit);
    assert!(matches!(world.refused(hangup), Refusal::SipTimeout(_)));
    world.assert_empty();
}

#[test]
fn news_of_a_delivery_that_nobody_waits_for_is_ignored() {
    let mut world = World::udp();
    established(&mut world);
    world.ask(Action::Hangup(Hangup::default()));
    let bye = world.carried().remove(0);
    world.undelivered(&bye.transmit);
    let left = world.left();
    world.undelivered(&bye.transmit);
    assert_eq!(world.left(), left);
    world.advance(seconds(32));
    world.assert_empty();
}
