//! What a registration means for calls: whose they are.

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::{Challenged, Denied, Flow, FlowId, GateSettings, ListenerId, Settings};
use crate::sip::digest::{Credentials, Password};
use crate::sip::{Message, Transport};

fn invite(number: u32, uri: &str, to: &str) -> String {
    format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:2000@example.com>;tag=a\r\nTo: <{to}>\r\nCall-ID: call-{number}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:2000@10.0.0.1>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Both accounts by one connection.
fn two_registered() -> Registrar {
    let mut registrar = Registrar::with(settings([account("1000"), account("1001")]));
    registrar.take();
    registrar.reach_by(registrar.flow, Vec::new());
    let second = registrar.request();
    registrar.accept(&second, 3600);
    registrar
}

/// The account of the call that an INVITE by this connection makes.
fn account_of(registrar: &mut Registrar, flow: Flow, uri: &str, to: &str) -> Option<String> {
    let number = u32::try_from(registrar.shown.len()).expect("a small number");
    registrar.deliver_by(flow, &invite(number, uri, to));
    registrar.call.clone().expect("a call").account.as_ref().map(ToString::to_string)
}

#[test]
fn a_call_by_the_registered_connection_is_the_accounts() {
    let mut registrar = registered();
    let flow = registrar.flow;
    let mut account = |uri, to| account_of(&mut registrar, flow, uri, to);
    assert_eq!(account("sip:1000@192.0.2.7:40001", "sip:1000@example.com").as_deref(), Some("1000"));
    assert_eq!(account("sip:other@192.0.2.7", "sip:sales@example.com").as_deref(), Some("1000"));
}

#[test]
fn of_several_accounts_by_one_connection_the_one_that_is_asked_for_counts() {
    let mut registrar = two_registered();
    let flow = registrar.flow;
    let mut account = |uri, to| account_of(&mut registrar, flow, uri, to);
    assert_eq!(account("sip:1001@192.0.2.7", "sip:1000@example.com").as_deref(), Some("1001"));
    assert_eq!(account("sip:x@192.0.2.7", "sip:1001@EXAMPLE.com").as_deref(), Some("1001"));
    assert_eq!(account("sip:x@192.0.2.7", "sip:1001@elsewhere.example").as_deref(), Some("1000"));
}

#[test]
fn of_two_accounts_of_the_same_user_the_one_of_the_domain_that_is_called_counts() {
    let mut elsewhere = account("1000");
    elsewhere.id = "elsewhere".into();
    elsewhere.domain = "example.org".to_owned();
    let mut registrar = Registrar::with(settings([account("1000"), elsewhere]));
    registrar.take();
    registrar.reach_by(registrar.flow, Vec::new());
    let second = registrar.request();
    registrar.accept(&second, 3600);
    let flow = registrar.flow;
    let mut account = |to| account_of(&mut registrar, flow, "sip:1000@192.0.2.7", to);
    assert_eq!(account("sip:1000@example.org").as_deref(), Some("elsewhere"));
    assert_eq!(account("sip:1000@example.com").as_deref(), Some("1000"));
}

#[test]
fn a_call_from_where_the_account_is_registered_is_its_own_if_it_is_asked_for() {
    let mut registrar = two_registered();
    let another = Flow { id: FlowId(77), ..registrar.flow };
    let mut account = |uri, to| account_of(&mut registrar, another, uri, to);
    assert_eq!(account("sip:1001@192.0.2.7", "sip:1001@example.com").as_deref(), Some("1001"));
    assert_eq!(account("sip:x@192.0.2.7", "sip:1001@example.com"), None);
}

#[test]
fn a_call_from_elsewhere_is_nobodys() {
    let mut registrar = registered();
    let peer = "10.9.9.9:5060".parse().expect("an address");
    let elsewhere = Flow { id: FlowId(77), peer, ..registrar.flow };
    assert_eq!(account_of(&mut registrar, elsewhere, "sip:1000@192.0.2.7", "sip:1000@example.com"), None);
}

#[test]
fn a_call_that_comes_while_the_connection_is_replaced_is_still_the_accounts() {
    let mut registrar = registered();
    let flow = registrar.flow;
    registrar.close(flow.id);
    let another = Flow { id: FlowId(77), ..flow };
    let account = account_of(&mut registrar, another, "sip:1000@192.0.2.7", "sip:1000@example.com");
    assert_eq!(account.as_deref(), Some("1000"));
}

#[test]
fn a_call_after_the_registration_is_nobodys() {
    let mut registrar = registered();
    registrar.command(crate::agent::command::AccountAction::Unregister);
    let register = registrar.request();
    registrar.respond(&register, 200, "");
    let flow = registrar.flow;
    assert_eq!(account_of(&mut registrar, flow, "sip:1000@192.0.2.7", "sip:1000@example.com"), None);
}

#[test]
fn a_service_route_is_kept_until_the_next_answer() {
    let mut registrar = registered();
    registrar.command(crate::agent::command::AccountAction::Register);
    let register = registrar.request();
    let routes = "Service-Route: <sip:a.example;lr>, <sip:b.example;lr>;x=1\r\n";
    registrar.respond(&register, 200, routes);
    let kept = |registrar: &Registrar| {
        let routes = &registrar.agent.stack.accounts[0].service_route;
        routes.iter().map(|route| route.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kept(&registrar), ["sip:a.example;lr", "sip:b.example;lr"]);
    registrar.wait(seconds(3600));
    let register = registrar.request();
    registrar.accept(&register, 3600);
    assert!(kept(&registrar).is_empty());
}

#[test]
fn a_service_route_that_is_too_long_is_not_followed() {
    let mut registrar = registered();
    registrar.command(crate::agent::command::AccountAction::Register);
    let register = registrar.request();
    registrar.respond(&register, 200, &"Service-Route: <sip:a.example;lr>\r\n".repeat(17));
    assert!(registrar.agent.stack.accounts[0].service_route.is_empty());
}

/// The first response to an INVITE that comes by this flow, where callers are asked for credentials and nobody is allowed.
fn answered(challenge: Challenged, transport: Transport, other: impl Fn(Flow) -> Flow) -> u16 {
    let user = Credentials { username: "alice".into(), password: Password::new("x") };
    let allow = vec!["203.0.113.0/24".parse().expect("a network")];
    let gate = GateSettings {
        users: vec![user],
        challenge,
        allow,
        denied: Denied::Reject,
        ..GateSettings::default()
    };
    let settings = Settings { gate, ..settings([account("1000")]) };
    let mut registrar = Registrar::with(settings);
    registrar.transport = transport;
    registrar.take();
    registrar.carried();
    let flow = other(registrar.flow);
    registrar.open(flow);
    registrar.deliver_by(flow, &invite(1, "sip:1000@192.0.2.7", "sip:1000@example.com"));
    match registrar.carried().first().map(|carried| &carried.message) {
        Some(Message::Response(response)) => response.status,
        other => panic!("not a response: {other:?}"),
    }
}

#[test]
fn by_its_own_connection_a_registrar_is_let_in_and_asked_for_credentials_only_where_all_are() {
    for transport in [Transport::Tcp, Transport::Udp] {
        assert_eq!(answered(Challenged::Strangers, transport, |flow| flow), 100);
        assert_eq!(answered(Challenged::All, transport, |flow| flow), 401);
        let accepted = |flow| Flow { id: FlowId(77), listener: Some(ListenerId(0)), ..flow };
        assert_eq!(answered(Challenged::Strangers, transport, accepted), 403);
    }
}

#[test]
fn another_connection_from_where_a_registrar_is_shows_who_it_is_and_a_datagram_does_not() {
    let another = |flow| Flow { id: FlowId(77), ..flow };
    assert_eq!(answered(Challenged::Strangers, Transport::Tcp, another), 100);
    assert_eq!(answered(Challenged::Strangers, Transport::Udp, another), 401);
}
