//! Random lives: seeded calls in both directions and registrations, over a network that loses, repeats, reorders and cuts,
//! with challenges on the way and commands that race. Whatever happens, every call ends exactly once, every command is
//! answered exactly once, an INVITE has one verdict, clients are told what the registrar has, and nothing is left.

mod callee;
mod caller;
mod chance;
mod checks;
mod network;
mod proof;
mod registrar;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::callee::{account, order};
use super::phone::ANSWER;
use crate::agent::command::{Accept, Labels, Originate, Ring, Wait};
use crate::agent::event::{EndBy, EndCause, EventKind, RegistrationState};
use crate::agent::{Action, OnOffer, Settings};
use crate::sip::Transport;
use caller::Plan;
use chance::{Chance, Network};
use checks::check;
use network::Life;

#[test]
fn every_random_life_over_udp_ends_once_and_leaves_nothing() {
    let mut ends = Ends::default();
    for seed in 0..1000 {
        live(seed, Network::unreliable(), &mut ends);
    }
    assert_all_ends_were_seen(&Network::unreliable(), &ends);
}

#[test]
fn every_random_life_over_tcp_ends_once_and_leaves_nothing() {
    let mut ends = Ends::default();
    for seed in 10_000..11_000 {
        live(seed, Network::stream(), &mut ends);
    }
    assert_all_ends_were_seen(&Network::stream(), &ends);
}

#[test]
fn ten_thousand_races_of_accept_and_cancel_have_one_verdict_each_on_both_sides() {
    let mut ends = Ends::default();
    for seed in 0..10_000 {
        let mut life = Life::new(seed, Network::perfect(), Settings::default());
        life.place_call(0, Plan::cancel_after(Duration::from_millis(150)), Duration::ZERO);
        let accept = life.chance.up_to(Duration::from_millis(300));
        life.command_later(accept, Action::Accept(Accept::default()));
        life.run(Duration::from_secs(60));
        check(seed, &life, &mut ends);
    }
    let count = |cause| ends.calls.get(&("in", cause, EndBy::Remote)).copied().unwrap_or_default();
    let (accepted, cancelled) = (count(EndCause::Hangup), count(EndCause::Cancelled));
    assert_eq!(accepted + cancelled, 10_000);
    assert!(accepted > 1000 && cancelled > 1000, "both win: {accepted} accepted, {cancelled} cancelled");
}

#[test]
fn races_of_an_answer_and_our_cancel_leave_no_phone_picked_up() {
    let mut ends = Ends::default();
    for seed in 0..2_000 {
        // Half of the agents have an account, and are asked who they are before and after the answer.
        let accounts = if seed % 2 == 0 { vec![] } else { vec![account("1000")] };
        let is_asked = !accounts.is_empty();
        let mut life = Life::new(seed, Network::perfect(), Settings { accounts, ..Settings::default() });
        life.registrar.is_good = true;
        let answer = life.chance.up_to(Duration::from_millis(400));
        let fork = (life.chance.below(2) == 0).then(|| life.chance.up_to(Duration::from_secs(30)));
        let plan = callee::Plan::answer_after(answer, fork);
        life.plan = Some(if is_asked { plan.guarded(&mut life.chance) } else { plan });
        life.dial_later(Duration::ZERO, order());
        let cancel = life.chance.up_to(Duration::from_millis(700));
        life.command_later(cancel, Action::Hangup(Default::default()));
        life.run(Duration::from_secs(100));
        life.unregister_everything();
        life.run(Duration::from_secs(40));
        check(seed, &life, &mut ends);
        assert!(
            life.callees.iter().all(|callee| callee.is_settled()),
            "seed {seed}: a phone is picked up for ever"
        );
    }
    let count = |cause| ends.calls.get(&("out", cause, EndBy::Api)).copied().unwrap_or_default();
    let (answered, cancelled) = (count(EndCause::Hangup), count(EndCause::Cancelled));
    assert_eq!(answered + cancelled, 2_000, "{ends:?}");
    assert!(answered > 200 && cancelled > 200, "both win: {answered} answered, {cancelled} cancelled");
}

#[test]
fn every_random_life_with_crashes_in_it_leaves_each_call_with_one_beginning_and_one_end() {
    for (network, seeds) in [(Network::unreliable(), 20_000..21_000), (Network::stream(), 30_000..31_000)] {
        let (mut ends, mut recovered) = (Ends::default(), 0);
        for seed in seeds {
            let life = live_through_crashes(seed, network);
            check(seed, &life, &mut ends);
            recovered += life.events.iter().filter(|event| event.kind == EventKind::Recovered).count();
        }
        let count =
            |direction, cause, by| ends.calls.get(&(direction, cause, by)).copied().unwrap_or_default();
        let lost = ["in", "out"].map(|direction| count(direction, EndCause::Lost, EndBy::System));
        assert!(recovered > 500 && lost.iter().all(|lost| *lost > 200), "{recovered} {lost:?} {ends:?}");
    }
}

