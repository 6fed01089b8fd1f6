//! A receiver that takes some events and not others, and what is put on record meanwhile.

use std::time::Duration;

use super::backlog::{DAY, DOWN, REFUSED, World};
use crate::webhook::backlog::Tried;

/// Events of as many calls, each refused once.
fn refused(count: u64) -> World {
    let mut world = World::new([]);
    for sequence in 1..=count {
        world.push(sequence, &sequence.to_string());
    }
    loop {
        let tried = world.tries();
        if tried.is_empty() && world.untried().is_empty() {
            return world;
        }
        if tried.is_empty() {
            world.wait();
        }
        tried.iter().for_each(|sequence| assert_eq!(world.settle(&sequence.to_string(), REFUSED), None));
    }
}

#[test]
fn a_receiver_that_refuses_all_it_has_is_shown_others_for_it_may_take_them() {
    let mut world = refused(70);
    assert!(!world.backlog.is_working());
    assert!(!world.backlog.is_full(), "more are read to find one that it takes");
    world.push(1000, "good");
    assert!(world.backlog.is_full(), "one is enough");
    world.wait();
    assert_eq!(world.tries(), [1000]);
    world.settle("good", Tried::Taken);
    assert!(world.backlog.is_working());
}

#[test]
fn who_has_enough_that_may_go_is_read_for_no_further() {
    let mut world = World::proven();
    for sequence in 2..=97 {
        assert!(!world.backlog.is_full(), "{sequence}");
        world.push(sequence, &sequence.to_string());
        world.tries();
    }
    assert!(world.backlog.is_full(), "32 are on their way, 64 could be");
}

#[test]
fn who_has_taken_nothing_yet_is_tried_with_few_and_read_for_little() {
    let mut world = World::new([]);
    for sequence in 1..=26 {
        assert!(!world.backlog.is_full(), "{sequence}");
        world.push(sequence, &sequence.to_string());
        world.tries();
    }
    assert!(world.backlog.is_full(), "10 are on their way, 16 could be");
}

#[test]
fn a_receiver_that_is_silent_is_read_for_no_further() {
    let mut world = refused(70);
    world.wait();
    let probe = world.tries();
    world.settle(&probe[0].to_string(), DOWN);
    assert!(world.backlog.is_full());
}

#[test]
fn when_all_that_is_held_was_refused_for_an_hour_the_oldest_makes_room() {
    let mut world = World::new([]);
    for sequence in 1..=2000 {
        world.push(sequence, &sequence.to_string());
        assert_eq!(world.tries(), [sequence]);
        // Between them one is taken: the receiver works.
        world.push(5000 + sequence, "good");
        world.tries();
        world.settle(&sequence.to_string(), REFUSED);
        world.settle("good", Tried::Taken);
        if sequence == 1 {
            world.passed += Duration::from_secs(1);
            world.tries();
            world.settle("1", REFUSED);
        }
    }
    assert!(world.backlog.is_full());
    world.passed = Duration::from_secs(3599);
    assert_eq!(world.make_room(), None);
    world.passed = Duration::from_secs(3600);
    assert_eq!(world.make_room(), Some(1));
    assert!(!world.backlog.is_full());
    assert_eq!(world.make_room(), None, "no more than is needed");
}

#[test]
fn what_was_not_tried_yet_need_not_be_on_record() {
    let mut world = World::proven();
    assert_eq!(world.backlog.position(7), 7);
    for sequence in [11, 12, 13] {
        world.push(sequence, "a");
    }
    for sequence in 14..=100 {
        world.push(sequence, &sequence.to_string());
    }
    let tried = world.tries();
    assert_eq!((tried.len(), tried[0], tried[31]), (32, 11, 44));
    let mut open: Vec<_> = world.backlog.open().map(|pending| pending.event.sequence).collect();
    open.sort_unstable();
    assert_eq!(open, (11..=44).collect::<Vec<_>>(), "12 and 13 wait for 11");
    assert_eq!(world.backlog.position(200), 44);
    for sequence in 14..=44 {
        world.settle(&sequence.to_string(), Tried::Taken);
    }
    let mut open: Vec<_> = world.backlog.open().map(|pending| pending.event.sequence).collect();
    open.sort_unstable();
    assert_eq!((open, world.backlog.position(200)), (vec![11, 12, 13], 44));
}

#[test]
fn while_all_that_there_is_is_on_its_way_there_is_nothing_to_wait_for() {
    let mut world = World::new([(1, "a"), (2, "b")]);
    assert_eq!(world.tries(), [1, 2]);
    world.settle("a", Tried::Failed { of_receiver: true, at_least: Duration::from_secs(5) });
    world.passed = DAY;
    world.wait();
    assert_eq!(world.tries(), [1]);
    assert_eq!(world.settle("a", REFUSED), Some(1));
    assert_eq!(world.backlog.next_due(), None, "2 is still on its way");
}
