//! One INVITE and several phones (RFC 3261 §13.2.2.4): one call, and an end for every other dialog.

use std::time::Duration;

use super::callee::{Callee, called, connected};
use super::harness::World;
use super::phone::Phone;
use crate::agent::event::EventKind;
use crate::agent::{Action, Settings};
use crate::sip::{Message, Request};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The ACK and the BYE that were sent since the last time.
fn ack_and_bye(world: &mut World) -> (Request, Request) {
    let mut sent = world.sent();
    assert_eq!(sent.len(), 2, "{sent:?}");
    let mut next = || match sent.remove(0) {
        Message::Request(request) => *request,
        Message::Response(response) => panic!("an unexpected {}", response.status),
    };
    let (ack, bye) = (next(), next());
    assert_eq!((ack.method.as_str(), bye.method.as_str()), ("ACK", "BYE"));
    (ack, bye)
}

/// A second phone that answers an established call.
fn forked(world: &mut World) -> (Callee, Callee, Request, Request) {
    let callee = connected(world);
    let mut other = callee.fork("other");
    other.contact = "<sip:1001@10.0.0.1:5060;transport=tcp;ob>".to_owned();
    world.deliver(other.answers());
    let (ack, bye) = ack_and_bye(world);
    (callee, other, ack, bye)
}

#[test]
fn a_second_2xx_is_acknowledged_and_hung_up_and_nobody_is_told() {
    for mut world in [World::tcp(), World::udp()] {
        let (callee, other, ack, bye) = forked(&mut world);
        for request in [&ack, &bye] {
            assert_eq!(request.to.tag().map(AsRef::as_ref), Some("other"));
            assert_eq!(request.uri.as_str(), "sip:1001@10.0.0.1:5060;transport=tcp;ob");
            assert_eq!(request.from.tag(), callee.invite.from.tag());
        }
        assert_eq!((ack.cseq, bye.cseq), (1, 2));
        assert!(world.told().is_empty());
        assert_eq!(world.call().state.name(), "established");
        assert_eq!(world.call().sip.remote_tag.as_deref(), Some("callee"));
        world.deliver(other.responds(&bye, 200));
        world.advance(seconds(32));
        assert_eq!(world.left(), (1, 0, 0));
    }
}

#[test]
fn a_2xx_of_a_fork_that_comes_again_gets_its_own_ack_again_and_no_second_bye() {
    let mut world = World::udp();
    let (callee, other, ack, _) = forked(&mut world);
    world.deliver(other.answers());
    assert_eq!(world.request().via.branch, ack.via.branch);
    world.deliver(callee.answers());
    assert_ne!(world.request().via.branch, ack.via.branch);
}

#[test]
fn a_bye_of_the_fork_that_crosses_ours_is_answered() {
    let mut world = World::tcp();
    let (_, mut other, _, bye) = forked(&mut world);
    world.deliver(other.asks("BYE", "", ""));
    world.deliver(other.asks("INFO", "", ""));
    assert_eq!(world.statuses(), ["200 BYE", "481 INFO"]);
    world.deliver(other.responds(&bye, 481));
    world.deliver(other.asks("BYE", "", ""));
    assert_eq!(world.statuses(), ["481 BYE"]);
    assert!(world.told().is_empty());
}

