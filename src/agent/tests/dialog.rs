//! How a request of ours is addressed (RFC 3261 §12.1.1, §12.2.1.1), seen on the BYE.

use super::harness::{Sent, World, header};
use super::phone::{OFFER, Phone, accepted, established};
use crate::agent::command::{Accept, Hangup};
use crate::agent::respond::SERVER;
use crate::agent::{Action, Destination, FlowId, Hop, Settings};
use crate::sip::{Message, Name, Request, Transport};

fn hang_up(world: &mut World) -> (Sent, Request) {
    world.ask(Action::Hangup(Hangup::default()));
    let sent = world.carried().remove(0);
    let Message::Request(bye) = sent.message.clone() else { panic!("not a request") };
    (sent, *bye)
}

/// The BYE of a call whose INVITE had these headers, when no connection is open any more, and where a new one went.
fn bye_of(headers: &str) -> (Hop, Request) {
    let mut world = World::tcp();
    let mut phone = Phone::new(&world);
    world.deliver(phone.request("INVITE", headers, OFFER));
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.responses()[1]);
    world.deliver(phone.ack(""));
    world.close_flow();
    world.ask(Action::Hangup(Hangup::default()));
    let Destination::Hop(hop) = world.reach() else { panic!("not a hop") };
    (hop, world.request())
}

fn hop(transport: Transport, host: &str, port: Option<u16>) -> Hop {
    Hop { transport: Some(transport), host: host.into(), port, secure: false, name: None }
}

fn routes(request: &Request) -> Vec<String> {
    request.headers.all(Name::Route).map(|route| route.text().to_string()).collect()
}

#[test]
fn a_bye_is_addressed_by_the_dialog() {
    let mut world = World::tcp();
    let phone = established(&mut world);
    let (sent, bye) = hang_up(&mut world);
    let value = |name| header(&bye.headers, name).expect("a header");
    assert_eq!(bye.uri.as_str(), "sip:1001@10.0.0.1:5060;transport=tcp");
    let tag = phone.to_tag.expect("our tag");
    assert_eq!(value("From"), format!("<sip:1000@192.0.2.7>;tag={tag}"));
    assert_eq!(value("To"), "\"Extension 1001\" <sip:1001@10.0.0.1>;tag=phone-1");
    assert_eq!(value("Call-ID"), "call-1");
    assert_eq!(value("CSeq"), "1 BYE");
    assert_eq!(value("Max-Forwards"), "70");
    assert_eq!(value("User-Agent"), SERVER);
    let via = value("Via");
    assert!(via.starts_with("SIP/2.0/TCP 192.0.2.7:5060;branch=z9hG4bK") && via.ends_with(";rport"), "{via}");
    assert!(bye.headers.all(Name::Via).count() == 1 && routes(&bye).is_empty());
    assert_eq!(sent.transmit.flow, Some(world.flow.id));
}

#[test]
fn every_branch_and_every_tag_is_another() {
    let mut world = World::tcp();
    established(&mut world);
    let (_, first) = hang_up(&mut world);
    let mut phone = Phone::numbered(&world, 2);
    world.deliver(phone.invite());
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.responses()[1]);
    world.deliver(phone.ack(""));
    let (_, second) = hang_up(&mut world);
    assert_ne!(first.via.branch, second.via.branch);
    assert_ne!(first.from.tag(), second.from.tag());
}

#[test]
fn loose_routes_become_route_headers_in_their_order() {
    let (next, bye) = bye_of(
        "Record-Route: <sip:a.example:5070;transport=tcp;lr>, <sip:b.example;lr>\r\nRecord-Route: <sip:c.example;lr>\r\n",
    );
    assert_eq!(bye.uri.as_str(), "sip:1001@10.0.0.1:5060;transport=tcp");
    let expected = ["<sip:a.example:5070;transport=tcp;lr>", "<sip:b.example;lr>", "<sip:c.example;lr>"]
        .map(str::to_owned);
    assert_eq!(routes(&bye), expected);
    assert_eq!(next, hop(Transport::Tcp, "a.example", Some(5070)));
}

#[test]
fn a_strict_first_route_becomes_the_request_uri_and_the_target_the_last_route() {
    let (next, bye) = bye_of("Record-Route: <sip:a.example>, <sip:b.example;lr>\r\n");
    assert_eq!(bye.uri.as_str(), "sip:a.example");
    assert_eq!(routes(&bye), ["<sip:b.example;lr>", "<sip:1001@10.0.0.1:5060;transport=tcp>"]);
    assert_eq!(next, hop(Transport::Tcp, "a.example", None), "the transport in use");
}

#[test]
fn a_route_may_have_another_transport() {
    let (next, _) = bye_of("Record-Route: <sip:a.example;transport=udp;lr>\r\n");
    assert_eq!(next, hop(Transport::Udp, "a.example", None));
}

#[test]
fn a_bye_goes_by_the_connection_that_the_peer_used_last() {
    let mut world = World::tcp();
    let phone = accepted(&mut world);
    world.close_flow();
    world.reconnect();
    world.deliver(phone.ack(""));
    let (sent, _) = hang_up(&mut world);
    assert_eq!(sent.transmit.flow, Some(FlowId(2)));
}

#[test]
fn a_request_on_a_new_connection_takes_the_dialog_along() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.close_flow();
    world.reconnect();
    world.deliver(phone.next("INFO", "", "x"));
    world.wire();
    let (sent, _) = hang_up(&mut world);
    assert_eq!(sent.transmit.flow, Some(FlowId(2)));
}

#[test]
fn without_a_contact_the_callers_address_is_the_target() {
    let mut world = World::tcp();
    let mut phone = Phone::new(&world);
    world.deliver(phone.invite().replace("Contact: <sip:1001@10.0.0.1:5060;transport=tcp>\r\n", ""));
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.responses()[1]);
    world.deliver(phone.ack(""));
    assert_eq!(hang_up(&mut world).1.uri.as_str(), "sip:1001@10.0.0.1");
}

#[test]
fn the_advertised_address_stands_in_the_via() {
    let advertise = Some(("pbx.example".to_owned(), Some(5080)));
    let mut world = World::new(Transport::Udp, Settings { advertise, ..Settings::default() });
    established(&mut world);
    let (_, bye) = hang_up(&mut world);
    assert_eq!((&*bye.via.host, bye.via.port), ("pbx.example", Some(5080)));
    assert_eq!(bye.via.transport, "UDP");
}
