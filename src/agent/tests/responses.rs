//! What stands in the agent's responses (RFC 3261 §8.2.6, §11.2, §12.1.1, §20).

use super::harness::{World, header};
use super::phone::{OFFER, Phone, established};
use crate::agent::command::Accept;
use crate::agent::respond::SERVER;
use crate::agent::{Action, Settings, Transmit};
use crate::sip::{Name, Response, Transport};

/// Every response of a call that is rung and then given up by its caller: 100, 180, 200 to the CANCEL, 487.
fn responses() -> Vec<Response> {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    let routes = "Record-Route: <sip:a.example;lr>\r\nRecord-Route: <sip:b.example;lr>\r\n";
    let headers = format!("{routes}Timestamp: 54.21\r\nVia: SIP/2.0/UDP b.example;branch=z9hG4bKb\r\n");
    world.deliver(phone.request("INVITE", &headers, OFFER));
    world.ask(Action::Ring(Default::default()));
    world.deliver(phone.request("CANCEL", "Via: SIP/2.0/UDP b.example;branch=z9hG4bKb\r\n", ""));
    world.responses()
}

#[test]
fn every_response_copies_via_from_to_call_id_and_cseq_and_says_who_we_are() {
    for response in responses() {
        let value = |name| header(&response.headers, name).expect("a header");
        let vias: Vec<_> = response.headers.all(Name::Via).map(|via| via.text().to_string()).collect();
        let vias: Vec<_> = vias.iter().map(String::as_str).collect();
        let [topmost, "SIP/2.0/UDP b.example;branch=z9hG4bKb"] = vias[..] else { panic!("{vias:?}") };
        assert_eq!(topmost, "SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK-1-100");
        assert_eq!(value("From"), "\"Extension 1001\" <sip:1001@10.0.0.1>;tag=phone-1");
        assert_eq!(value("Call-ID"), "call-1");
        assert_eq!(response.cseq.number, 100);
        assert_eq!(value("Server"), SERVER);
        assert_eq!(value("Content-Length"), "0");
    }
}

#[test]
fn the_100_has_the_timestamp_and_no_tag_and_no_contact() {
    let trying = responses().remove(0);
    assert_eq!(trying.status, 100);
    assert_eq!(header(&trying.headers, "Timestamp").as_deref(), Some("54.21"));
    assert_eq!(header(&trying.headers, "To").as_deref(), Some("<sip:1000@192.0.2.7>"));
    assert!(trying.contact.is_none());
    assert!(header(&trying.headers, "Record-Route").is_none());
}

#[test]
fn the_180_makes_a_dialog_with_record_route_contact_and_tag() {
    let ringing = responses().remove(1);
    assert_eq!((ringing.status, &*ringing.reason_phrase), (180, "Ringing"));
    let routes: Vec<_> = ringing.headers.all(Name::RecordRoute).map(|route| route.text()).collect();
    assert_eq!(routes, ["<sip:a.example;lr>", "<sip:b.example;lr>"]);
    let contact = header(&ringing.headers, "Contact");
    assert_eq!(contact.as_deref(), Some("<sip:1000@192.0.2.7:5060;transport=tcp>"));
    assert!(ringing.to.tag().is_some());
    assert!(header(&ringing.headers, "Allow").is_some());
    assert!(header(&ringing.headers, "Content-Type").is_none());
}

#[test]
fn the_487_has_the_tag_of_the_180_and_no_contact() {
    let mut responses = responses();
    let (terminated, cancelled, ringing) = (responses.remove(3), responses.remove(2), responses.remove(1));
    assert_eq!((terminated.status, &*terminated.reason_phrase), (487, "Request Terminated"));
    assert_eq!(terminated.cseq.method.as_str(), "INVITE");
    assert_eq!(terminated.to.tag(), ringing.to.tag());
    assert_eq!(cancelled.to.tag(), ringing.to.tag());
    assert!(terminated.contact.is_none() && cancelled.contact.is_none());
}

#[test]
fn the_200_has_contact_allow_supported_and_the_answer() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    world.ask(Action::Accept(Accept::default()));
    let ok = world.responses().remove(1);
    assert!(ok.contact.is_some());
    assert!(header(&ok.headers, "Allow").is_some_and(|allow| allow.contains("BYE")));
    assert!(header(&ok.headers, "Supported").is_some());
    assert_eq!(header(&ok.headers, "Content-Type").as_deref(), Some("application/sdp"));
    assert!(ok.body.starts_with(b"v=0\r\n"));
}

#[test]
fn the_contact_is_the_advertised_address() {
    let contact = |host: &str, port: Option<u16>| {
        let settings = Settings { advertise: Some((host.to_owned(), port)), ..Settings::default() };
        let mut world = World::with(settings);
        super::phone::offered(&mut world);
        world.ask(Action::Ring(Default::default()));
        header(&world.response().headers, "Contact").expect("a Contact")
    };
    assert_eq!(contact("pbx.example", None), "<sip:1000@pbx.example:5060;transport=tcp>");
    assert_eq!(contact("2001:db8::1", Some(5080)), "<sip:1000@[2001:db8::1]:5080;transport=tcp>");
}

