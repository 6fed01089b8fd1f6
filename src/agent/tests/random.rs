//! Random lives: seeded calls over a network that loses, repeats, reorders and cuts, with commands that race. Whatever
//! happens, every call ends exactly once, every command is answered exactly once, an INVITE has one verdict, and
//! nothing is left.

mod caller;
mod network;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::Leftovers;
use super::phone::ANSWER;
use crate::agent::command::{Accept, Labels, Ring, Wait};
use crate::agent::event::{CallState, EndBy, EndCause, Event, EventKind};
use crate::agent::{Action, Call, CallId, OnOffer, Refusal, Settings, Ticket};
use caller::Plan;
use network::{Chance, Life, Network};

#[test]
fn every_random_life_over_udp_ends_once_and_leaves_nothing() {
    let mut ends = Ends::new();
    for seed in 0..1500 {
        live(seed, Network::unreliable(), &mut ends);
    }
    assert_all_ends_were_seen(&ends);
}

#[test]
fn every_random_life_over_tcp_ends_once_and_leaves_nothing() {
    let mut ends = Ends::new();
    for seed in 10_000..11_500 {
        live(seed, Network::stream(), &mut ends);
    }
    assert_all_ends_were_seen(&ends);
}

#[test]
fn ten_thousand_races_of_accept_and_cancel_have_one_verdict_each_on_both_sides() {
    let mut ends = Ends::new();
    for seed in 0..10_000 {
        let mut life = Life::new(seed, Network::perfect(), Settings::default());
        life.place_call(0, Plan::cancel_after(Duration::from_millis(150)), Duration::ZERO);
        let accept = life.chance.up_to(Duration::from_millis(300));
        life.command_later(accept, Action::Accept(Accept::default()));
        life.run(Duration::from_secs(60));
        check(seed, &life, &mut ends);
    }
    let accepted = ends.get(&(EndCause::Hangup, EndBy::Remote)).copied().unwrap_or_default();
    let cancelled = ends.get(&(EndCause::Cancelled, EndBy::Remote)).copied().unwrap_or_default();
    assert_eq!(accepted + cancelled, 10_000);
    assert!(accepted > 1000 && cancelled > 1000, "both win: {accepted} accepted, {cancelled} cancelled");
}

/// How often calls ended in which way.
type Ends = BTreeMap<(EndCause, EndBy), usize>;

/// The lives are worth living: each way to end was taken.
fn assert_all_ends_were_seen(ends: &Ends) {
    use EndBy::{Api, Policy, Remote, System};
    use EndCause::{Cancelled, Hangup, Rejected, Timeout};
    for end in [
        (Cancelled, Remote),
        (Cancelled, Api),
        (Rejected, Api),
        (Rejected, Policy),
        (Rejected, System),
        (Hangup, System),
        (Hangup, Remote),
        (Hangup, Api),
        (Timeout, System),
        (Timeout, Policy),
    ] {
        assert!(ends.contains_key(&end), "no life ended {end:?}: {ends:?}");
    }
}

/// Three calls at a time, with commands from three clients that do not know of each other.
fn live(seed: u64, network: Network, ends: &mut Ends) {
    let mut life = Life::new(seed, network, settings(seed));
    for number in 0..3 {
        let plan = Plan::random(&mut life.chance);
        let start = life.chance.up_to(Duration::from_millis(300));
        life.place_call(number, plan, start);
    }
    for _ in 0..12 {
        let (at, action) = (life.chance.up_to(Duration::from_secs(12)), random_action(&mut life.chance));
        life.command_later(at, action);
    }
    let patience = life.chance.up_to(Duration::from_secs(240));
    life.run(patience);
    if seed.is_multiple_of(10) {
        life.shut_down()
    } else {
        life.hang_up_everything()
    }
    life.run(Duration::from_secs(150));
    let late = life.sent;
    life.run(Duration::from_secs(600));
    assert_eq!(life.sent, late, "seed {seed}: a message after the end");
    check(seed, &life, ends);
}

/// What holds for every life when it is over.
fn check(seed: u64, life: &Life, ends: &mut Ends) {
    assert_eq!(life.agent.leftovers(), Leftovers::default(), "seed {seed}");
    check_events(seed, &life.events);
    check_answers(seed, life.asked, &life.answers);
    check_verdicts(seed, &life.verdicts, &life.events);
    for end in life
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Ended)
        .filter_map(|event| event.call.end.as_ref())
    {
        *ends.entry((end.cause, end.by)).or_default() += 1;
    }
}

/// Most agents leave a new call to their clients.
fn settings(seed: u64) -> Settings {
    let on_offer = match seed % 16 {
        1 => OnOffer::Ring,
        2 => OnOffer::Accept,
        3 => OnOffer::Reject,
        _ => OnOffer::None,
    };
    Settings { on_offer, ..Settings::default() }
}

fn random_action(chance: &mut Chance) -> Action {
    match chance.below(12) {
        0..=2 => Action::Ring(Ring { early_media: chance.below(3) == 0, ..Ring::default() }),
        3..=6 => {
            let wait = if chance.below(2) == 0 { Wait::Sent } else { Wait::Established };
            let sdp = (chance.below(3) == 0).then(|| ANSWER.to_owned());
            Action::Accept(Accept { wait, sdp, ..Accept::default() })
        }
        7 => Action::Reject(Default::default()),
        8 => Action::Cancel(Default::default()),
        9 => Action::Label(Labels { labels: Some([("k".to_owned(), Some("v".to_owned()))].into()) }),
        _ => Action::Hangup(Default::default()),
    }
}

/// One first event, one end, versions without a hole, states that only go forward.
fn check_events(seed: u64, events: &[Event]) {
    let mut calls: BTreeMap<CallId, Vec<&Event>> = BTreeMap::new();
    for event in events {
        calls.entry(event.call.id).or_default().push(event);
    }
    for (id, events) in calls {
        let count = |kind| events.iter().filter(|event| event.kind == kind).count();
        assert_eq!(events[0].kind, EventKind::Offered, "seed {seed}: first event of {id}");
        assert_eq!(count(EventKind::Offered), 1, "seed {seed}: offered once");
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

fn check_answers(seed: u64, asked: u64, answers: &HashMap<Ticket, Result<Arc<Call>, Refusal>>) {
    assert_eq!(answers.len() as u64, asked, "seed {seed}: each command is answered");
    for answer in answers.values() {
        if let Err(Refusal::CallEnded(call)) = answer {
            assert!(call.end.is_some(), "seed {seed}: ended without an end");
        }
    }
}

/// The wire and the clients are told the same: a 2xx for calls that were accepted, the end's status for the others.
fn check_verdicts(seed: u64, verdicts: &HashMap<String, HashSet<u16>>, events: &[Event]) {
    for event in events.iter().filter(|event| event.kind == EventKind::Ended) {
        let call = &event.call;
        let (Some(end), Some(verdict)) = (&call.end, verdicts.get(&*call.sip.call_id)) else {
            panic!("seed {seed}: {} has no verdict", call.id)
        };
        assert_eq!(verdict.len(), 1, "seed {seed}: one verdict, not {verdict:?}");
        let expected = if call.accepted_at.is_some() { Some(200) } else { end.sip_status };
        assert_eq!(verdict.iter().copied().next(), expected, "seed {seed}: {end:?}");
        let unanswered = matches!(end.cause, EndCause::Cancelled | EndCause::Rejected | EndCause::Failed);
        assert!(!(unanswered && call.accepted_at.is_some()), "seed {seed}: {end:?} after the answer");
    }
}
