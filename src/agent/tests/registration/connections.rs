//! A registration and its connection: lost, it is held by another one.

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::command::AccountAction;
use crate::agent::event::RegistrationState::{Failed, Registered, Registering};
use crate::agent::{Destination, FlowId};
use crate::sip::{Name, Request};

fn contacts(register: &Request) -> Vec<String> {
    register.headers.items(Name::Contact).map(|contact| contact.to_string()).collect()
}

fn contact(port: u16, expires: u32) -> String {
    format!("<sip:1000@192.0.2.7:{port};transport=tcp>;expires={expires}")
}

#[test]
fn a_lost_connection_is_replaced_within_a_second_and_its_contact_unbound() {
    let mut registrar = registered();
    registrar.close(registrar.flow.id);
    assert_eq!(registrar.states(), [Failed]);
    assert_eq!(registrar.failure(), (None, "the connection was lost".to_owned()));
    assert!(registrar.is_quiet());
    registrar.wait(seconds(1));
    assert_eq!(registrar.states(), [Registering]);
    assert!(matches!(registrar.reach(), Destination::Hop(_)), "looked up anew");
    let register = registrar.request();
    assert_eq!(contacts(&register), [contact(40002, 3600), contact(40001, 0)]);
    registrar.accept(&register, 3600);
    assert_eq!(registrar.states(), [Registered]);
    registrar.wait(seconds(3600));
    assert_eq!(contacts(&registrar.request()), [contact(40002, 3600)], "the old one is gone");
}

#[test]
fn a_contact_that_stays_the_same_is_not_unbound() {
    let mut settings = settings([account("1000")]);
    settings.advertise = Some(("agent.example.com".to_owned(), Some(5060)));
    let mut registrar = Registrar::with(settings);
    registrar.take();
    registrar.close(registrar.flow.id);
    registrar.wait(seconds(1));
    let register = registrar.take();
    assert_eq!(contacts(&register), ["<sip:1000@agent.example.com:5060;transport=tcp>;expires=3600"]);
}

#[test]
fn a_connection_that_is_lost_again_soon_is_not_replaced_at_once() {
    let mut registrar = registered();
    registrar.close(registrar.flow.id);
    registrar.wait(seconds(1));
    registrar.take();
    registrar.close(registrar.flow.id);
    assert!(registrar.wait(seconds(30)) >= seconds(15));
    registrar.take();
    registrar.advance(seconds(30));
    registrar.close(registrar.flow.id);
    registrar.wait(seconds(1));
}

#[test]
fn a_connection_that_is_lost_before_the_answer_is_replaced_at_once_too() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    registrar.request();
    registrar.told.clear();
    registrar.close(registrar.flow.id);
    assert_eq!(registrar.states(), [Failed]);
    registrar.wait(seconds(1));
    registrar.take();
    assert_eq!(registrar.states(), [Registering, Registered]);
}

#[test]
fn a_connection_that_is_lost_during_a_refresh_is_replaced_too() {
    let mut registrar = registered();
    registrar.wait(seconds(3600));
    registrar.request();
    registrar.close(registrar.flow.id);
    registrar.wait(seconds(1));
    registrar.take();
    assert_eq!(registrar.states(), [Failed, Registering, Registered]);
    registrar.advance(seconds(32));
    assert_eq!(registrar.states(), [], "the refresh is forgotten");
}

#[test]
fn a_refresh_that_a_dead_connection_does_not_take_goes_by_another() {
    let mut registrar = registered();
    registrar.break_quietly();
    registrar.wait(seconds(3600));
    assert!(registrar.carried().is_empty());
    registrar.agent.handle_flow_closed(registrar.now, FlowId(1));
    let register = registrar.take();
    assert_eq!(contacts(&register), [contact(40002, 3600), contact(40001, 0)]);
    assert_eq!(registrar.state(), Registered);
}

#[test]
fn another_connection_may_be_lost() {
    let mut registrar = registered();
    let first = registrar.flow;
    registrar.command(crate::agent::command::AccountAction::Register);
    let register = registrar.request();
    registrar.close(FlowId(99));
    registrar.deliver_by(crate::agent::Flow { id: FlowId(7), ..first }, "OPTIONS");
    registrar.agent.handle_flow_closed(registrar.now, FlowId(7));
    registrar.accept(&register, 3600);
    assert_eq!(registrar.states(), [Registered]);
}

#[test]
fn each_account_of_a_lost_connection_comes_back() {
    let mut registrar = Registrar::with(settings([account("1000"), account("1001")]));
    registrar.take();
    registrar.reach_by(registrar.flow, Vec::new());
    let second = registrar.request();
    registrar.accept(&second, 3600);
    registrar.told.clear();
    registrar.close(registrar.flow.id);
    assert_eq!(registrar.states(), [Failed; 2]);
    registrar.advance(seconds(1));
    assert_eq!(registrar.sought.len(), 2);
    registrar.reach();
    let first = registrar.request();
    registrar.accept(&first, 3600);
    registrar.reach_by(registrar.flow, Vec::new());
    let second = registrar.request();
    registrar.accept(&second, 3600);
    let states: Vec<_> = registrar.agent.accounts().map(|account| account.state).collect();
    assert_eq!(states, [Registered; 2]);
}

#[test]
fn no_more_than_four_contacts_are_remembered() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    for _ in 0..6 {
        registrar.reach();
        registrar.carried();
        registrar.close(registrar.flow.id);
        registrar.wait(seconds(1800));
    }
    registrar.reach();
    let ports = [40007, 40003, 40004, 40005, 40006];
    let expected: Vec<_> =
        ports.iter().map(|port| contact(*port, if *port == 40007 { 3600 } else { 0 })).collect();
    assert_eq!(contacts(&registrar.request()), expected);
}

#[test]
fn what_an_unheard_answer_may_have_bound_outlives_a_refusal() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    registrar.request();
    registrar.close(registrar.flow.id);
    registrar.wait(seconds(1));
    registrar.reach();
    let refused = registrar.request();
    registrar.respond(&refused, 403, "");
    registrar.command(AccountAction::Unregister);
    registrar.reach();
    assert_eq!(contacts(&registrar.request()), [contact(40001, 0)]);
}

#[test]
fn the_connection_of_a_registration_is_not_closed_for_being_idle() {
    let mut registrar = registered();
    registrar.agent.handle_idle(registrar.now, &[registrar.flow.id]);
    assert!(registrar.agent.poll_output().is_none());
}
