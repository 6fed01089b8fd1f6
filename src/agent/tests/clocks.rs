//! The clock on the wall is set while calls go on: forward by a day, back by an hour.

use std::time::Duration;

use super::harness::World;
use super::phone::{Phone, established, offered};
use crate::agent::command::TakeClaim;
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::agent::{Action, Policies, Settings};

/// Microseconds.
const JUMPS: [i64; 2] = [86_400_000_000, -3_600_000_000];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_call_rings_as_long_as_it_may_wherever_the_clock_is_set() {
    for jump in JUMPS {
        let mut world = World::with(Settings { ring_timeout: seconds(180), ..Settings::default() });
        offered(&mut world);
        world.advance(seconds(100));
        world.now.wall.0 += jump;
        world.advance(seconds(79));
        assert!(world.call().end.is_none(), "{jump}");
        world.advance(seconds(1));
        assert_eq!(world.end(), (EndCause::Timeout, EndBy::Policy, Some(480)), "{jump}");
    }
}

#[test]
fn a_call_lasts_as_long_as_it_may_and_a_lease_as_long_as_it_was_taken() {
    for jump in JUMPS {
        let policies = Policies { max_duration: seconds(600), ..Policies::default() };
        let mut world = World::with(Settings { policies, ..Settings::default() });
        established(&mut world);
        world.ask(Action::Claim(TakeClaim { owner: "crm".to_owned(), ttl_seconds: 60, takeover: false }));
        world.advance(seconds(59));
        world.now.wall.0 += jump;
        assert!(world.call().claim.is_some(), "{jump}");
        world.advance(seconds(1));
        assert!(world.call().claim.is_none() && world.told().contains(&EventKind::Released), "{jump}");
        world.advance(seconds(539));
        assert!(world.call().end.is_none(), "{jump}");
        world.advance(seconds(1));
        assert!(world.call().end.is_some(), "{jump}");
    }
}

#[test]
fn calls_keep_their_order_and_no_two_have_one_id() {
    let mut world = World::tcp();
    let mut ids = Vec::new();
    for (number, jump) in [0].into_iter().chain(JUMPS).chain([0]).enumerate() {
        world.now.wall.0 += jump;
        world.deliver(Phone::numbered(&world, number as u64).invite());
        ids.push(world.call().id);
    }
    assert!(ids.is_sorted_by(|before, after| before < after), "{ids:?}");
}
