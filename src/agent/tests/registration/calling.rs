//! Where the calls of a registered account go.

use super::registrar::Registrar;
use super::{account, registered, seconds, settings};
use crate::agent::command::{AccountAction, Originate};
use crate::agent::event::CallState;
use crate::agent::tests::harness::header;
use crate::agent::{Command, Destination, FlowId};
use crate::sip::{Message, Request};

fn call(registrar: &mut Registrar, to: &str) {
    registrar.give(Command::Originate(Originate { to: to.to_owned(), ..Originate::default() }));
    assert_eq!(registrar.call.as_ref().expect("a call").account.as_deref(), Some("1000"));
}

/// The INVITE, and the connection that it went by.
fn invite(registrar: &mut Registrar) -> (FlowId, Request) {
    let mut carried = registrar.carried();
    assert_eq!(carried.len(), 1);
    let carried = carried.remove(0);
    let Message::Request(invite) = carried.message else { panic!("a request") };
    assert_eq!(invite.method.as_str(), "INVITE");
    (carried.flow, *invite)
}

/// Registered again, with these headers in the answer.
fn refreshed(registrar: &mut Registrar, headers: &str) {
    registrar.command(AccountAction::Register);
    let register = registrar.request();
    registrar.respond(&register, 200, headers);
}

#[test]
fn a_call_in_the_domain_goes_by_the_registered_connection() {
    let mut registrar = registered();
    for to in ["1001", "sip:1001@example.com", "sip:1001@pbx.example.com"] {
        call(&mut registrar, to);
        assert!(registrar.sought.is_empty());
        let (flow, invite) = invite(&mut registrar);
        assert_eq!(flow, registrar.flow.id);
        assert_eq!(header(&invite.headers, "Route"), None);
        let contact = invite.contact.expect("a Contact");
        assert_eq!(contact.uri.as_str(), "sip:1000@192.0.2.7:40001;transport=tcp");
    }
}

#[test]
fn a_call_elsewhere_finds_its_own_way() {
    let mut registrar = registered();
    call(&mut registrar, "sip:1001@elsewhere.example");
    assert_eq!(registrar.sought.len(), 1);
    let Destination::Hop(hop) = registrar.reach() else { panic!("a hop") };
    assert_eq!(&*hop.host, "elsewhere.example");
}

#[test]
fn the_service_route_leads_calls_and_no_register() {
    let mut registrar = registered();
    refreshed(
        &mut registrar,
        "Service-Route: <sip:10.0.0.1;transport=tcp;lr>, <sip:home.example.com;lr>\r\n",
    );
    call(&mut registrar, "sip:1001@elsewhere.example");
    let (flow, invite) = invite(&mut registrar);
    assert_eq!(flow, registrar.flow.id, "the first route is the peer of the registered connection");
    assert_eq!(invite.uri.as_str(), "sip:1001@elsewhere.example");
    let routes: Vec<_> =
        invite.headers.items(crate::sip::Name::Route).map(|route| route.to_string()).collect();
    assert_eq!(routes, ["<sip:10.0.0.1;transport=tcp;lr>", "<sip:home.example.com;lr>"]);
    registrar.command(AccountAction::Register);
    assert_eq!(header(&registrar.request().headers, "Route"), None);
}

#[test]
fn a_service_route_through_another_proxy_is_looked_up() {
    let mut registrar = registered();
    refreshed(&mut registrar, "Service-Route: <sip:orig.example.com;lr>\r\n");
    call(&mut registrar, "1001");
    let Destination::Hop(hop) = registrar.reach() else { panic!("a hop") };
    assert_eq!(&*hop.host, "orig.example.com");
}

#[test]
fn the_service_route_replaces_the_outbound_proxy() {
    let mut proxied = account("1000");
    proxied.outbound_proxy = Some(super::uri("sip:edge.example.com"));
    let mut registrar = Registrar::with(settings([proxied]));
    registrar.take();
    call(&mut registrar, "1001");
    let (flow, first) = invite(&mut registrar);
    assert_eq!(flow, registrar.flow.id);
    assert_eq!(header(&first.headers, "Route").as_deref(), Some("<sip:edge.example.com;lr>"));
    refreshed(&mut registrar, "Service-Route: <sip:10.0.0.1;lr>\r\n");
    call(&mut registrar, "1001");
    let (_, second) = invite(&mut registrar);
    assert_eq!(header(&second.headers, "Route").as_deref(), Some("<sip:10.0.0.1;lr>"));
}

#[test]
fn without_the_connection_a_call_looks_for_a_way() {
    let mut registrar = registered();
    registrar.close(registrar.flow.id);
    call(&mut registrar, "1001");
    let Destination::Hop(hop) = registrar.reach() else { panic!("a hop") };
    assert_eq!(&*hop.host, "pbx.example.com");
}

#[test]
fn a_call_is_challenged_apart_from_the_registration() {
    let mut registrar = registered();
    call(&mut registrar, "1001");
    let (_, first) = invite(&mut registrar);
    let challenge = "Proxy-Authenticate: Digest realm=\"example.com\", nonce=\"n1\", qop=\"auth\"\r\n";
    registrar.respond(&first, 407, challenge);
    let sent: Vec<_> = registrar.carried().into_iter().map(|carried| carried.message).collect();
    let [Message::Request(ack), Message::Request(second)] = &sent[..] else { panic!("an ACK and an INVITE") };
    assert_eq!((ack.method.as_str(), second.method.as_str()), ("ACK", "INVITE"));
    let answer = header(&second.headers, "Proxy-Authorization").expect("an answer");
    assert!(answer.contains("uri=\"sip:1001@example.com\"") && answer.contains("nc=00000001"), "{answer}");
    registrar.respond(second, 603, "");
    assert_eq!(registrar.call.as_ref().expect("a call").state, CallState::Ended);
}

#[test]
fn a_drain_ends_calls_and_registrations() {
    let mut registrar = registered();
    call(&mut registrar, "1001");
    let (_, first) = invite(&mut registrar);
    registrar.respond(&first, 486, "");
    registrar.carried();
    registrar.shut_down();
    let register = registrar.request();
    registrar.respond(&register, 200, "");
    assert!(registrar.agent.is_idle());
    registrar.advance(seconds(32));
    registrar.assert_empty();
}
