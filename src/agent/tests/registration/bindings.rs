//! What a REGISTER says and what its answer means (RFC 3261 §10.2).

use std::time::Duration;

use super::registrar::Registrar;
use super::{account, registered, seconds, settings, uri};
use crate::agent::event::RegistrationState::{Failed, Registered, Registering, Unregistered};
use crate::agent::tests::harness::header;
use crate::agent::{AccountSettings, Destination, Hop};
use crate::sip::Transport;

fn hop(host: &str, transport: Option<Transport>, port: Option<u16>) -> Hop {
    Hop { transport, host: host.into(), port, secure: false, name: None }
}

/// The answers' Contacts bind for so long: what is left until the registration lapses.
fn bound_for(headers: &str) -> i64 {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    registrar.respond(&register, 200, headers);
    let account = registrar.account();
    let (from, to) = (account.registered_at.expect("a time"), account.expires_at.expect("a time"));
    (to.0 - from.0) / 1_000_000
}

#[test]
fn an_account_is_registered_at_once() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    assert_eq!(registrar.states(), [Registering]);
    let destination = registrar.reach();
    assert_eq!(destination, Destination::Hop(hop("pbx.example.com", Some(Transport::Tcp), None)));
    let register = registrar.request();
    assert_eq!(register.method.as_str(), "REGISTER");
    assert_eq!(register.uri.as_str(), "sip:pbx.example.com;transport=tcp");
    assert_eq!(register.to.uri.as_str(), "sip:1000@example.com");
    assert_eq!(register.from.uri.as_str(), "sip:1000@example.com");
    assert!(register.from.tag().is_some() && register.to.tag().is_none());
    let contact = register.contact.as_ref().expect("a Contact");
    assert_eq!(contact.uri.as_str(), "sip:1000@192.0.2.7:40001;transport=tcp", "that same connection");
    assert_eq!(contact.expires(), Some(3600));
    assert_eq!(header(&register.headers, "Expires").as_deref(), Some("3600"));
    assert_eq!(header(&register.headers, "Supported").as_deref(), Some("path"));
    registrar.accept(&register, 3600);
    assert_eq!(registrar.states(), [Registered]);
    let account = registrar.account();
    assert_eq!(account.contact.as_deref(), Some("sip:1000@192.0.2.7:40001;transport=tcp"));
    assert_eq!((account.transport, account.peer.as_deref()), (Some("tcp"), Some("10.0.0.1:5060")));
    assert_eq!(account.registered_at, Some(registrar.now.wall));
    assert_eq!(account.failure, None);
}

#[test]
fn before_its_first_moment_an_account_is_unregistered() {
    let registrar = Registrar::with(settings([]));
    let agent = crate::agent::Agent::new(settings([account("1000")]), [7; 32], registrar.now);
    let account = agent.accounts().next().expect("an account");
    assert_eq!(account.state, Unregistered);
    assert_eq!(account.next_attempt_at, Some(registrar.now.wall));
    assert_eq!(
        (&*account.aor, &*account.registrar),
        ("sip:1000@example.com", "sip:pbx.example.com;transport=tcp")
    );
    assert_eq!(agent.poll_timeout(), Some(registrar.now.instant));
}

#[test]
fn an_outbound_proxy_is_the_next_hop_and_the_first_route() {
    let proxy = Some(uri("sip:edge.example.com:5080"));
    let mut registrar =
        Registrar::with(settings([AccountSettings { outbound_proxy: proxy, ..account("1000") }]));
    assert_eq!(registrar.reach(), Destination::Hop(hop("edge.example.com", None, Some(5080))));
    let register = registrar.request();
    assert_eq!(register.uri.as_str(), "sip:pbx.example.com;transport=tcp");
    assert_eq!(header(&register.headers, "Route").as_deref(), Some("<sip:edge.example.com:5080;lr>"));
}

#[test]
fn a_registrar_of_a_sips_uri_gets_a_sips_contact() {
    let secure = AccountSettings { registrar: uri("sips:someone@pbx.example.com"), ..account("1000") };
    let mut registrar = Registrar::with(settings([secure]));
    registrar.transport = Transport::Tls;
    registrar.reach();
    let register = registrar.request();
    assert_eq!(register.uri.as_str(), "sips:pbx.example.com", "no user");
    let contact = register.contact.as_ref().expect("a Contact");
    assert_eq!(contact.uri.as_str(), "sips:1000@192.0.2.7:40001;transport=tls");
}

#[test]
fn an_advertised_address_is_the_contact() {
    let mut settings = settings([account("1000")]);
    settings.advertise = Some(("agent.example.com".to_owned(), Some(5070)));
    let mut registrar = Registrar::with(settings);
    let register = registrar.take();
    let contact = register.contact.as_ref().expect("a Contact");
    assert_eq!(contact.uri.as_str(), "sip:1000@agent.example.com:5070;transport=tcp");
}

