//! Where a request in a dialog goes (RFC 3261 §12.2.1.1), by connections and by datagrams.

use std::time::Duration;

use super::callee::called;
use super::harness::World;
use super::phone::{OFFER, Phone};
use crate::agent::command::{Accept, Hangup, Letter};
use crate::agent::{Action, Destination, Flow, FlowId, Settings};
use crate::sip::{Message, Transport};

/// A caller that was seen at an address and names another as its Contact, answered.
fn answered(transport: Transport, seen: &str, contact: &str, headers: &str) -> (World, Phone) {
    let mut world = World::new(transport, Settings::default());
    world.flow.peer = seen.parse().expect("an address");
    let mut phone = Phone::new(&world);
    phone.contact = Some(contact.to_owned());
    world.deliver(phone.request("INVITE", headers, OFFER));
    world.ask(Action::Accept(Accept::default()));
    let ok = world.carried().pop().expect("a 200");
    // Its port is another one than it was seen at, so the 200 is on its way there.
    if ok.transmit.flow.is_none() {
        world.delivered(&ok.transmit);
    }
    let Message::Response(ok) = ok.message else { panic!("not a response") };
    phone.learn(&ok);
    world.deliver(phone.ack(""));
    (world, phone)
}

/// Where the BYE of such a call goes: `the flow`, or what is looked for.
fn way(transport: Transport, seen: &str, contact: &str, headers: &str) -> String {
    let (mut world, _) = answered(transport, seen, contact, headers);
    way_of_bye(&mut world)
}

fn way_of_bye(world: &mut World) -> String {
    world.ask(Action::Hangup(Hangup::default()));
    if !world.is_seeking() {
        let sent = world.carried().remove(0);
        assert!(matches!(sent.message, Message::Request(bye) if bye.method.as_str() == "BYE"));
        assert_eq!(sent.transmit.flow, Some(world.flow.id));
        return "the flow".to_owned();
    }
    let Destination::Hop(hop) = world.sought().1 else { panic!("not a hop") };
    let transport = hop.transport.map(|transport| transport.to_string()).unwrap_or_default();
    format!("{transport} {} {}", hop.host, hop.port.unwrap_or_default())
}

#[test]
fn by_datagrams_a_request_goes_where_the_peer_says() {
    let route = |route: &str| format!("Record-Route: <sip:{route};lr>\r\n");
    for (contact, headers, expected) in [
        ("<sip:x@10.0.0.1>", String::new(), "the flow"),
        ("<sip:x@10.0.0.1:5060>", String::new(), "the flow"),
        ("<sip:x@10.0.0.1:5070>", String::new(), "UDP 10.0.0.1 5070"),
        ("<sip:x@10.0.0.2>", String::new(), "UDP 10.0.0.2 0"),
        ("<sip:x@10.0.0.1;transport=tcp>", String::new(), "TCP 10.0.0.1 0"),
        ("<sip:x@192.0.2.99;maddr=10.0.0.1>", String::new(), "the flow"),
        ("<sip:x@pbx.example.com>", String::new(), "UDP pbx.example.com 0"),
        ("<sip:x@10.9.9.9>", route("10.0.0.1"), "the flow"),
        ("<sip:x@10.0.0.1>", route("10.0.0.7:5080"), "UDP 10.0.0.7 5080"),
        ("<sip:x@10.0.0.1>", route("10.0.0.1;transport=tcp"), "TCP 10.0.0.1 0"),
    ] {
        assert_eq!(way(Transport::Udp, "10.0.0.1:5060", contact, &headers), expected, "{contact} {headers}");
    }
}

#[test]
fn an_address_that_means_nothing_here_is_not_believed() {
    for (seen, contact, expected) in [
        ("198.51.100.1:40000", "<sip:x@192.168.1.5:5060>", "the flow"),
        ("198.51.100.1:40000", "<sip:x@100.64.0.9>", "the flow"),
        ("198.51.100.1:40000", "<sip:x@127.0.0.1>", "the flow"),
        ("198.51.100.1:40000", "<sip:x@203.0.113.5>", "UDP 203.0.113.5 0"),
        ("10.0.0.1:40000", "<sip:x@127.0.0.1>", "the flow"),
        ("10.0.0.1:40000", "<sip:x@192.168.1.5>", "UDP 192.168.1.5 0"),
        ("127.0.0.1:40000", "<sip:x@127.0.0.1:5060>", "UDP 127.0.0.1 5060"),
        ("[2001:db8::1]:40000", "<sip:x@[fd00::5]:5060>", "the flow"),
    ] {
        assert_eq!(way(Transport::Udp, seen, contact, ""), expected, "{seen} {contact}");
    }
    let route = "Record-Route: <sip:192.168.1.5;lr>\r\n";
    let found = way(Transport::Udp, "198.51.100.1:40000", "<sip:x@192.168.1.6>", route);
    assert_eq!(found, "the flow", "nor is a proxy's");
}

#[test]
fn a_connection_by_which_the_peer_has_asked_leads_to_it() {
    for contact in ["<sip:x@10.9.9.9>", "<sip:x@10.0.0.1:5070;transport=udp>", "<sip:x@pbx.example.com>"] {
        assert_eq!(way(Transport::Tcp, "10.0.0.1:40000", contact, ""), "the flow", "{contact}");
    }
}

