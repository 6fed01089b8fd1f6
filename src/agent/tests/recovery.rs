//! After a crash: established calls go on, all others are lost, and each has one end.

use std::time::Duration;

use super::callee::{called, connected, rings};
use super::harness::{World, header};
use super::phone::{OFFER, Phone, accepted, established, offered, ringing};
use crate::agent::event::{EndBy, EndCause, EventKind};
use crate::agent::{Action, Destination, Settings};
use crate::sip::Transport;

fn keeping(transport: Transport) -> World {
    World::new(transport, Settings { keeps_calls: true, ..Settings::default() })
}

/// An agent that has come back with a call that a phone has placed.
fn recovered(transport: Transport) -> (World, Phone) {
    let mut world = keeping(transport);
    let phone = established(&mut world);
    world.forget();
    world.crash();
    assert_eq!(world.told(), [EventKind::Recovered]);
    world.forget();
    (world, phone)
}

#[test]
fn an_established_call_comes_back_as_it_was() {
    let mut world = keeping(Transport::Tcp);
    established(&mut world);
    let before = world.call();
    world.crash();
    let after = world.call();
    assert_eq!((after.id, after.version, after.state), (before.id, before.version + 1, before.state));
    assert_eq!(serde_json::to_value(&after.sip).unwrap(), serde_json::to_value(&before.sip).unwrap());
    assert_eq!(after.headers.len(), before.headers.len());
    assert_eq!((&after.sdp.local, &after.sdp.remote), (&before.sdp.local, &before.sdp.remote));
    assert_eq!((after.established_at, after.actions.len()), (before.established_at, 1));
}

#[test]
fn the_peer_hangs_up_by_a_new_connection() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let (mut world, mut phone) = recovered(transport);
        world.deliver(phone.next("BYE", "", ""));
        assert_eq!(world.statuses(), ["200 BYE"]);
        assert_eq!(world.end(), (EndCause::Hangup, EndBy::Remote, None));
        assert_eq!(world.told(), [EventKind::Ended]);
        world.advance(Duration::from_secs(32));
        world.assert_empty();
    }
}