#[test]
fn over_udp_the_contact_names_no_transport() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.transport = Transport::Udp;
    let register = registrar.take();
    let contact = register.contact.as_ref().expect("a Contact");
    assert_eq!(contact.uri.as_str(), "sip:1000@192.0.2.7:40001");
}

#[test]
fn our_binding_is_found_among_others_and_by_the_rules_for_uris() {
    let others = "Contact: <sip:1000@10.9.9.9>;expires=7, <sip:1000@192.0.2.7:40001;transport=udp>;expires=8\r\n\
                  Contact: <sip:%31000@192.0.2.7:40001;transport=TCP;ob>;q=0.5;expires=600\r\nExpires: 9\r\n";
    assert_eq!(bound_for(others), 600);
}

#[test]
fn expires_counts_where_our_contact_says_nothing() {
    assert_eq!(bound_for("Contact: <sip:1000@192.0.2.7:40001;transport=tcp>\r\nExpires: 120\r\n"), 120);
    assert_eq!(bound_for("Contact: <sip:1000@10.9.9.9>;expires=7\r\nExpires: 120\r\n"), 120);
}

#[test]
fn a_contact_that_was_rewritten_on_its_way_is_believed() {
    assert_eq!(bound_for("Contact: <sip:1000@203.0.113.5:40001;transport=tcp>;expires=60\r\n"), 60);
    assert_eq!(
        bound_for("Contact: <sip:1000@203.0.113.5>;expires=90, <sip:1000@203.0.113.6>;expires=0\r\n"),
        90
    );
    assert_eq!(bound_for("Contact: <sip:1000@203.0.113.5>;expires=9000\r\n"), 3600);
}

#[test]
fn without_a_word_what_was_asked_is_granted() {
    assert_eq!(bound_for(""), 3600);
    assert_eq!(bound_for("Contact: <sip:1000@192.0.2.7:40001;transport=tcp>;expires=soon\r\n"), 3600);
}

#[test]
fn a_registrar_that_keeps_nothing_has_not_registered_us() {
    let mut registrar = Registrar::with(settings([account("1000")]));
    registrar.reach();
    let register = registrar.request();
    registrar.accept(&register, 0);
    assert_eq!(registrar.state(), Failed);
    assert_eq!(registrar.failure(), (Some(200), "the registrar did not keep the Contact".to_owned()));
}

#[test]
fn an_interval_too_brief_is_lengthened_once() {
    let brief = AccountSettings { expires: seconds(60), ..account("1000") };
    let mut registrar = Registrar::with(settings([brief]));
    registrar.reach();
    let first = registrar.request();
    registrar.respond(&first, 423, "Min-Expires: 300\r\n");
    let second = registrar.request();
    assert_eq!(header(&second.headers, "Expires").as_deref(), Some("300"));
    assert_eq!((second.call_id.clone(), second.cseq), (first.call_id, first.cseq + 1));
    registrar.respond(&second, 423, "Min-Expires: 600\r\n");
    assert!(registrar.is_quiet());
    assert_eq!(registrar.failure(), (Some(423), "423 Interval Too Brief".to_owned()));
}

#[test]
fn what_was_lengthened_stays_so() {
    let brief = AccountSettings { expires: seconds(60), ..account("1000") };
    let mut registrar = Registrar::with(settings([brief]));
    registrar.reach();
    let first = registrar.request();
    registrar.respond(&first, 423, "Min-Expires: 300\r\n");
    let second = registrar.request();
    registrar.accept(&second, 300);
    registrar.wait(seconds(300));
    assert_eq!(header(&registrar.request().headers, "Expires").as_deref(), Some("300"));
}

#[test]
fn a_423_that_asks_for_nothing_longer_is_a_failure() {
    for headers in ["", "Min-Expires: 3600\r\n", "Min-Expires: 604801\r\n", "Min-Expires: long\r\n"] {
        let mut registrar = Registrar::with(settings([account("1000")]));
        registrar.reach();
        let register = registrar.request();
        registrar.respond(&register, 423, headers);
        assert!(registrar.is_quiet(), "{headers}");
        assert_eq!(registrar.state(), Failed);
    }
}

#[test]
fn accounts_register_beside_each_other() {
    let mut registrar = Registrar::with(settings([account("1000"), account("1001")]));
    assert_eq!(registrar.states(), [Registering; 2]);
    let first = registrar.take();
    assert_eq!(registrar.sought.len(), 1);
    registrar.reach_by(registrar.flow, Vec::new());
    let second = registrar.request();
    assert_eq!(second.to.uri.as_str(), "sip:1001@example.com");
    assert_ne!(first.call_id, second.call_id);
    registrar.respond(&second, 403, "");
    let states: Vec<_> = registrar.agent.accounts().map(|account| account.state).collect();
    assert_eq!(states, [Registered, Failed]);
}

#[test]
fn an_hour_of_silence_sends_nothing_but_keep_alives() {
    let mut registrar = registered();
    registrar.advance(Duration::from_secs(3200));
    assert!(registrar.is_quiet());
    assert_eq!(registrar.states(), []);
}
