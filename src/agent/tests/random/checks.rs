//! What holds for every life when it is over.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Ends;
use super::network::Life;
use crate::agent::Leftovers;
use crate::agent::event::{CallState, Direction, End, EndCause, Event, EventKind, RegistrationState};
use crate::agent::{Call, CallId, Done, Refusal, Ticket};

/// Nothing is left, and everybody was told the truth once.
pub fn check(seed: u64, life: &Life, ends: &mut Ends) {
    assert_eq!(life.agent.leftovers(), Leftovers::default(), "seed {seed}");
    assert!(life.saves.is_empty(), "seed {seed}: a BYE that is answered or given up is on record");
    check_events(seed, &life.events);
    check_answers(seed, life.asked - life.unanswered, &life.answers);
    check_accounts(seed, life);
    ends.registrations.extend(&life.registrations);
    for call in life.events.iter().filter(|event| event.kind == EventKind::Ended).map(|event| &event.call) {
        let end = call.end.as_ref().expect("an end");
        let direction = match call.direction {
            _ if end.cause == EndCause::Lost => check_loss(seed, life, call),
            Direction::Inbound => check_our_verdict(seed, life, call, end),
            Direction::Outbound => check_their_verdict(seed, life, call, end),
        };
        let by_account = if direction == "in" { "in to an account" } else { "out by an account" };
        for kind in [Some(direction), call.account.as_ref().map(|_| by_account)].into_iter().flatten() {
            *ends.calls.entry((kind, end.cause, end.by)).or_default() += 1;
        }
    }
}

/// Nobody is registered any more, and what clients were told of that is so.
fn check_accounts(seed: u64, life: &Life) {
    for account in life.agent.accounts() {
        assert_eq!(account.state, RegistrationState::Unregistered, "seed {seed}");
        assert!(life.bound(&account).is_empty(), "seed {seed}: calls still come: {account:?}");
    }
    assert!(life.agent.is_idle(), "seed {seed}: something is to come");
}

/// One first event, one end, versions without a hole, states that only go forward.
fn check_events(seed: u64, events: &[Event]) {
    let mut calls: BTreeMap<CallId, Vec<&Event>> = BTreeMap::new();
    for event in events {
        calls.entry(event.call.id).or_default().push(event);
    }
    for (id, events) in calls {
        let count = |kind| events.iter().filter(|event| event.kind == kind).count();
        let first = match events[0].call.direction {
            Direction::Inbound => EventKind::Offered,
            Direction::Outbound => EventKind::Dialing,
        };
        assert_eq!(events[0].kind, first, "seed {seed}: first event of {id}");
        assert_eq!(count(first), 1, "seed {seed}: begun once");
        assert_eq!(
            events.last().map(|event| event.kind),
            Some(EventKind::Ended),
            "seed {seed}: last event of {id}"
        );
        assert_eq!(count(EventKind::Ended), 1, "seed {seed}: ended once");
        for (before, after) in events.iter().zip(&events[1..]) {
            assert_eq!(after.call.version, before.call.version + 1, "seed {seed}: version");
            assert!(rank(after.call.state) >= rank(before.call.state), "seed {seed}: state goes back");
            assert!(after.time >= before.time, "seed {seed}: time goes back");
        }
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

fn check_answers(seed: u64, asked: u64, answers: &HashMap<Ticket, Result<Done, Refusal>>) {
    assert_eq!(answers.len() as u64, asked, "seed {seed}: each command is answered");
    for answer in answers.values() {
        if let Err(Refusal::CallEnded(call)) = answer {
            assert!(call.end.is_some(), "seed {seed}: ended without an end");
        }
    }
}

/// The wire and the clients are told the same: a 2xx for calls that were accepted, the end's status for the others.
fn check_our_verdict(seed: u64, life: &Life, call: &Call, end: &End) -> &'static str {
    let Some(verdict) = verdict(life, call) else {
        assert!(life.deaths > 0, "seed {seed}: {} has no verdict", call.id);
        return "in";
    };
    assert_eq!(verdict.len(), 1, "seed {seed}: one verdict, not {verdict:?}");
    let expected = if call.accepted_at.is_some() { Some(200) } else { end.sip_status };
    assert_eq!(verdict.iter().copied().next(), expected, "seed {seed}: {end:?}");
    let unanswered = matches!(end.cause, EndCause::Cancelled | EndCause::Rejected | EndCause::Failed);
    assert!(!(unanswered && call.accepted_at.is_some()), "seed {seed}: {end:?} after the answer");
    "in"
}

fn verdict<'a>(life: &'a Life, call: &Call) -> Option<&'a HashSet<u16>> {
    life.verdicts.get(&(call.sip.call_id.to_string(), call.sip.local_tag.to_string()))
}

/// What was lost had no answer that its caller could have heard, and was no call that both sides knew of.
fn check_loss(seed: u64, life: &Life, call: &Call) -> &'static str {
    assert!(life.deaths > 0, "seed {seed}: lost for nothing");
    assert!(call.established_at.is_none(), "seed {seed}: an established call is lost");
    let is_answered = verdict(life, call).is_some();
    assert!(!is_answered || call.accepted_at.is_some(), "seed {seed}: a verdict that nobody was told of");
    if call.direction == Direction::Inbound { "in" } else { "out" }
}

/// The same of a call of ours: what clients are told has been said.
fn check_their_verdict(seed: u64, life: &Life, call: &Call, end: &End) -> &'static str {
    let callee = life.callees.iter().find(|callee| callee.call_id == *call.sip.call_id);
    let verdict = callee.and_then(|callee| callee.verdict());
    if call.accepted_at.is_some() {
        assert_eq!(verdict, Some(200), "seed {seed}: {end:?} of a call that nobody answered");
        assert!(call.established_at == call.accepted_at, "seed {seed}: the ACK comes at once");
        // In time: the ACK to the 200 of a re-INVITE of theirs never came.
        assert!(
            matches!(end.cause, EndCause::Hangup | EndCause::Failed | EndCause::Timeout),
            "seed {seed}: {end:?} after the answer"
        );
    } else {
        assert_ne!(end.cause, EndCause::Hangup, "seed {seed}: {end:?} before the answer");
    }
    if end.sip_status.is_some() {
        assert_eq!(verdict, end.sip_status, "seed {seed}: {end:?}");
    }
    "out"
}
