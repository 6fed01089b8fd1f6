//! Dialogs that our INVITE has made (RFC 3261 §12.1.2): where their requests go, and that a call of ours is a call like any
//! other once it is established.

use std::time::Duration;

use super::callee::{Callee, called, connected, long_connected};
use super::harness::{World, header};
use super::phone::{ANSWER, OFFER};
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::agent::{Action, Destination, Refusal, Transmit};
use crate::sip::{Message, Request, Transport};

fn hang_up(world: &mut World) -> Request {
    world.ask(Action::Hangup(Default::default()));
    world.request()
}

/// The values of a request's Route, in order.
fn routes(request: &Request) -> Vec<String> {
    request.headers.items(crate::sip::Name::Route).map(|route| route.to_string()).collect()
}

/// What is sent when a phone with this Contact and these Record-Routes answers: the ACK, and how it goes.
fn ack(world: &mut World, contact: &str, routes: &str) -> (Request, Transmit) {
    let callee = called(world);
    let callee = Callee { contact: contact.to_owned(), routes: routes.to_owned(), ..callee };
    world.deliver(callee.answers());
    let sent = world.carried().remove(0);
    let Message::Request(ack) = sent.message else { panic!("an ACK") };
    (*ack, sent.transmit)
}

const HERE: &str = "<sip:1001@10.0.0.1:5060;transport=tcp>";

#[test]
fn the_headers_of_a_contact_are_no_part_of_the_remote_target() {
    let mut world = World::tcp();
    let mut callee = called(&mut world);
    callee.contact = "<sip:x@10.0.0.1:5060;transport=tcp?X=y>".to_owned();
    world.deliver(callee.answers());
    assert_eq!(world.request().uri.as_str(), "sip:x@10.0.0.1:5060;transport=tcp");
}

#[test]
fn a_contact_that_is_no_sip_uri_is_no_remote_target() {
    let mut world = World::tcp();
    let mut callee = called(&mut world);
    callee.contact = "<tel:+1>".to_owned();
    world.deliver(callee.answers());
    assert_eq!(world.request().uri.as_str(), super::callee::CALLED);
}

#[test]
fn the_route_set_is_the_record_route_in_reverse() {
    let mut world = World::tcp();
    let recorded = "Record-Route: <sip:p2@10.0.0.1;transport=tcp;lr>, <sip:p1@10.0.0.1;lr>;x=y\r\n\
                    Record-Route: <sip:10.0.0.1:5060;transport=tcp;lr>\r\n";
    let (ack, transmit) = ack(&mut world, "<sip:1001@10.9.9.9>", recorded);
    let set = [
        "<sip:10.0.0.1:5060;transport=tcp;lr>",
        "<sip:p1@10.0.0.1;lr>",
        "<sip:p2@10.0.0.1;transport=tcp;lr>",
    ];
    assert_eq!((ack.uri.as_str(), routes(&ack)), ("sip:1001@10.9.9.9", set.map(str::to_owned).to_vec()));
    assert_eq!(transmit.flow, Some(world.flow.id), "the proxy is where the INVITE went");
    let bye = hang_up(&mut world);
    assert_eq!((bye.uri.as_str(), routes(&bye)), ("sip:1001@10.9.9.9", set.map(str::to_owned).to_vec()));
}

#[test]
fn a_strict_route_becomes_the_request_uri() {
    let mut world = World::tcp();
    let recorded = "Record-Route: <sip:p2@10.0.0.3;lr>, <sip:10.0.0.1;transport=tcp>\r\n";
    let (ack, _) = ack(&mut world, HERE, recorded);
    assert_eq!(ack.uri.as_str(), "sip:10.0.0.1;transport=tcp");
    assert_eq!(routes(&ack), ["<sip:p2@10.0.0.3;lr>".to_owned(), HERE.to_owned()]);
}

#[test]
fn without_record_route_an_ack_goes_where_the_contact_points() {
    for contact in [HERE, "<sip:1001@10.0.0.1>", "<sip:1001@10.0.0.1:5060>"] {
        let mut world = World::tcp();
        let (_, transmit) = ack(&mut world, contact, "");
        assert_eq!(transmit.flow, Some(world.flow.id), "{contact}");
    }
    for (contact, transport, port) in [
        ("<sip:1001@10.0.0.2>", Transport::Tcp, None),
        ("<sip:1001@10.0.0.1:5090>", Transport::Tcp, Some(5090)),
        ("<sip:1001@10.0.0.1;transport=udp>", Transport::Udp, None),
        ("<sips:1001@10.0.0.1>", Transport::Tls, None),
    ] {
        let mut world = World::tcp();
        let (ack, transmit) = ack(&mut world, contact, "");
        let hop = transmit.otherwise.expect("a hop");
        assert_eq!((transmit.flow, hop.port), (None, port), "{contact}");
        let found = if hop.secure { Transport::Tls } else { hop.transport.expect("a transport") };
        assert_eq!((found, &*ack.via.transport), (transport, transport.to_string().as_str()), "{contact}");
    }
}

#[test]
fn the_connection_to_a_name_is_used_for_that_name() {
    let mut world = World::tcp();
    world.originate(crate::agent::command::Originate {
        to: "sip:1001@pbx.example.com;transport=tcp".to_owned(),
        ..Default::default()
    });
    world.reach();
    let mut callee = Callee::of(world.request());
    callee.contact = "<sip:1001@PBX.example.com>".to_owned();
    world.deliver(callee.answers());
    assert_eq!(world.carried().remove(0).transmit.flow, Some(world.flow.id));
}

