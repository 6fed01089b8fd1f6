//! The order and the times of tries, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::agent::{Now, Timestamp};
use crate::webhook::Event;
use crate::webhook::backlog::{Backlog, Pending, Tried};

pub const REFUSED: Tried = Tried::Failed { of_receiver: false, at_least: Duration::ZERO };
pub const DOWN: Tried = Tried::Failed { of_receiver: true, at_least: Duration::ZERO };
pub const DAY: Duration = Duration::from_secs(24 * 3600);
/// No wait is shortened.
const LONG: u32 = u32::MAX;

fn event(sequence: u64, call: &str) -> Pending {
    let event = Event {
        sequence,
        id: format!("7f3a-{sequence}"),
        kind: "call.updated".to_owned(),
        subject: Some(call.to_owned()),
        time: Timestamp(0),
        body: Bytes::from_static(b"{}"),
    };
    Pending::new(event)
}

/// A backlog and the time.
pub struct World {
    pub backlog: Backlog,
    start: Instant,
    pub passed: Duration,
}

impl World {
    pub fn new(events: impl IntoIterator<Item = (u64, &'static str)>) -> Self {
        let mut backlog = Backlog::new(DAY, 0);
        events.into_iter().for_each(|(sequence, call)| backlog.push(event(sequence, call)));
        Self { backlog, start: Instant::now(), passed: Duration::ZERO }
    }

    /// The same, with a receiver that has taken something.
    pub fn proven() -> Self {
        let mut world = Self::new([(1, "first")]);
        assert_eq!(world.tries(), [1]);
        world.settle("first", Tried::Taken);
        world
    }

    pub fn push(&mut self, sequence: u64, call: &str) {
        self.backlog.push(event(sequence, call));
    }

    /// The event that makes room.
    pub fn make_room(&mut self) -> Option<u64> {
        let now = self.now();
        Some(self.backlog.make_room(now.instant)?.event.sequence)
    }

    /// The events that were never tried.
    pub fn untried(&self) -> Vec<u64> {
        let untried = self.backlog.pending().filter(|pending| pending.attempts == 0);
        untried.map(|pending| pending.event.sequence).collect()
    }

    fn now(&self) -> Now {
        Now { instant: self.start + self.passed, wall: Timestamp(0).after(self.passed) }
    }

    /// All that may be tried now.
    pub fn tries(&mut self) -> Vec<u64> {
        let now = self.now().instant;
        std::iter::from_fn(|| Some(self.backlog.next(now)?.event.sequence)).collect()
    }

    /// What became of the try of a call's event; the event that is given up.
    pub fn settle(&mut self, call: &str, tried: Tried) -> Option<u64> {
        let now = self.now();
        Some(self.backlog.settle(&Some(call.to_owned()), tried, now, LONG)?.event.sequence)
    }

    /// Lets time pass until there is something to do; how long that is.
    pub fn wait(&mut self) -> Duration {
        let due = self.backlog.next_due().unwrap();
        let wait = due.saturating_duration_since(self.now().instant);
        self.passed += wait;
        wait
    }
}

#[test]
fn events_of_a_call_go_one_after_the_other_and_calls_side_by_side() {
    let mut world = World::new([(1, "a"), (2, "a"), (3, "b")]);
    assert_eq!(world.tries(), [1, 3]);
    assert_eq!(world.settle("a", Tried::Taken), None);
    assert_eq!(world.tries(), [2]);
    world.settle("a", Tried::Taken);
    world.settle("b", Tried::Taken);
    assert_eq!((world.backlog.len(), world.backlog.next_due()), (0, None));
}

#[test]
fn what_is_refused_is_tried_again_ever_later_and_holds_up_its_own_call_alone() {
    let mut world = World::new([(1, "a"), (2, "a"), (3, "b")]);
    assert_eq!(world.tries(), [1, 3]);
    world.settle("b", Tried::Taken);
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        world.settle("a", REFUSED);
        assert_eq!(world.tries(), [0; 0]);
        assert_eq!(world.wait(), Duration::from_secs(wait));
        assert_eq!(world.tries(), [1]);
    }
    assert!(
        world.backlog.is_working(),
        "an event that is refused again and again is not the receiver's fault"
    );
    world.settle("a", Tried::Taken);
    assert_eq!(world.tries(), [2]);
}

#[test]
fn after_24_hours_an_event_is_given_up_and_the_next_one_goes() {
    let mut world = World::new([(1, "a"), (2, "a")]);
    world.passed = DAY * 3;
    assert_eq!(world.tries(), [1]);
    assert_eq!(world.settle("a", REFUSED), None, "however old it is");
    world.wait();
    assert_eq!(world.tries(), [1]);
    world.passed = DAY * 4 - Duration::from_secs(1);
    assert_eq!(world.settle("a", REFUSED), None);
    world.wait();
    assert_eq!(world.tries(), [1]);
    assert_eq!(world.settle("a", REFUSED), Some(1));
    assert_eq!(world.tries(), [2]);
}

