//! Staying registered (RFC 3261 §10.2.4).

use std::time::Duration;

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::event::RegistrationState::{Failed, Registered, Registering};
use crate::agent::tests::harness::header;

/// When what was granted for so long is refreshed, by several agents' chances.
fn refreshed_after(granted: u32) -> Vec<Duration> {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let mut waits = Vec::new();
    for _ in 0..20 {
        let register = registrar.request();
        registrar.accept(&register, granted);
        waits.push(registrar.wait(seconds(u64::from(granted))));
    }
    waits
}

#[test]
fn a_refresh_leaves_time_for_an_answer_where_there_is_as_much() {
    for (granted, earliest, latest) in [(3600, 3211, 3568), (70, 34, 38), (65, 29, 33)] {
        let waits = refreshed_after(granted);
        let fits = |wait: &Duration| *wait >= seconds(earliest) && *wait <= seconds(latest);
        assert!(waits.iter().all(fits), "{granted}: {waits:?}");
        assert!(waits.windows(2).any(|pair| pair[0] != pair[1]), "not all at once: {waits:?}");
    }
}

#[test]
fn a_short_registration_is_refreshed_at_its_half() {
    for (granted, earliest, latest) in [(64, 28_800, 32_000), (10, 4500, 5000), (1, 500, 500)] {
        let fits = |wait: Duration| (earliest..=latest).contains(&wait.as_millis());
        assert!(refreshed_after(granted).into_iter().all(fits), "{granted}");
    }
}

#[test]
fn a_refresh_is_the_same_registration_by_the_same_connection() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    let first = registrar.take();
    registrar.told.clear();
    registrar.wait(seconds(3600));
    assert!(registrar.sought.is_empty());
    let carried = registrar.carried().remove(0);
    assert_eq!(carried.flow, registrar.flow.id);
    let crate::sip::Message::Request(second) = carried.message else { panic!("a request") };
    assert_eq!((second.call_id.clone(), second.cseq), (first.call_id, first.cseq + 1));
    assert_eq!(second.from.tag(), first.from.tag());
    assert_eq!(header(&second.headers, "Contact"), header(&first.headers, "Contact"));
    assert_eq!(registrar.states(), [], "a refresh changes nothing");
    registrar.accept(&second, 3600);
    assert_eq!(registrar.states(), [Registered], "but the times");
    assert_eq!(registrar.account().registered_at, Some(registrar.now.wall));
}

#[test]
fn what_was_granted_decides_and_not_what_was_asked() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    registrar.accept(&register, 120);
    assert_eq!(registrar.account().expires_at, Some(registrar.now.wall.after(seconds(120))));
    registrar.wait(seconds(120));
    assert_eq!(header(&registrar.request().headers, "Expires").as_deref(), Some("3600"));
}

#[test]
fn a_refresh_that_fails_is_tried_again_and_the_contact_stays_until_it_lapses() {
    let mut registrar = registered();
    let contact = registrar.account().contact.clone();
    registrar.wait(seconds(3600));
    let register = registrar.request();
    registrar.respond(&register, 500, "");
    assert_eq!(registrar.states(), [Failed]);
    assert_eq!(registrar.account().contact, contact, "the registrar still has it");
    let lapses_at = registrar.account().expires_at.expect("a time");
    while registrar.now.wall < lapses_at {
        registrar.wait(seconds(1800));
        if !registrar.sought.is_empty() {
            registrar.reach_in_vain("gone");
        } else {
            let register = registrar.request();
            registrar.respond(&register, 500, "");
        }
    }
    assert_eq!(registrar.account().contact, None);
    assert_eq!(registrar.account().expires_at, None);
}

#[test]
fn a_registration_that_lapses_while_it_is_refreshed_is_none() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    registrar.accept(&register, 20);
    registrar.wait(seconds(20));
    let late = registrar.request();
    registrar.told.clear();
    registrar.advance(seconds(20));
    assert_eq!(registrar.states(), [Registering]);
    assert_eq!(registrar.account().contact, None);
    registrar.accept(&late, 20);
    assert_eq!(registrar.states(), [Registered]);
}

#[test]
fn a_registration_is_refreshed_in_time_wherever_the_clock_is_set() {
    for jump in [86_400_000_000, -3_600_000_000] {
        let mut registrar = registered();
        registrar.now.wall.0 += jump;
        let waited = registrar.wait(seconds(3600));
        let register = registrar.request();
        assert!(waited < seconds(3600), "{jump}");
        registrar.accept(&register, 3600);
        assert_eq!(registrar.state(), crate::agent::event::RegistrationState::Registered);
    }
}