#[test]
fn the_call_itself_goes_on_beside_its_forks() {
    let mut world = World::tcp();
    let (mut callee, ..) = forked(&mut world);
    world.deliver(callee.asks("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    assert_eq!(world.told(), [EventKind::Ended]);
    world.advance(seconds(64));
    world.assert_empty();
}

#[test]
fn a_fork_that_answers_when_the_call_is_over_is_hung_up_until_timer_m() {
    for mut world in [World::tcp(), World::udp()] {
        let mut callee = connected(&mut world);
        world.deliver(callee.asks("BYE", "", ""));
        assert_eq!(world.statuses(), ["200 BYE"]);
        assert!(world.agent.is_idle(), "a drain does not wait for what might never come");
        world.deliver(callee.asks("BYE", "", ""));
        assert_eq!(world.statuses(), ["481 BYE"], "the dialog is over");
        world.advance(seconds(31));
        let other = callee.fork("late");
        world.deliver(other.answers());
        let (_, bye) = ack_and_bye(&mut world);
        assert!(!world.agent.is_idle());
        world.deliver(other.responds(&bye, 200));
        assert!(world.agent.is_idle());
        world.advance(seconds(5));
        world.deliver(callee.fork("too-late").answers());
        assert!(world.wire().is_empty());
        world.advance(seconds(32));
        world.assert_empty();
        assert_eq!(world.told(), [EventKind::Ended]);
    }
}

#[test]
fn a_call_that_is_over_leaves_its_place_to_another_at_once() {
    let mut world = World::with(Settings { max_calls: 1, ..Settings::default() });
    let mut callee = connected(&mut world);
    world.deliver(callee.asks("BYE", "", ""));
    assert_eq!(world.left().0, 1, "a fork might still answer");
    world.forget();
    let mut callee = connected(&mut world);
    world.deliver(Phone::new(&world).invite());
    assert_eq!(world.statuses(), ["503 INVITE"]);
    world.deliver(callee.asks("BYE", "", ""));
    world.forget();
    world.deliver(Phone::numbered(&world, 2).invite());
    assert_eq!(world.statuses(), ["100 INVITE"]);
}

#[test]
fn the_2xx_of_an_ended_call_still_gets_its_ack_again() {
    let mut world = World::udp();
    let mut callee = connected(&mut world);
    world.deliver(callee.asks("BYE", "", ""));
    world.wire();
    world.deliver(callee.answers());
    assert_eq!(world.statuses(), ["ACK"]);
}

#[test]
fn a_hangup_and_forks_leave_nothing() {
    let mut world = World::udp();
    let callee = connected(&mut world);
    let ticket = world.ask(Action::Hangup(Default::default()));
    let bye = world.request();
    world.done(ticket);
    let other = callee.fork("other");
    world.deliver(other.answers());
    let (_, theirs) = ack_and_bye(&mut world);
    world.deliver(callee.responds(&bye, 200));
    world.deliver(other.responds(&theirs, 200));
    world.advance(seconds(32));
    world.assert_empty();
}

#[test]
fn a_fork_that_is_picked_up_after_its_call_was_cancelled_is_hung_up() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let other = callee.fork("other");
    world.deliver(callee.says(180));
    world.deliver(other.says(180));
    super::callee::cancel(&mut world);
    world.wire();
    world.deliver(other.answers());
    ack_and_bye(&mut world);
    world.deliver(callee.answers());
    ack_and_bye(&mut world);
    assert_eq!(world.told().iter().filter(|kind| **kind == EventKind::Ended).count(), 1);
    world.advance(seconds(64));
    world.assert_empty();
}

#[test]
fn a_fork_elsewhere_is_looked_for_and_given_up_if_it_cannot_be_reached() {
    let mut world = World::tcp();
    let callee = connected(&mut world);
    let mut other = callee.fork("other");
    other.contact = "<sip:1001@10.0.0.2>".to_owned();
    world.deliver(other.answers());
    let ack = world.carried().remove(0).transmit;
    let hop = ack.otherwise.expect("a hop");
    assert_eq!((ack.flow, &*hop.host), (None, "10.0.0.2"), "the ACK finds its own way");
    world.reach_in_vain();
    world.advance(seconds(32));
    assert_eq!(world.left(), (1, 0, 0));
    let mut world = World::tcp();
    let callee = connected(&mut world);
    let other = Callee { contact: "<sip:1001@10.0.0.2>".to_owned(), ..callee.fork("other") };
    world.deliver(other.answers());
    world.wire();
    world.reach();
    assert_eq!(world.statuses(), ["BYE"]);
    world.advance(seconds(32));
    assert_eq!(world.left(), (1, 0, 0), "timer F gives the BYE up");
}