#[test]
fn a_connection_that_the_peer_uses_leads_to_it() {
    let mut world = World::tcp();
    let mut callee = called(&mut world);
    callee.contact = "<sip:1001@10.9.9.9>".to_owned();
    world.deliver(callee.answers());
    world.wire();
    world.deliver(callee.asks("OPTIONS", "", ""));
    world.wire();
    world.ask(Action::Hangup(Default::default()));
    assert_eq!(world.carried().remove(0).transmit.flow, Some(world.flow.id));
}

#[test]
fn a_bye_goes_by_a_new_connection_to_the_contact_where_there_is_none() {
    let mut world = World::tcp();
    let mut callee = called(&mut world);
    callee.contact = "<sip:1001@10.9.9.9:5070>".to_owned();
    world.deliver(callee.answers());
    world.wire();
    world.ask(Action::Hangup(Default::default()));
    let Destination::Hop(hop) = world.reach() else { panic!("a hop") };
    assert_eq!((&*hop.host, hop.port, hop.transport), ("10.9.9.9", Some(5070), Some(Transport::Tcp)));
    let bye = world.request();
    assert_eq!((bye.method.as_str(), bye.cseq, bye.uri.as_str()), ("BYE", 2, "sip:1001@10.9.9.9:5070"));
}

#[test]
fn a_peer_without_a_contact_is_where_it_was_called() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.answers().replace(&format!("Contact: {HERE}\r\n"), ""));
    assert_eq!(world.request().uri.as_str(), super::callee::CALLED);
}

#[test]
fn the_peer_hangs_up_a_call_of_ours() {
    let mut world = World::tcp();
    let mut callee = long_connected(&mut world);
    world.deliver(callee.asks("BYE", "Reason: Q.850;cause=16\r\n", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    assert_eq!(world.end(), (EndCause::Hangup, EndBy::Remote, None));
    assert_eq!(
        world.call().end.as_ref().and_then(|end| end.reason.clone()).as_deref(),
        Some("Q.850;cause=16")
    );
    world.assert_empty();
}

#[test]
fn a_client_hangs_up_a_call_of_ours() {
    for mut world in [World::tcp(), World::udp()] {
        let callee = long_connected(&mut world);
        let ticket = world.ask(Action::Hangup(Default::default()));
        assert_eq!(world.done(ticket).state.name(), "ended");
        let bye = world.request();
        assert_eq!(bye.to.tag().map(AsRef::as_ref), Some("callee"));
        assert_eq!(bye.from.tag(), callee.invite.from.tag());
        assert_eq!(header(&bye.headers, "From"), header(&callee.invite.headers, "From"));
        world.deliver(callee.responds(&bye, 200));
        assert_eq!(world.end(), (EndCause::Hangup, EndBy::Api, None));
        world.advance(Duration::from_secs(5));
        world.assert_empty();
    }
}

#[test]
fn a_reinvite_of_the_callee_is_answered_and_holds_the_call() {
    let mut world = World::tcp();
    let mut callee = long_connected(&mut world);
    let hold = ANSWER.replace("m=audio", "a=sendonly\r\nm=audio");
    world.deliver(callee.asks("INVITE", "", &hold));
    let ok = world.response();
    assert_eq!((ok.status, ok.cseq.number), (200, 1));
    let contact = ok.contact.expect("a contact");
    assert_eq!(
        Some(contact.uri.as_str()),
        callee.invite.contact.as_ref().map(|contact| contact.uri.as_str())
    );
    world.deliver(callee.acknowledges());
    assert_eq!(world.told(), [EventKind::Held]);
    callee.cseq += 1;
    world.deliver(callee.asks("INVITE", "", ANSWER));
    world.wire();
    world.deliver(callee.acknowledges());
    assert_eq!(world.told(), [EventKind::Held, EventKind::Resumed]);
    world.advance(Duration::from_secs(32));
    assert_eq!(world.left(), (1, 0, 0));
}

#[test]
fn a_reinvite_without_an_offer_is_given_ours() {
    let mut world = World::tcp();
    let mut callee = long_connected(&mut world);
    world.deliver(callee.asks("INVITE", "", ""));
    assert_eq!(world.response().body, callee.invite.body);
}

#[test]
fn update_info_and_options_of_the_callee_are_served() {
    let mut world = World::tcp();
    let mut callee = long_connected(&mut world);
    world.deliver(callee.asks("UPDATE", "", OFFER));
    world.deliver(callee.asks("INFO", "Content-Type: application/dtmf\r\n", "7"));
    world.deliver(callee.asks("OPTIONS", "", ""));
    assert_eq!(world.statuses(), ["200 UPDATE", "200 INFO", "200 OPTIONS"]);
    assert_eq!(world.told(), [EventKind::Updated, EventKind::Dtmf]);
}

#[test]
fn the_peer_may_begin_its_cseq_anywhere_and_goes_up_from_there() {
    let mut world = World::tcp();
    let mut callee = long_connected(&mut world);
    let zero = callee.clone().asks("INFO", "", "").replace("CSeq: 1", "CSeq: 0");
    world.deliver(zero.replace("z9hG4bK-", "z9hG4bK-0-"));
    callee.cseq = 2_000_000_000;
    world.deliver(callee.asks("INFO", "", ""));
    world.deliver(zero);
    assert_eq!(world.statuses(), ["200 INFO", "200 INFO", "500 INFO"]);
}

#[test]
fn cancel_comes_too_late_for_an_established_call() {
    let mut world = World::tcp();
    connected(&mut world);
    let ticket = super::callee::cancel(&mut world);
    assert!(matches!(world.refused(ticket), Refusal::InvalidState(_)));
    assert!(world.wire().is_empty());
}
