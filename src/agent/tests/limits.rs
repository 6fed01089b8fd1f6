//! What peers can make the agent keep is bounded.

use std::time::Duration;

use super::harness::World;
use super::phone::{OFFER, Phone, established};
use crate::agent::{Action, GateSettings, Settings};
use crate::sip::Transport;

/// As many requests as may be kept that make no call, and a few more.
fn flood(world: &mut World, method: &str) {
    for number in 10..10_030 {
        world.deliver(Phone::numbered(world, number).same(method));
    }
    assert_eq!(world.statuses().len(), 10_020, "each is answered");
}

#[test]
fn of_requests_that_make_no_call_only_so_many_are_kept_and_calls_go_on_beside_them() {
    let mut world = World::new(Transport::Udp, Settings { max_calls: 2, ..Settings::default() });
    let mut caller = established(&mut world);
    flood(&mut world, "OPTIONS");
    assert_eq!(world.left().1, 10_001);
    world.deliver(Phone::numbered(&world, 2).invite());
    world.deliver(caller.next("INVITE", "", OFFER));
    assert_eq!(world.statuses(), ["100 INVITE", "200 INVITE"]);
    world.deliver(caller.ack(""));
    world.deliver(caller.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    world.advance(Duration::from_secs(240));
    world.assert_empty();
}

#[test]
fn of_refused_invites_whose_ack_never_comes_only_so_many_are_kept() {
    let mut world = World::with(Settings { max_calls: 1, ..Settings::default() });
    established(&mut world);
    flood(&mut world, "INVITE");
    assert_eq!(world.left().1, 10_001);
    world.advance(Duration::from_secs(32));
    assert_eq!(world.left(), (1, 0, 0));
}

/// A call that has ended, and whose BYE is not answered.
fn ending(world: &mut World, number: u64) {
    let mut phone = Phone::numbered(world, number);
    world.deliver(phone.invite());
    assert_eq!(world.statuses(), ["100 INVITE"], "{number}");
    world.ask(Action::Accept(Default::default()));
    phone.learn(&world.response());
    world.deliver(phone.ack(""));
    world.ask(Action::Hangup(Default::default()));
    assert_eq!(world.statuses(), ["BYE"]);
    assert_eq!(world.call().state.name(), "ended");
}

#[test]
fn calls_that_have_ended_leave_room_though_their_bye_is_not_answered_but_not_without_end() {
    let one = GateSettings { peer_calls: 1, ..GateSettings::default() };
    for settings in
        [Settings { max_calls: 1, ..Settings::default() }, Settings { gate: one, ..Settings::default() }]
    {
        let mut world = World::with(settings);
        for number in 1..=16 {
            ending(&mut world, number);
        }
        assert!(!world.agent.is_idle(), "a drain waits for them");
        world.deliver(Phone::numbered(&world, 17).invite());
        assert_eq!(world.statuses(), ["503 INVITE"]);
        assert_eq!(world.left().0, 16);
        world.advance(Duration::from_secs(32));
        world.assert_empty();
        ending(&mut world, 18);
    }
}

#[test]
fn as_many_may_be_ending_as_may_be_open() {
    let mut world = World::with(Settings { max_calls: 20, ..Settings::default() });
    for number in 1..=20 {
        ending(&mut world, number);
    }
    world.deliver(Phone::numbered(&world, 21).invite());
    assert_eq!(world.statuses(), ["503 INVITE"]);
    let refused = world.originate(super::callee::order());
    assert!(matches!(world.refused(refused), crate::agent::Refusal::TooManyCalls(20)));
}

#[test]
fn credentials_are_not_for_clients_to_add() {
    for name in ["Authorization", "Proxy-Authorization"] {
        let header = crate::agent::command::NewHeader { name: name.into(), value: "Digest a=b".into() };
        assert!(crate::agent::check::headers(&[header]).is_err(), "{name}");
    }
}