#[test]
fn a_peer_that_is_not_where_it_says_is_asked_where_it_was_heard() {
    type Fail = fn(&mut World);
    let fails: [Fail; 3] = [
        |world| drop(world.reach_in_vain()),
        |world| {
            world.reach();
            world.wire();
            world.refuse();
        },
        |world| {
            world.reach();
            world.wire();
            world.advance(Duration::from_secs(31));
            world.wire();
            world.advance(Duration::from_secs(1));
        },
    ];
    for fail in fails {
        let (mut world, phone) = answered(Transport::Udp, "10.0.0.1:40000", "<sip:x@10.0.0.1:5060>", "");
        let heard = world.flow.id;
        world.ask(Action::Hangup(Hangup::default()));
        fail(&mut world);
        let sent = world.carried().pop().expect("a BYE");
        world.delivered(&sent.transmit);
        let Message::Request(bye) = sent.message else { panic!("not a request") };
        assert_eq!((bye.method.as_str(), sent.transmit.flow), ("BYE", Some(heard)));
        world.flow.id = heard;
        world.refuse();
        world.advance(Duration::from_millis(500));
        assert_eq!(world.request().via.branch, bye.via.branch, "there is no other place");
        world.deliver(phone.respond(&bye, 200));
        world.advance(Duration::from_secs(32));
        world.assert_empty();
    }
}

#[test]
fn a_peer_that_was_not_where_it_says_is_asked_where_it_was_heard_from_then_on() {
    let (mut world, phone) = answered(Transport::Udp, "10.0.0.1:40000", "<sip:x@10.0.0.1:5060>", "");
    let letter = Letter { content_type: "a/b".into(), body: String::new(), headers: Default::default() };
    world.ask(Action::Info(letter));
    world.reach_in_vain();
    let request = world.request();
    world.deliver(phone.respond(&request, 200));
    assert_eq!(way_of_bye(&mut world), "the flow");
}

#[test]
fn a_peer_of_ours_that_names_an_address_of_its_own_network_is_asked_where_it_answers() {
    let mut world = World::udp();
    world.flow.peer = "198.51.100.1:5060".parse().expect("an address");
    let mut callee = called(&mut world);
    callee.contact = "<sip:1001@10.0.0.5>".to_owned();
    world.deliver(callee.answers());
    assert_eq!(world.carried().remove(0).transmit.flow, Some(world.flow.id), "the ACK");
    assert_eq!(way_of_bye(&mut world), "the flow");
}

#[test]
fn a_datagram_from_elsewhere_does_not_take_the_call_along() {
    let (mut world, mut phone) = answered(Transport::Udp, "10.0.0.1:5060", "<sip:x@10.0.0.1>", "");
    let other = Flow { id: FlowId(9), peer: "203.0.113.6:6".parse().unwrap(), ..world.flow };
    let first = std::mem::replace(&mut world.flow, other);
    world.deliver(phone.next("OPTIONS", "", ""));
    world.wire();
    world.flow = first;
    assert_eq!(way_of_bye(&mut world), "the flow");
    let (mut world, mut phone) = answered(Transport::Udp, "198.51.100.1:40000", "<sip:x@10.0.0.5>", "");
    let first = std::mem::replace(&mut world.flow, other);
    world.deliver(phone.next("OPTIONS", "", ""));
    world.wire();
    world.flow = first;
    assert_eq!(way_of_bye(&mut world), "the flow", "that of the one who called");
}

#[test]
fn a_peer_that_says_that_it_has_moved_is_asked_there() {
    let (mut world, mut phone) = answered(Transport::Udp, "198.51.100.1:40000", "<sip:x@10.0.0.5>", "");
    world.flow = Flow { id: FlowId(9), peer: "203.0.113.6:6".parse().unwrap(), ..world.flow };
    world.deliver(phone.next("UPDATE", "", ""));
    world.wire();
    assert_eq!(way_of_bye(&mut world), "the flow");
}

#[test]
fn a_call_of_ours_keeps_to_its_route_whoever_asks_something_in_it() {
    let mut world = World::udp();
    let mut callee = called(&mut world);
    callee.routes = "Record-Route: <sip:10.0.0.1;lr>\r\n".to_owned();
    world.deliver(callee.answers());
    world.wire();
    let other = Flow { id: FlowId(9), peer: "10.6.6.6:6".parse().unwrap(), ..world.flow };
    let first = std::mem::replace(&mut world.flow, other);
    world.deliver(callee.asks("INFO", "", ""));
    world.wire();
    world.flow = first;
    assert_eq!(way_of_bye(&mut world), "the flow");
}

#[test]
fn a_secure_call_stays_on_its_secure_connection() {
    let (mut world, mut phone) = {
        let mut world = World::new(Transport::Tls, Settings::default());
        let mut phone = Phone::new(&world);
        phone.contact = Some("<sips:x@10.0.0.1:5061>".to_owned());
        let secure = |request: String| request.replacen(" sip:1000@", " sips:1000@", 1);
        world.deliver(secure(phone.request("INVITE", "", OFFER)));
        world.ask(Action::Accept(Accept::default()));
        phone.learn(&world.responses()[1]);
        world.deliver(secure(phone.ack("")));
        (world, phone)
    };
    let secure = world.flow;
    for transport in [Transport::Udp, Transport::Tcp] {
        world.flow = Flow { id: FlowId(9), transport, ..secure };
        world.deliver(phone.next("OPTIONS", "", ""));
        assert_eq!(world.statuses(), ["200 OPTIONS"]);
    }
    world.flow = secure;
    assert_eq!(way_of_bye(&mut world), "the flow");
}

#[test]
fn a_secure_call_whose_tls_ends_before_us_goes_by_the_connection_that_it_came_by() {
    let mut world = World::tcp();
    let mut phone = Phone::new(&world);
    phone.contact = Some("<sips:x@10.0.0.9>".to_owned());
    world.deliver(phone.request("INVITE", "", OFFER).replacen(" sip:1000@", " sips:1000@", 1));
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.responses()[1]);
    world.deliver(phone.ack(""));
    assert_eq!(way_of_bye(&mut world), "the flow");
}
