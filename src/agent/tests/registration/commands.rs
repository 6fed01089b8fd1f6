//! The commands `register` and `unregister`.

use std::time::Duration;

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::Address;
use crate::agent::Refusal;
use crate::agent::command::AccountAction::{Register, Unregister};
use crate::agent::event::RegistrationState::{Failed, Registered, Registering, Unregistered, Unregistering};
use crate::agent::tests::harness::header;
use crate::sip::{Message, Name, Transport};

fn another() -> Address {
    let address = "10.0.0.2:5060".parse().expect("an address");
    Address { transport: Transport::Tcp, address, host: "pbx.example.com".into() }
}

fn unregistered() -> Registrar {
    let mut registrar = registered();
    registrar.command(Unregister);
    let register = registrar.request();
    registrar.respond(&register, 200, "");
    registrar.told.clear();
    registrar
}

#[test]
fn unregister_unbinds_our_contact_and_is_answered_when_that_is_so() {
    let mut registrar = registered();
    let ticket = registrar.command(Unregister);
    assert!(registrar.answer(ticket).is_none());
    let register = registrar.request();
    assert_eq!(header(&register.headers, "Expires").as_deref(), Some("0"));
    let contacts: Vec<_> = register.headers.items(Name::Contact).map(|contact| contact.to_string()).collect();
    assert_eq!(contacts, ["<sip:1000@192.0.2.7:40001;transport=tcp>;expires=0"]);
    registrar.respond(&register, 200, "");
    assert_eq!(registrar.done(ticket), Unregistered);
    assert_eq!(registrar.states(), [Unregistering, Unregistered]);
    let account = registrar.account();
    assert_eq!((account.contact.clone(), account.expires_at, account.next_attempt_at), (None, None, None));
    assert_eq!(registrar.agent.poll_timeout(), None, "it stays so");
}

#[test]
fn register_registers_again() {
    let mut registrar = unregistered();
    let ticket = registrar.command(Register);
    assert_eq!(registrar.states(), [Registering]);
    assert!(registrar.answer(ticket).is_none());
    registrar.take();
    assert_eq!(registrar.done(ticket), Registered);
}

#[test]
fn register_when_registered_refreshes_now() {
    let mut registrar = registered();
    let ticket = registrar.command(Register);
    let register = registrar.request();
    registrar.accept(&register, 60);
    assert_eq!(registrar.done(ticket), Registered);
    assert_eq!(registrar.states(), [Registered]);
    assert!(registrar.wait(seconds(30)) >= seconds(27), "and the next refresh is counted from here");
}

#[test]
fn register_after_a_failure_does_not_wait() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach_in_vain("gone");
    let ticket = registrar.command(Register);
    registrar.take();
    assert_eq!(registrar.done(ticket), Registered);
    let next = registrar.wait(seconds(3600));
    assert!(next > seconds(60), "the other try is not made");
}

#[test]
fn commands_wait_together_for_the_register_that_is_under_way() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    let tickets = [registrar.command(Register), registrar.command(Register)];
    registrar.take();
    assert!(registrar.is_quiet());
    for ticket in tickets {
        assert_eq!(registrar.done(ticket), Registered);
    }
}

#[test]
fn seventeen_waiting_commands_are_one_too_many() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    for _ in 0..16 {
        registrar.command(Register);
    }
    let ticket = registrar.command(Register);
    assert!(matches!(registrar.refused(ticket), Refusal::Overloaded));
}

#[test]
fn a_register_that_is_refused_says_how() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    let ticket = registrar.command(Register);
    registrar.reach();
    let register = registrar.request();
    registrar.respond(&register, 403, "");
    let Refusal::RegistrationRejected(account, 403) = registrar.refused(ticket) else { panic!("another") };
    assert_eq!(account.state, Failed);
}

#[test]
fn a_register_without_an_answer_or_a_way_times_out() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    let ticket = registrar.command(Register);
    registrar.reach_in_vain("gone");
    assert!(matches!(registrar.refused(ticket), Refusal::RegistrationTimeout(_)));
    let ticket = registrar.command(Register);
    registrar.reach();
    registrar.advance(seconds(32));
    assert!(matches!(registrar.refused(ticket), Refusal::RegistrationTimeout(_)));
}

#[test]
fn a_command_does_not_wait_for_each_address_that_is_silent_but_the_registration_goes_on() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    let first = registrar.command(Register);
    registrar.reach_with(vec![another()]);
    registrar.advance(seconds(8));
    let second = registrar.command(Register);
    registrar.advance(seconds(24));
    registrar.reach();
    registrar.advance(seconds(8) - Duration::from_millis(1));
    assert!(registrar.answer(first).is_none());
    registrar.advance(Duration::from_millis(1));
    let Refusal::RegistrationTimeout(account) = registrar.refused(first) else { panic!("another") };
    assert_eq!(account.state, Registering);
    assert_eq!(account.failure.as_ref().map(|failure| &*failure.detail), Some("no answer in time"));
    let register = registrar.carried().pop().expect("a REGISTER").message;
    let Message::Request(register) = register else { panic!("a request") };
    registrar.accept(&register, 3600);
    assert_eq!(registrar.done(second), Registered, "it came later");
}

#[test]
fn an_unregister_waits_no_longer_for_the_register_before_it() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach_with(vec![another()]);
    let ticket = registrar.command(Unregister);
    registrar.advance(seconds(32));
    registrar.reach();
    registrar.advance(seconds(8));
    assert!(matches!(registrar.refused(ticket), Refusal::RegistrationTimeout(_)));
    registrar.advance(seconds(24));
    registrar.carried();
    registrar.reach();
    assert_eq!(
        header(&registrar.request().headers, "Expires").as_deref(),
        Some("0"),
        "it is unbound all the same"
    );
}