/// How lives went.
#[derive(Debug, Default)]
struct Ends {
    /// How often calls of which direction ended in which way; those of accounts once more.
    calls: BTreeMap<(&'static str, EndCause, EndBy), usize>,
    /// What clients were told of registrations.
    registrations: HashSet<RegistrationState>,
}

/// The lives are worth living: each way to end was taken.
fn assert_all_ends_were_seen(network: &Network, ends: &Ends) {
    use EndBy::{Api, Policy, Remote, System};
    use EndCause::{Cancelled, Failed, Hangup, Rejected, Timeout};
    let inbound = [
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
    ];
    let outbound = [
        (Cancelled, Api),
        (Cancelled, System),
        (Rejected, Remote),
        (Hangup, System),
        (Hangup, Remote),
        (Hangup, Api),
        (Timeout, Policy),
        (Failed, System),
    ];
    // What a connection has not brought is known to be lost; a datagram is waited for.
    let silence: &[_] = if network.transport == Transport::Udp { &[(Timeout, System)] } else { &[] };
    let ours = [(Cancelled, Api), (Rejected, Remote), (Hangup, Remote), (Hangup, Api)];
    let expected = [
        ("in", &inbound[..]),
        ("out", &outbound[..]),
        ("out", silence),
        ("in to an account", &inbound[..1]),
        ("out by an account", &ours[..]),
    ];
    for (direction, (cause, by)) in
        expected.into_iter().flat_map(|(direction, ends)| ends.iter().map(move |end| (direction, *end)))
    {
        let end = (direction, cause, by);
        assert!(ends.calls.contains_key(&end), "no life ended {end:?}: {ends:?}");
    }
    assert_eq!(ends.registrations.len(), 5, "all states were seen: {ends:?}");
}

/// Three calls each way at a time, with commands from three clients that do not know of each other.
fn live(seed: u64, network: Network, ends: &mut Ends) {
    let mut life = Life::new(seed, network, settings(seed));
    for number in 0..3 {
        let plan = Plan::random(&mut life.chance);
        let start = life.chance.up_to(Duration::from_millis(300));
        life.place_call(number, plan, start);
    }
    for _ in 0..3 {
        let start = life.chance.up_to(Duration::from_secs(1));
        let seconds = life.chance.below(30);
        let timeout_seconds = (1..15).contains(&seconds).then(|| u32::try_from(seconds).expect("few"));
        let to = if life.has_accounts() && life.chance.percent(70) { "1001".to_owned() } else { order().to };
        life.dial_later(start, Originate { timeout_seconds, to, ..order() });
    }
    for _ in 0..16 {
        let (at, action) = (life.chance.up_to(Duration::from_secs(12)), random_action(&mut life.chance));
        life.command_later(at, action);
    }
    // No call begins behind it.
    let patience = Duration::from_secs(1) + life.chance.up_to(Duration::from_secs(240));
    life.wish_for_accounts(4, patience.min(Duration::from_secs(60)));
    life.run(patience);
    if seed.is_multiple_of(10) {
        life.shut_down();
    } else {
        life.hang_up_everything();
        life.unregister_everything();
    }
    // An INVITE that was lost may come now, and go unanswered for three minutes.
    life.run(Duration::from_secs(250));
    let late = life.sent;
    life.run(Duration::from_secs(600));
    assert_eq!(life.sent, late, "seed {seed}: a message after the end");
    check(seed, &life, ends);
}

/// Calls both ways, and one to three ends of the process in the middle of them.
fn live_through_crashes(seed: u64, network: Network) -> Life {
    let mut life =
        Life::new(seed, network, Settings { accounts: Vec::new(), keeps_calls: true, ..settings(seed) });
    for number in 0..3 {
        let (plan, start) = (Plan::random(&mut life.chance), life.chance.up_to(Duration::from_secs(4)));
        life.place_call(number, plan, start);
    }
    for _ in 0..2 {
        let start = life.chance.up_to(Duration::from_secs(4));
        life.dial_later(start, order());
    }
    for _ in 0..16 {
        let (at, action) = (life.chance.up_to(Duration::from_secs(12)), random_action(&mut life.chance));
        life.command_later(at, action);
    }
    for _ in 0..=life.chance.below(3) {
        let (at, at_once) = (life.chance.up_to(Duration::from_secs(12)), life.chance.percent(30));
        life.crash_later(at, at_once);
    }
    life.run(Duration::from_secs(40));
    life.hang_up_everything();
    life.run(Duration::from_secs(250));
    // What nobody had to answer before.
    life.hang_up_everything();
    life.run(Duration::from_secs(600));
    life
}

/// Most agents leave a new call to their clients; half of them have one or two accounts.
fn settings(seed: u64) -> Settings {
    let on_offer = match seed % 16 {
        1 => OnOffer::Ring,
        2 => OnOffer::Accept,
        3 => OnOffer::Reject,
        _ => OnOffer::None,
    };
    let ids = ["1000", "1001"].into_iter().take([0, 1, 0, 2][usize::try_from(seed / 16 % 4).expect("few")]);
    Settings { on_offer, accounts: ids.map(account).collect(), ..Settings::default() }
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
