//! What holds for every program when it is over.

use std::collections::BTreeMap;

use call_agent::agent::event::{CallState, Direction, Event, EventKind, RegistrationState};
use call_agent::agent::{CallId, Leftovers};

use crate::world::World;

/// Nothing is left, and everybody was told once.
pub fn check(world: &World) {
    assert_eq!(world.agent.leftovers(), Leftovers::default());
    assert!(world.agent.is_idle(), "something is to come");
    for account in world.agent.accounts() {
        assert_eq!(account.state, RegistrationState::Unregistered);
    }
    assert_eq!(world.answers.len() as u64, world.asked, "each command is answered");
    let mut calls: BTreeMap<CallId, Vec<&Event>> = BTreeMap::new();
    for event in &world.events {
        calls.entry(event.call.id).or_default().push(event);
    }
    calls.values().for_each(|events| check_call(events));
}

/// One first event, one end, versions without a hole, states that only go forward.
fn check_call(events: &[&Event]) {
    let count = |kind| events.iter().filter(|event| event.kind == kind).count();
    let first = match events[0].call.direction {
        Direction::Inbound => EventKind::Offered,
        Direction::Outbound => EventKind::Dialing,
    };
    assert_eq!((events[0].kind, count(first)), (first, 1), "it begins once: {events:#?}");
    let last = events[events.len() - 1];
    assert_eq!((last.kind, count(EventKind::Ended)), (EventKind::Ended, 1), "it ends once: {events:#?}");
    assert!(last.call.end.is_some() && last.call.ended_at.is_some());
    for (before, after) in events.iter().zip(&events[1..]) {
        assert_eq!(after.call.version, before.call.version + 1, "a version for each event");
        assert!(rank(after.call.state) >= rank(before.call.state), "a state goes back");
        assert!(after.time >= before.time, "time goes back");
    }
}

fn rank(state: CallState) -> u8 {
    match state {
        CallState::Offered | CallState::Dialing => 0,
        CallState::Ringing => 1,
        CallState::Accepted => 2,
        CallState::Established => 3,
        CallState::Ended => 4,
    }
}
