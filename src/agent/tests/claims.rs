//! Leases on calls.

use std::time::Duration;

use super::harness::World;
use super::phone::{established, offered};
use crate::agent::command::{Accept, Claimant, Reject, RenewClaim, TakeClaim};
use crate::agent::event::{Detail, EventKind, ReleaseReason};
use crate::agent::{Action, Call, CallCommand, Command, Refusal, Settings, Ticket};

fn take(owner: &str, ttl_seconds: u32) -> Action {
    Action::Claim(TakeClaim { owner: owner.to_owned(), ttl_seconds, takeover: false })
}

fn by(owner: &str, fence: Option<u64>) -> Option<Claimant> {
    Some(Claimant { owner: owner.to_owned(), fence })
}

/// A command of somebody to the call.
fn ask(world: &mut World, by: Option<Claimant>, action: Action) -> Ticket {
    let call = world.call().id;
    world.give(Command::Call(CallCommand { call, if_version: None, by, action }))
}

fn lease(call: &Call) -> Option<(&str, u64)> {
    call.claim.as_ref().map(|claim| (claim.owner.as_str(), claim.fence))
}

/// Why leases were over, and which.
fn releases(world: &World) -> Vec<(ReleaseReason, String, u64)> {
    let details = world.events.iter().filter_map(|event| event.detail.clone());
    let release = |detail| match detail {
        Detail::Release(release) => Some((release.reason, release.owner, release.fence)),
        _ => None,
    };
    details.filter_map(release).collect()
}

#[test]
fn while_a_lease_lasts_only_its_owner_is_heard() {
    let mut world = World::tcp();
    offered(&mut world);
    let ticket = world.ask(take("crm-1", 60));
    assert_eq!(lease(&world.done(ticket)), Some(("crm-1", 1)));
    for other in [None, by("crm-2", None), by("crm-2", Some(1))] {
        for action in
            [Action::Reject(Reject::default()), Action::Hangup(Default::default()), take("crm-2", 60)]
        {
            let is_claim = matches!(action, Action::Claim(_));
            let ticket = ask(&mut world, other.clone().filter(|_| !is_claim), action);
            let refused = world.refused(ticket);
            assert!(
                matches!(&refused, Refusal::Claimed(call) if lease(call) == Some(("crm-1", 1))),
                "{refused}"
            );
        }
    }
    assert!(world.wire().is_empty());
    let ticket = ask(&mut world, by("crm-1", Some(1)), Action::Reject(Reject::default()));
    assert!(world.done(ticket).claim.is_none(), "the end ends the lease");
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Claimed, EventKind::Ended]);
    world.advance(Duration::from_secs(64));
    assert!(releases(&world).is_empty(), "without an event of its own");
}

#[test]
fn a_lease_lapses_and_the_next_one_has_a_greater_fence() {
    let mut world = World::tcp();
    established(&mut world);
    let ticket = world.ask(take("crm-1", 60));
    world.done(ticket);
    world.advance(Duration::from_millis(59_999));
    assert!(world.call().claim.is_some());
    world.advance(Duration::from_millis(1));
    assert!(world.call().claim.is_none());
    assert_eq!(releases(&world), [(ReleaseReason::Lapsed, "crm-1".to_owned(), 1)]);
    let ticket = ask(&mut world, by("crm-1", Some(1)), Action::Hangup(Default::default()));
    let refused = world.refused(ticket);
    assert!(matches!(refused, Refusal::LeaseOver(..)), "who believes to have it is kept out: {refused}");
    let ticket = world.ask(take("crm-2", 60));
    assert_eq!(lease(&world.done(ticket)), Some(("crm-2", 2)));
}

#[test]
fn who_is_kept_out_is_told_whose_the_lease_is_or_that_his_is_over() {
    let mut world = World::tcp();
    established(&mut world);
    let refused = |world: &mut World, owner: &str, fence: Option<u64>| {
        let ticket = ask(world, by(owner, fence), Action::Hangup(Default::default()));
        world.refused(ticket).to_string()
    };
    assert_eq!(
        refused(&mut world, "crm-1", Some(1)),
        "no lease with the fence 1 lasts: nobody has claimed the call"
    );
    let ticket = world.ask(take("crm-1", 60));
    let until = world.done(ticket).claim.as_ref().unwrap().expires_at;
    for fence in [None, Some(1), Some(2)] {
        let told = refused(&mut world, "crm-2", fence);
        assert_eq!(told, format!("the call is claimed by \"crm-1\" until {until}"));
    }
    for fence in [0, 2, u64::MAX] {
        assert_eq!(
            refused(&mut world, "crm-1", Some(fence)),
            format!("no lease with the fence {fence} lasts: yours has the fence 1, until {until}")
        );
    }
}