#[test]
fn a_dead_receiver_is_probed_with_one_event_at_a_time_ever_later() {
    let calls: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let mut world = World::new([]);
    calls.iter().zip(1..).for_each(|(call, sequence)| world.backlog.push(event(sequence, call)));
    let tried = world.tries();
    assert_eq!(tried.len(), 10, "so many at a time");
    for call in &calls[..10] {
        world.settle(call, DOWN);
    }
    assert!(!world.backlog.is_working());
    let mut fresh = BTreeSet::new();
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(world.wait(), Duration::from_secs(wait));
        let probe = world.tries();
        assert_eq!(probe.len(), 1);
        fresh.insert(probe[0]);
        world.settle(&calls[probe[0] as usize - 1], DOWN);
    }
    assert_eq!(fresh, (11..=18).collect(), "an event that was not tried yet goes before those that failed");
}

#[test]
fn when_a_probe_succeeds_all_that_waits_goes_at_once() {
    let calls: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    let mut world = World::proven();
    calls.iter().zip(1..).for_each(|(call, sequence)| world.backlog.push(event(sequence, call)));
    world.tries();
    for call in &calls {
        world.settle(call, DOWN);
    }
    world.wait();
    let probe = world.tries();
    assert_eq!(probe.len(), 1);
    world.settle(&calls[probe[0] as usize - 1], Tried::Taken);
    assert!(world.backlog.is_working());
    assert_eq!(world.tries().len(), 11);
    assert!(!world.backlog.is_full());
}

#[test]
fn a_receiver_that_asks_for_rest_gets_it() {
    let rest = Tried::Failed { of_receiver: true, at_least: Duration::from_secs(500) };
    let mut world = World::new([(1, "a"), (2, "b")]);
    world.tries();
    world.settle("a", rest);
    world.settle("b", Tried::Failed { of_receiver: false, at_least: Duration::ZERO });
    assert_eq!(world.wait(), Duration::from_secs(500));
    assert_eq!(world.tries().len(), 1);
}

#[test]
fn nothing_more_is_read_when_there_is_enough() {
    let mut world = World::new([]);
    for sequence in 1..=2000 {
        assert!(!world.backlog.is_full(), "{sequence}");
        world.backlog.push(event(sequence, "a"));
    }
    assert!(world.backlog.is_full());
    let mut large = World::new([]);
    let mut pending = event(1, "a");
    pending.event.body = vec![0; 4 * 1024 * 1024].into();
    large.backlog.push(pending);
    assert!(large.backlog.is_full());
}

/// Receivers that fail at random for a while: every event is taken once, and those of a call in order.
#[test]
fn whatever_fails_each_event_is_taken_once_and_in_the_order_of_its_call() {
    for seed in 0..500 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::new([]);
        let (mut told, mut taken) = (0, BTreeMap::<String, Vec<u64>>::new());
        let mut in_flight: Vec<(u64, String)> = Vec::new();
        let mut is_down = false;
        let mut rounds = 0;
        while told < 100 || world.backlog.len() > 0 {
            rounds += 1;
            assert!(rounds < 100_000, "seed {seed}: it comes to an end");
            if told < 100 && random.next_u32() % 3 == 0 && !world.backlog.is_full() {
                told += 1;
                world.backlog.push(event(told, &(random.next_u32() % 7).to_string()));
            }
            if random.next_u32() % 50 == 0 {
                is_down = told < 100 && !is_down;
            }
            let now = world.now().instant;
            while let Some(pending) = world.backlog.next(now) {
                in_flight.push((pending.event.sequence, pending.event.subject.unwrap()));
            }
            if in_flight.is_empty() {
                if world.backlog.next_due().is_some() {
                    world.wait();
                }
                continue;
            }
            let (sequence, call) = in_flight.swap_remove(random.next_u32() as usize % in_flight.len());
            let tried = match random.next_u32() % 8 {
                _ if is_down => DOWN,
                0 => REFUSED,
                1 => DOWN,
                _ => Tried::Taken,
            };
            let now = world.now();
            assert!(world.backlog.settle(&Some(call.clone()), tried, now, random.next_u32()).is_none());
            if matches!(tried, Tried::Taken) {
                taken.entry(call).or_default().push(sequence);
            }
        }
        let all: BTreeSet<_> = taken.values().flatten().copied().collect();
        assert_eq!(all.len(), 100, "seed {seed}");
        assert_eq!(taken.values().map(Vec::len).sum::<usize>(), 100, "seed {seed}: each once");
        assert!(taken.values().all(|call| call.is_sorted()), "seed {seed}: in order");
    }
}

#[test]
fn no_event_is_given_up_because_the_clock_on_the_wall_is_set_forward_and_none_is_tried_for_ever_because_it_is_set_back()
 {
    let hours = |count: u64| Duration::from_secs(count * 3600);
    let mut world = World::new([(1, "a")]);
    assert_eq!(world.tries(), [1]);
    world.settle("a", REFUSED);
    world.passed = hours(1);
    assert_eq!(world.tries(), [1]);
    let forward = Now { wall: Timestamp(0).after(hours(25)), ..world.now() };
    assert!(world.backlog.settle(&Some("a".to_owned()), REFUSED, forward, LONG).is_none());
    world.passed = hours(24);
    assert_eq!(world.tries(), [1]);
    let back = Now { wall: Timestamp(0), ..world.now() };
    assert!(world.backlog.settle(&Some("a".to_owned()), REFUSED, back, LONG).is_some());
}
