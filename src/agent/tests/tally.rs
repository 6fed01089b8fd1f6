//! What is counted of messages that come and go again.

use std::time::Duration;

use super::harness::World;
use super::phone::offered;
use crate::agent::command::Reject;
use crate::agent::{Action, Tally};

#[test]
fn what_comes_again_and_what_is_sent_again_is_counted_once_each() {
    let mut world = World::udp();
    let phone = offered(&mut world);
    assert_eq!(world.agent.take_tally(), Tally::default());
    world.deliver(phone.invite());
    assert_eq!(world.agent.take_tally(), Tally { repeated: 1, resent: 1 }, "the INVITE, and its 100");
    world.ask(Action::Reject(Reject::default()));
    assert_eq!(world.agent.take_tally(), Tally::default());
    world.advance(Duration::from_millis(1500));
    assert_eq!(world.agent.take_tally(), Tally { repeated: 0, resent: 2 }, "timer G, twice");
    assert_eq!(world.agent.take_tally(), Tally::default(), "taken");
}

#[test]
fn a_200_without_an_ack_is_counted_each_time_it_is_sent_again() {
    let mut world = World::tcp();
    super::phone::accepted(&mut world);
    world.agent.take_tally();
    world.advance(Duration::from_millis(1500));
    assert_eq!(world.agent.take_tally(), Tally { repeated: 0, resent: 2 });
}
