//! Registrars that refuse, do not answer or cannot be reached (RFC 3261 §10.2.7, RFC 5626 §4.5).

use std::time::Duration;

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::event::RegistrationState::{Failed, Registered, Registering};
use crate::agent::{Address, Destination, FlowId};
use crate::sip::Transport;

fn refused(status: u16, headers: &str) -> Registrar {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    registrar.told.clear();
    registrar.respond(&register, status, headers);
    registrar
}

fn address(last: u8) -> Address {
    let address = format!("10.0.0.{last}:5060").parse().expect("an address");
    Address { transport: Transport::Tcp, address, host: "pbx.example.com".into() }
}

#[test]
fn a_refusal_is_told_and_tried_again() {
    for (status, detail) in [(403, "403 Forbidden"), (404, "404 Not Found"), (302, "302 Moved Temporarily")] {
        let mut registrar = refused(status, "");
        assert_eq!(registrar.states(), [Failed]);
        assert_eq!(registrar.failure(), (Some(status), detail.to_owned()));
        let next = registrar.account().next_attempt_at.expect("a time");
        registrar.wait(seconds(30));
        assert_eq!(registrar.now.wall, next);
        assert_eq!(registrar.states(), [Registering]);
        registrar.take();
        assert_eq!(registrar.states(), [Registered]);
        assert_eq!(registrar.account().failure, None);
    }
}

#[test]
fn the_wait_doubles_up_to_half_an_hour_and_is_shortened_by_chance() {
    let mut registrar = refused(500, "");
    let mut waits = Vec::new();
    for _ in 0..9 {
        waits.push(registrar.wait(seconds(1800)));
        registrar.reach_in_vain("gone");
    }
    for (index, wait) in waits.iter().enumerate() {
        let longest = seconds(30 << index).min(seconds(1800));
        assert!(*wait >= longest / 2 && *wait <= longest, "{index}: {wait:?}");
    }
}

#[test]
fn a_success_begins_the_waits_anew() {
    let mut registrar = refused(500, "");
    for _ in 0..5 {
        registrar.wait(seconds(1800));
        registrar.reach_in_vain("gone");
    }
    registrar.wait(seconds(1800));
    registrar.take();
    registrar.wait(seconds(3600));
    let register = registrar.request();
    registrar.respond(&register, 500, "");
    assert!(registrar.wait(seconds(30)) >= seconds(15));
}

#[test]
fn retry_after_is_honoured_within_bounds() {
    for (header, least, most) in [("120 (busy);duration=60", 120, 132), ("0", 5, 6), ("999999", 3600, 3960)] {
        let mut registrar = refused(503, &format!("Retry-After: {header}\r\n"));
        assert_eq!(registrar.failure(), (Some(503), "503 Service Unavailable".to_owned()));
        let wait = registrar.wait(seconds(most));
        assert!(wait >= seconds(least), "{header}: {wait:?}");
    }
}

#[test]
fn a_registrar_that_cannot_be_reached_says_why() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.told.clear();
    registrar.reach_in_vain("pbx.example.com has no address");
    assert_eq!(registrar.states(), [Failed]);
    assert_eq!(registrar.failure(), (None, "pbx.example.com has no address".to_owned()));
    registrar.wait(seconds(30));
    assert_eq!(registrar.sought.len(), 1);
}

#[test]
fn a_registrar_that_does_not_answer_has_its_connection_closed() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    registrar.request();
    registrar.told.clear();
    registrar.advance(seconds(32));
    assert_eq!(registrar.states(), [Failed]);
    assert_eq!(registrar.failure(), (None, "no answer in time".to_owned()));
    assert!(!registrar.is_open(registrar.flow.id), "it is of no more use");
    registrar.wait(seconds(30));
    registrar.take();
    assert_eq!(registrar.state(), Registered);
    assert_eq!(registrar.flow.id, FlowId(2));
}

