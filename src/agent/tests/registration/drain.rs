//! The end of the agent ends its registrations.

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::Refusal;
use crate::agent::command::AccountAction::{Register, Unregister};
use crate::agent::event::RegistrationState::{Registered, Unregistered, Unregistering};
use crate::agent::tests::harness::header;

#[test]
fn a_drain_unregisters_and_waits_for_the_answer() {
    let mut registrar = registered();
    assert!(!registrar.agent.is_idle());
    registrar.shut_down();
    let register = registrar.request();
    assert_eq!(header(&register.headers, "Expires").as_deref(), Some("0"));
    assert!(!registrar.agent.is_idle());
    registrar.respond(&register, 200, "");
    assert!(registrar.agent.is_idle());
    assert_eq!(registrar.states(), [Unregistering, Unregistered]);
    registrar.assert_empty();
}

#[test]
fn a_drain_of_an_agent_that_is_not_registered_is_over_at_once() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach_in_vain("gone");
    registrar.shut_down();
    assert!(registrar.agent.is_idle());
    registrar.assert_empty();
}

#[test]
fn a_drain_before_the_first_register_sends_none() {
    let now = registered().now;
    let mut agent = crate::agent::Agent::new(settings([account("1000")]), [7; 32], now);
    agent.handle_drain(now);
    agent.handle_timeout(now);
    assert!(agent.is_idle() && agent.poll_output().is_none());
}

#[test]
fn a_drain_waits_for_a_register_that_is_under_way() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let first = registrar.request();
    let ticket = registrar.command(Register);
    registrar.shut_down();
    assert!(!registrar.agent.is_idle());
    registrar.accept(&first, 3600);
    assert_eq!(registrar.done(ticket), Registered);
    let second = registrar.request();
    registrar.respond(&second, 200, "");
    assert!(registrar.agent.is_idle());
    registrar.assert_empty();
}

#[test]
fn an_unregister_that_fails_ends_the_drain_too() {
    let mut registrar = registered();
    registrar.shut_down();
    let register = registrar.request();
    registrar.respond(&register, 403, "");
    assert!(registrar.agent.is_idle());
}

#[test]
fn the_end_of_the_drain_ends_what_is_under_way() {
    let mut registrar = registered();
    registrar.shut_down();
    let ticket = registrar.command(Unregister);
    registrar.shut_down_now();
    assert!(registrar.agent.is_idle());
    assert!(matches!(registrar.refused(ticket), Refusal::RegistrationTimeout(_)));
    registrar.advance(seconds(3600));
    registrar.assert_empty();
}

#[test]
fn nothing_is_registered_any_more() {
    let mut registrar = registered();
    registrar.shut_down();
    let ticket = registrar.command(Register);
    assert!(matches!(registrar.refused(ticket), Refusal::Draining));
    let register = registrar.request();
    registrar.respond(&register, 200, "");
    registrar.close(registrar.flow.id);
    registrar.advance(seconds(3600));
    assert!(registrar.is_quiet());
}