#[test]
fn received_and_rport_say_where_the_request_came_from() {
    let mut world = World::udp();
    world.flow.peer = "198.51.100.9:40000".parse().expect("an address");
    let phone = Phone::new(&world);
    world.deliver(phone.invite().replace(";branch", ";rport;branch"));
    let via = header(&world.response().headers, "Via").expect("a Via");
    assert!(via.contains(";received=198.51.100.9") && via.contains(";rport=40000"), "{via}");
}

#[test]
fn a_response_goes_back_by_the_connection_or_to_where_via_and_the_peer_say() {
    let mut world = World::tcp();
    world.flow.peer = "198.51.100.9:40000".parse().expect("an address");
    let phone = Phone::new(&world);
    for (sent_by, port) in [("10.0.0.1:5070", 5070), ("10.0.0.1", 5060)] {
        world.deliver(phone.same("OPTIONS").replace("10.0.0.1:5060;branch", &format!("{sent_by};branch")));
        let answer = world.carried().remove(0).transmit;
        assert_eq!(answer.flow, Some(world.flow.id));
        let otherwise = answer.otherwise.expect("a hop");
        assert_eq!((&*otherwise.host, otherwise.port), ("198.51.100.9", Some(port)));
    }
}

/// Where the answer to an OPTIONS goes that came from 198.51.100.9:40000 over UDP: by its flow, or else where.
fn answered(via: &str) -> (bool, String, Option<u16>) {
    let mut world = World::udp();
    world.flow.peer = "198.51.100.9:40000".parse().expect("an address");
    let phone = Phone::new(&world);
    world.deliver(phone.same("OPTIONS").replace("10.0.0.1:5060;branch", &format!("{via};branch")));
    let Transmit { flow, otherwise, .. } = world.carried().remove(0).transmit;
    let hop = otherwise.expect("a hop");
    assert_eq!(hop.transport, Some(Transport::Udp));
    (flow == Some(world.flow.id), hop.host.to_string(), hop.port)
}

#[test]
fn over_udp_a_response_goes_to_the_port_that_via_names_and_with_rport_to_the_one_it_came_from() {
    let here = |port| (true, "198.51.100.9".to_owned(), Some(port));
    let there = |port| (false, "198.51.100.9".to_owned(), Some(port));
    assert_eq!(answered("10.0.0.1:5070"), there(5070));
    assert_eq!(answered("phone.example"), there(5060));
    assert_eq!(answered("198.51.100.9:40000"), here(40000));
    assert_eq!(answered("10.0.0.1:40000"), here(40000));
    assert_eq!(answered("10.0.0.1:5070;rport"), here(40000));
    assert_eq!(answered("10.0.0.1:5070;rport=5080;received=203.0.113.1"), here(40000));
}

#[test]
fn over_udp_a_response_goes_to_maddr_before_anywhere_else() {
    for via in ["10.0.0.1:5070;maddr=203.0.113.5", "10.0.0.1:5070;maddr=203.0.113.5;rport"] {
        assert_eq!(answered(via), (false, "203.0.113.5".to_owned(), Some(5070)));
    }
    assert_eq!(answered("10.0.0.1;maddr=PBX.example"), (false, "PBX.example".to_owned(), Some(5060)));
}

#[test]
fn a_repeated_request_over_udp_is_answered_at_the_same_place() {
    let mut world = World::udp();
    world.flow.peer = "10.0.0.1:40000".parse().expect("an address");
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    world.close_flow();
    world.reconnect();
    world.deliver(phone.invite());
    world.ask(Action::Ring(Default::default()));
    for sent in world.carried() {
        let hop = sent.transmit.otherwise.expect("a hop");
        assert_eq!((sent.transmit.flow, &*hop.host, hop.port), (None, "10.0.0.1", Some(5060)));
    }
}

#[test]
fn what_cannot_be_read_is_answered_where_its_via_says() {
    let mut world = World::udp();
    world.flow.peer = "10.0.0.1:40000".parse().expect("an address");
    let phone = Phone::new(&world);
    world.deliver(phone.invite().replace("Max-Forwards: 70", "Max-Forwards: x"));
    let refused = world.carried().remove(0).transmit;
    assert_eq!((refused.flow, refused.otherwise.and_then(|hop| hop.port)), (None, Some(5060)));
}

#[test]
fn options_outside_a_dialog_says_what_the_agent_can_do() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.same("OPTIONS"));
    let ok = world.response();
    assert_eq!(ok.status, 200);
    for name in ["Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported"] {
        assert!(header(&ok.headers, name).is_some(), "{name}");
    }
    assert!(world.told().is_empty());
    world.assert_empty();
}

#[test]
fn options_in_a_dialog_is_answered_and_changes_nothing() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("OPTIONS", "", ""));
    let ok = world.response();
    assert_eq!(ok.status, 200);
    for name in ["Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported"] {
        assert!(header(&ok.headers, name).is_some(), "{name}");
    }
    assert!(world.events.is_empty());
}