#[test]
fn an_unanswered_refresh_takes_the_other_accounts_of_the_connection_along() {
    let mut registrar = Registrar::with(settings([account("1000"), account("1001")]));
    registrar.take();
    registrar.reach_by(registrar.flow, Vec::new());
    let second = registrar.request();
    registrar.accept(&second, 86_400);
    registrar.wait(seconds(3600));
    registrar.request();
    registrar.advance(seconds(32));
    let states: Vec<_> = registrar.agent.accounts().map(|account| account.state).collect();
    assert_eq!(states[0], Failed);
    registrar.wait(seconds(1));
    assert_eq!(registrar.account().state, Failed);
    assert_eq!(registrar.agent.accounts().nth(1).expect("an account").state, Registering);
}

#[test]
fn an_account_that_is_never_answered_leaves_the_connection_of_the_others_alone() {
    let mut registrar = Registrar::with(settings([account("1000"), account("1001")]));
    registrar.take();
    registrar.reach_by(registrar.flow, Vec::new());
    registrar.request();
    registrar.advance(seconds(32));
    let states: Vec<_> = registrar.agent.accounts().map(|account| account.state).collect();
    assert_eq!(states, [Registered, Failed]);
    assert!(registrar.is_open(registrar.flow.id));
}

#[test]
fn over_udp_nothing_is_closed() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.transport = Transport::Udp;
    registrar.reach();
    registrar.advance(seconds(32));
    assert_eq!(registrar.carried().len(), 11, "timer E");
    assert_eq!(registrar.state(), Failed);
    assert!(registrar.is_open(registrar.flow.id));
}

#[test]
fn the_next_address_is_tried_when_one_does_not_serve() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach_with(vec![address(2), address(3)]);
    let first = registrar.request();
    registrar.respond(&first, 503, "");
    assert_eq!(registrar.reach(), Destination::Addresses(vec![address(2), address(3)]));
    let register = registrar.request();
    assert!(register.cseq > first.cseq, "who shares bindings with the first takes no number twice");
    registrar.accept(&register, 3600);
    assert_eq!(registrar.state(), Registered);
    assert_eq!(registrar.account().peer.as_deref(), Some("10.0.0.2:5060"));
}

#[test]
fn the_next_address_is_tried_when_one_does_not_answer_or_hangs_up() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach_with(vec![address(2), address(3)]);
    registrar.request();
    registrar.advance(seconds(32));
    registrar.reach_with(vec![address(3)]);
    registrar.request();
    registrar.close(registrar.flow.id);
    assert_eq!(registrar.reach(), Destination::Addresses(vec![address(3)]));
    let register = registrar.request();
    let contacts: Vec<_> =
        register.headers.items(crate::sip::Name::Contact).map(|contact| contact.to_string()).collect();
    let there =
        |port: u16, expires: u32| format!("<sip:1000@192.0.2.7:{port};transport=tcp>;expires={expires}");
    assert_eq!(contacts, [there(40003, 3600), there(40001, 0), there(40002, 0)], "the others may be bound");
    registrar.accept(&register, 3600);
    assert_eq!(registrar.state(), Registered);
}

#[test]
fn what_a_refusal_says_is_cut_and_without_control_characters() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    let bytes = crate::sip::Writer::response(403, Some(&"long".repeat(100)))
        .copied(&register.headers, Some("there"))
        .finish();
    registrar.deliver(std::str::from_utf8(&bytes).expect("text"));
    let (_, detail) = registrar.failure();
    assert_eq!(detail.len(), "403 ".len() + 128);
}

#[test]
fn a_late_answer_changes_nothing() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    registrar.advance(seconds(33));
    registrar.told.clear();
    registrar.accept(&register, 3600);
    assert_eq!((registrar.states(), registrar.state()), (vec![], Failed));
}

#[test]
fn failures_leave_nothing_behind() {
    let mut registrar = registered();
    for _ in 0..5 {
        registrar.wait(seconds(3600));
        if !registrar.sought.is_empty() {
            registrar.reach();
        }
        let register = registrar.request();
        registrar.respond(&register, 500, "");
    }
    let left = registrar.agent.leftovers();
    assert_eq!((left.transactions, left.awaited, left.reaching), (0, 0, 0));
    assert!(registrar.wait(Duration::from_secs(1800)) > Duration::ZERO);
}