#[test]
fn an_own_lease_is_renewed_and_keeps_its_fence() {
    let mut world = World::tcp();
    established(&mut world);
    world.ask(take("crm-1", 60));
    world.advance(Duration::from_secs(50));
    let renew = Action::RenewClaim(RenewClaim { owner: "crm-1".to_owned(), ttl_seconds: 60 });
    let ticket = world.ask(renew.clone());
    assert_eq!(lease(&world.done(ticket)), Some(("crm-1", 1)));
    world.advance(Duration::from_secs(59));
    assert!(world.call().claim.is_some());
    let theirs = Action::RenewClaim(RenewClaim { owner: "crm-2".to_owned(), ttl_seconds: 60 });
    let ticket = world.ask(theirs);
    assert!(matches!(world.refused(ticket), Refusal::Claimed(_)));
    world.advance(Duration::from_secs(1));
    let ticket = world.ask(renew);
    assert_eq!(lease(&world.done(ticket)), Some(("crm-1", 2)), "without a lease it is taken");
}

#[test]
fn a_lease_is_given_up_by_its_owner_and_taken_over_by_another() {
    let mut world = World::tcp();
    established(&mut world);
    world.ask(take("crm-1", 60));
    let ticket = ask(&mut world, by("crm-2", None), Action::ReleaseClaim);
    assert!(matches!(world.refused(ticket), Refusal::Claimed(_)));
    let takeover = TakeClaim { owner: "crm-2".to_owned(), ttl_seconds: 60, takeover: true };
    let ticket = world.ask(Action::Claim(takeover));
    assert_eq!(lease(&world.done(ticket)), Some(("crm-2", 2)));
    let ticket = ask(&mut world, by("crm-2", Some(2)), Action::ReleaseClaim);
    assert_eq!(lease(&world.done(ticket)), None);
    let ticket = world.ask(Action::ReleaseClaim);
    assert_eq!(lease(&world.done(ticket)), None, "there is nothing to give up");
    let gone =
        [(ReleaseReason::TakenOver, "crm-1".to_owned(), 1), (ReleaseReason::Released, "crm-2".to_owned(), 2)];
    assert_eq!(releases(&world), gone);
    world.advance(Duration::from_secs(64));
    assert_eq!(releases(&world).len(), 2, "no lease lapses that is over");
}

#[test]
fn a_lease_outlives_the_answer_and_the_ack() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.ask(take("crm-1", 60));
    ask(&mut world, by("crm-1", None), Action::Accept(Accept::default()));
    let ok = world.response();
    let mut phone = phone;
    phone.learn(&ok);
    world.deliver(phone.ack(""));
    assert_eq!(world.call().state.name(), "established");
    world.advance(Duration::from_secs(60));
    assert_eq!(releases(&world).len(), 1);
}

#[test]
fn by_the_policy_the_first_command_of_who_says_his_name_takes_the_lease() {
    let claim_on_command = Duration::from_secs(60);
    let mut world = World::with(Settings { claim_on_command, ..Settings::default() });
    offered(&mut world);
    let ticket = ask(&mut world, None, Action::Ring(Default::default()));
    let (_, _) = (world.done(ticket), world.wire());
    assert_eq!(lease(&world.call()), None, "nobody has said his name");
    ask(&mut world, by("crm-1", None), Action::Ring(Default::default()));
    assert_eq!(lease(&world.call()), Some(("crm-1", 1)));
    let ticket = ask(&mut world, by("crm-2", None), Action::Reject(Reject::default()));
    assert!(matches!(world.refused(ticket), Refusal::Claimed(_)));
    ask(&mut world, by("crm-1", None), Action::Reject(Reject::default()));
    assert_eq!(world.told().last(), Some(&EventKind::Ended), "the end takes no lease");
}

#[test]
fn an_owner_without_a_name_and_a_time_out_of_range_are_refused() {
    let mut world = World::tcp();
    established(&mut world);
    for (action, wrong) in [
        (take("", 60), "owner"),
        (take("a b", 60), "owner"),
        (take(&"x".repeat(129), 60), "owner"),
        (take("crm", 0), "ttl_seconds"),
        (take("crm", 86_401), "ttl_seconds"),
    ] {
        let ticket = world.ask(action);
        assert!(matches!(world.refused(ticket), Refusal::InvalidField { field, .. } if field == wrong));
    }
}

#[test]
fn a_lease_and_its_fence_come_back_after_a_crash() {
    let mut world = World::with(Settings { keeps_calls: true, ..Settings::default() });
    established(&mut world);
    world.ask(take("crm-1", 60));
    world.crash();
    assert_eq!(lease(&world.call()), Some(("crm-1", 1)));
    world.advance(Duration::from_secs(60));
    assert_eq!(lease(&world.call()), None);
    world.crash();
    let ticket = world.ask(take("crm-2", 60));
    assert_eq!(lease(&world.done(ticket)), Some(("crm-2", 2)));
}
