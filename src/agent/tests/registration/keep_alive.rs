//! Keep-alives on the connection of a registration (RFC 5626 §3.5.1, §4.4.1).

use std::time::Duration;

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::FlowId;
use crate::agent::command::AccountAction;
use crate::agent::event::RegistrationState::{Failed, Registered};
use crate::sip::Transport;

/// Time goes on until so many keep-alives have been sent since the last time.
fn pinged(registrar: &mut Registrar, count: usize) -> Vec<Duration> {
    registrar.pings.clear();
    let mut before = registrar.now.instant;
    while registrar.pings.len() < count {
        let next = registrar.agent.poll_timeout().expect("an alarm");
        registrar.advance(next - registrar.now.instant);
    }
    let mut gaps = Vec::new();
    for (at, _) in &registrar.pings {
        gaps.push(*at - before);
        before = *at;
    }
    gaps
}

#[test]
fn a_stream_is_kept_alive_every_two_minutes_at_most() {
    let mut registrar = registered();
    let gaps = pinged(&mut registrar, 10);
    assert!(gaps.iter().all(|gap| (seconds(95)..=seconds(120)).contains(gap)), "{gaps:?}");
    assert!(gaps.windows(2).any(|pair| pair[0] != pair[1]));
    assert!(registrar.pings.iter().all(|(_, flow)| *flow == registrar.flow.id));
}

#[test]
fn a_way_over_udp_is_kept_alive_every_half_minute_at_most() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.transport = Transport::Udp;
    registrar.take();
    let gaps = pinged(&mut registrar, 10);
    assert!(gaps.iter().all(|gap| (seconds(25)..=seconds(30)).contains(gap)), "{gaps:?}");
}

#[test]
fn a_peer_that_never_answers_one_is_not_taken_for_dead() {
    let mut registrar = registered();
    pinged(&mut registrar, 10);
    assert_eq!(registrar.states(), []);
}

#[test]
fn a_peer_that_has_answered_once_must_answer_again() {
    let mut registrar = registered();
    pinged(&mut registrar, 1);
    registrar.pong();
    pinged(&mut registrar, 1);
    registrar.advance(seconds(9));
    assert_eq!(registrar.state(), Registered);
    registrar.advance(seconds(1));
    assert!(!registrar.is_open(FlowId(1)), "the connection is dead");
    assert_eq!(registrar.states(), [Failed]);
    registrar.wait(seconds(1));
    registrar.take();
    assert_eq!(registrar.state(), Registered);
    assert_eq!(registrar.flow.id, FlowId(2));
}

#[test]
fn a_peer_that_answers_each_in_time_stays() {
    let mut registrar = registered();
    for _ in 0..10 {
        pinged(&mut registrar, 1);
        registrar.advance(seconds(9));
        registrar.pong();
    }
    assert_eq!(registrar.states(), []);
    assert!(registrar.is_open(FlowId(1)));
}

#[test]
fn line_ends_that_answer_nothing_promise_nothing() {
    let mut registrar = registered();
    registrar.pong();
    pinged(&mut registrar, 1);
    registrar.advance(seconds(11));
    registrar.pong();
    pinged(&mut registrar, 3);
    assert_eq!(registrar.states(), []);
}

#[test]
fn keep_alives_go_on_through_refreshes_and_end_with_the_registration() {
    let mut registrar = registered();
    pinged(&mut registrar, 1);
    registrar.pong();
    registrar.command(AccountAction::Register);
    let register = registrar.request();
    registrar.accept(&register, 3600);
    pinged(&mut registrar, 1);
    registrar.pong();
    registrar.command(AccountAction::Unregister);
    let register = registrar.request();
    registrar.respond(&register, 200, "");
    registrar.assert_empty();
}

#[test]
fn a_new_connection_is_not_held_to_what_the_old_one_did() {
    let mut registrar = registered();
    pinged(&mut registrar, 1);
    registrar.pong();
    registrar.close(registrar.flow.id);
    registrar.wait(seconds(1));
    registrar.take();
    registrar.told.clear();
    pinged(&mut registrar, 3);
    assert_eq!(registrar.states(), []);
}

#[test]
fn accounts_of_one_connection_are_lost_together() {
    let mut registrar = Registrar::with(settings([account("1000"), account("1001")]));
    registrar.take();
    registrar.reach_by(registrar.flow, Vec::new());
    let second = registrar.request();
    registrar.accept(&second, 3600);
    pinged(&mut registrar, 2);
    registrar.pong();
    registrar.told.clear();
    pinged(&mut registrar, 1);
    registrar.advance(seconds(10));
    assert_eq!(registrar.states(), [Failed; 2]);
}