#[test]
fn a_client_hangs_up_by_a_new_connection() {
    let (mut world, phone) = recovered(Transport::Tcp);
    let ticket = world.ask(Action::Hangup(Default::default()));
    let Destination::Hop(hop) = world.reach() else { panic!("a hop") };
    assert_eq!((&*hop.host, hop.port, hop.transport), ("10.0.0.1", Some(5060), Some(Transport::Tcp)));
    let bye = world.request();
    assert_eq!((bye.method.as_str(), bye.cseq), ("BYE", 1));
    assert_eq!(bye.from.tag().map(ToString::to_string), phone.to_tag);
    assert_eq!(world.done(ticket).state.name(), "ended");
    world.deliver(phone.respond(&bye, 200));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn a_call_of_ours_comes_back_with_its_route_and_a_higher_cseq() {
    let mut world = keeping(Transport::Tcp);
    let callee = called(&mut world);
    let routed = super::callee::Callee {
        routes: "Record-Route: <sip:p@10.0.0.1;transport=tcp;lr>\r\n".to_owned(),
        ..callee
    };
    world.deliver(routed.answers());
    world.forget();
    world.crash();
    world.ask(Action::Hangup(Default::default()));
    world.reach();
    let bye = world.request();
    assert_eq!(header(&bye.headers, "Route").as_deref(), Some("<sip:p@10.0.0.1;transport=tcp;lr>"));
    assert_eq!((bye.uri.as_str(), bye.cseq), ("sip:1001@10.0.0.1:5060;transport=tcp", 2));
    assert_eq!(bye.to.tag().map(AsRef::as_ref), Some("callee"));
}

#[test]
fn a_session_goes_on_where_it_was() {
    let (mut world, mut phone) = recovered(Transport::Tcp);
    let before = world.call().sdp.local.clone().expect("a description");
    world.deliver(phone.next("INVITE", "", &OFFER.replace("o=- 1 1", "o=- 1 2").replace("16776", "16778")));
    let ok = world.response();
    assert_eq!(ok.status, 200);
    let version = |sdp: &str| {
        let origin = sdp.lines().find(|line| line.starts_with("o=")).expect("an origin").to_owned();
        origin.split(' ').nth(2).expect("a version").parse::<u64>().expect("a number")
    };
    let answer = String::from_utf8(ok.body.to_vec()).expect("text");
    assert!(version(&answer) >= version(&before), "{before} {answer}");
    world.deliver(phone.ack(""));
}

#[test]
fn what_the_peer_asked_before_the_crash_is_out_of_order_after_it() {
    let mut world = keeping(Transport::Tcp);
    let mut phone = established(&mut world);
    world.deliver(phone.next("INVITE", "", OFFER));
    world.deliver(phone.ack(""));
    let old = phone.same("INFO");
    world.forget();
    world.crash();
    world.deliver(old);
    assert_eq!(world.statuses(), ["500 INFO"]);
}

#[test]
fn an_info_that_comes_again_after_the_crash_is_not_told_again() {
    for (content_type, body) in [("application/dtmf", "5"), ("text/plain", "hello")] {
        let mut world = keeping(Transport::Udp);
        let mut phone = established(&mut world);
        let info = phone.next("INFO", &format!("Content-Type: {content_type}\r\n"), body);
        world.deliver(&info);
        assert_eq!(world.statuses(), ["200 INFO"]);
        world.forget();
        world.crash();
        world.deliver(&info);
        assert_eq!(world.statuses(), ["500 INFO"]);
        assert_eq!(world.told(), [EventKind::Recovered]);
    }
}

#[test]
fn what_is_not_established_is_lost_and_nothing_is_sent() {
    let begin: [fn(&mut World); 5] = [
        |world| drop(offered(world)),
        |world| drop(ringing(world)),
        |world| drop(accepted(world)),
        |world| drop(called(world)),
        |world| drop(rings(world)),
    ];
    for begin in begin {
        let mut world = keeping(Transport::Tcp);
        begin(&mut world);
        world.forget();
        world.crash();
        assert_eq!(world.told(), [EventKind::Ended]);
        assert_eq!(world.end(), (EndCause::Lost, EndBy::System, None));
        assert!(world.call().actions.is_empty() && world.call().ended_at.is_some());
        assert!(world.wire().is_empty());
        world.assert_empty();
    }
}

#[test]
fn what_cannot_be_understood_is_lost() {
    let mut world = keeping(Transport::Tcp);
    established(&mut world);
    world.saves.clear();
    world.crash();
    assert_eq!(world.end(), (EndCause::Lost, EndBy::System, None));
}

#[test]
fn what_has_ended_is_not_kept_any_more() {
    let mut world = keeping(Transport::Tcp);
    let mut phone = established(&mut world);
    assert!(!world.saves.is_empty());
    world.saves.clear();
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses().last().unwrap(), "200 BYE");
    assert!(world.saves.is_empty());
}

#[test]
fn nothing_is_kept_where_nobody_wants_it() {
    let mut world = World::tcp();
    established(&mut world);
    connected(&mut world);
    assert!(world.saves.is_empty());
}

#[test]
fn while_nothing_can_be_put_on_record_new_calls_are_refused_and_others_go_on() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.agent.handle_recording(false);
    world.deliver(Phone::numbered(&world, 2).invite());
    assert_eq!(world.statuses(), ["503 INVITE"]);
    let ticket = world.originate(super::callee::order());
    assert!(matches!(world.refused(ticket), crate::agent::Refusal::Unrecorded));
    world.agent.handle_recording(true);
    world.deliver(Phone::numbered(&world, 3).invite());
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["100 INVITE", "200 BYE"]);
}