#[test]
fn an_unregister_that_fails_is_told_and_not_tried_again() {
    let mut registrar = registered();
    let ticket = registrar.command(Unregister);
    let register = registrar.request();
    registrar.respond(&register, 500, "");
    assert!(matches!(registrar.refused(ticket), Refusal::RegistrationRejected(_, 500)));
    assert_eq!(registrar.states(), [Unregistering, Unregistered]);
    assert!(registrar.account().contact.is_some(), "the registrar still has it");
    registrar.advance(seconds(3600));
    assert!(registrar.is_quiet());
    assert_eq!(registrar.account().contact, None, "it has lapsed");
    assert_eq!(registrar.agent.poll_timeout(), None);
}

#[test]
fn an_unregister_that_failed_can_be_asked_for_again() {
    let mut registrar = registered();
    registrar.command(Unregister);
    let register = registrar.request();
    registrar.respond(&register, 500, "");
    let ticket = registrar.command(Unregister);
    registrar.reach();
    let register = registrar.request();
    registrar.respond(&register, 200, "");
    assert_eq!(registrar.done(ticket), Unregistered);
    assert_eq!(registrar.account().contact, None);
}

#[test]
fn what_lapses_while_it_is_unbound_stays_named() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    registrar.accept(&register, 10);
    registrar.command(Unregister);
    let first = registrar.request();
    registrar.advance(seconds(11));
    assert_eq!(registrar.account().contact, None);
    registrar.respond(&first, 401, "WWW-Authenticate: Digest realm=\"a\", nonce=\"n\"\r\n");
    let second = registrar.request();
    assert_eq!(header(&second.headers, "Contact"), header(&first.headers, "Contact"));
}

#[test]
fn unregister_when_unregistered_is_done_and_tells_nothing() {
    let mut registrar = unregistered();
    let ticket = registrar.command(Unregister);
    assert_eq!(registrar.done(ticket), Unregistered);
    assert!(registrar.is_quiet() && registrar.told.is_empty());
}

#[test]
fn unregister_before_anything_was_sent_ends_the_try() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    let register = registrar.command(Register);
    let ticket = registrar.command(Unregister);
    assert_eq!(registrar.done(ticket), Unregistered);
    assert_eq!(registrar.done(register), Unregistered, "overtaken");
    registrar.reach();
    assert!(registrar.is_quiet(), "the way comes too late");
    assert_eq!(registrar.states(), [Registering, Unregistered]);
    registrar.assert_empty();
}

#[test]
fn unregister_during_a_register_waits_for_its_answer() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let first = registrar.request();
    let ticket = registrar.command(Unregister);
    assert!(registrar.is_quiet(), "one after the other (§10.2)");
    registrar.accept(&first, 3600);
    let second = registrar.request();
    assert_eq!(header(&second.headers, "Expires").as_deref(), Some("0"));
    registrar.respond(&second, 200, "");
    assert_eq!(registrar.done(ticket), Unregistered);
    assert_eq!(registrar.states(), [Registering, Registered, Unregistering, Unregistered]);
}

#[test]
fn unregister_during_a_register_that_is_refused_has_nothing_to_unbind() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let first = registrar.request();
    let ticket = registrar.command(Unregister);
    registrar.respond(&first, 403, "");
    assert_eq!(registrar.done(ticket), Unregistered);
    assert!(registrar.is_quiet());
    assert_eq!(registrar.agent.poll_timeout(), None);
}

#[test]
fn unregister_after_an_unanswered_register_unbinds_what_may_be_bound() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    registrar.advance(seconds(32));
    registrar.carried();
    registrar.command(Unregister);
    registrar.reach();
    let register = registrar.request();
    let contacts: Vec<_> = register.headers.items(Name::Contact).map(|contact| contact.to_string()).collect();
    assert_eq!(contacts, ["<sip:1000@192.0.2.7:40001;transport=tcp>;expires=0"]);
}

#[test]
fn register_during_an_unregister_follows_it() {
    let mut registrar = registered();
    let gone = registrar.command(Unregister);
    let first = registrar.request();
    let back = registrar.command(Register);
    assert!(registrar.is_quiet());
    registrar.respond(&first, 200, "");
    assert_eq!(registrar.done(gone), Unregistered);
    registrar.take();
    assert_eq!(registrar.done(back), Registered);
}

#[test]
fn an_unregister_that_is_taken_back_in_time_is_as_good_as_done() {
    for (status, state) in [(200, Registered), (403, Failed)] {
        let mut registrar = Registrar::with(settings([account("1000")]));
        registrar.reach();
        let first = registrar.request();
        let unregister = registrar.command(Unregister);
        registrar.command(Register);
        registrar.respond(&first, status, "");
        assert_eq!(registrar.done(unregister), state);
    }
}

#[test]
fn a_connection_that_is_lost_during_an_unregister_is_replaced_for_it() {
    let mut registrar = registered();
    let ticket = registrar.command(Unregister);
    registrar.request();
    registrar.close(registrar.flow.id);
    registrar.reach();
    let register = registrar.request();
    registrar.respond(&register, 200, "");
    assert_eq!(registrar.done(ticket), Unregistered);
}

#[test]
fn an_unknown_account_is_told_so() {
    let mut registrar = registered();
    let ticket = registrar.command_to("2000", Register);
    assert!(matches!(registrar.refused(ticket), Refusal::AccountNotFound));
}
