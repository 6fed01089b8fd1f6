//! The INVITE client transaction (RFC 3261 §17.1.1, RFC 6026 §7.2) on both sorts of transport.

use std::time::Duration;

use super::callee::{Callee, called, cancel, order};
use super::harness::{World, header};
use crate::agent::event::{EndBy, EndCause};
use crate::sip::Request;

const INSTANT: Duration = Duration::from_millis(1);

/// When an INVITE is repeated by timer A, in milliseconds, until 64·T1: there is no T2 in it.
const DOUBLING: [u128; 6] = [500, 1500, 3500, 7500, 15500, 31500];

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_refusal_whose_contact_cannot_be_read_is_acknowledged_and_ends_the_call() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says(486).replace(&format!("Contact: {}", callee.contact), "Contact: junk"));
    assert_eq!(world.request().method.as_str(), "ACK");
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Remote, Some(486)));
}

#[test]
fn timer_a_repeats_an_invite_over_udp_and_doubles_until_timer_b() {
    let mut world = World::udp();
    world.originate(order());
    world.reach();
    let invite = world.wire();
    assert_eq!(world.repeats(seconds(1)), DOUBLING[..1]);
    world.advance(seconds(1));
    assert_eq!(world.wire(), invite, "the same bytes");
    assert_eq!(world.repeats(seconds(60)), DOUBLING[2..].iter().map(|at| at - 2000).collect::<Vec<_>>());
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::System, None));
    world.assert_empty();
}

#[test]
fn an_invite_is_not_repeated_over_tcp_and_given_up_by_timer_b() {
    let mut world = World::tcp();
    called(&mut world);
    assert!(world.repeats(seconds(32) - INSTANT).is_empty());
    assert!(world.call().end.is_none());
    world.advance(INSTANT);
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::System, None));
    world.assert_empty();
}

#[test]
fn a_provisional_response_stops_timers_a_and_b() {
    for mut world in [World::udp(), World::tcp()] {
        let callee = called(&mut world);
        world.deliver(callee.says(100));
        assert!(world.repeats(seconds(100)).is_empty());
        assert!(world.call().end.is_none());
    }
}

#[test]
fn a_refusal_is_acknowledged_by_the_transaction_itself() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says(486));
    let ack = world.request();
    let Callee { invite, .. } = &callee;
    assert_eq!((ack.method.as_str(), ack.uri.as_str()), ("ACK", invite.uri.as_str()));
    assert_eq!(ack.via.raw, invite.via.raw, "the INVITE's Via, branch and all");
    assert_eq!((ack.cseq, &ack.call_id), (invite.cseq, &invite.call_id));
    assert_eq!(ack.from.tag(), invite.from.tag());
    assert_eq!(ack.to.tag().map(AsRef::as_ref), Some("callee"));
    assert_eq!(header(&ack.headers, "Max-Forwards").as_deref(), Some("70"));
    assert!(ack.contact.is_none() && ack.body.is_empty());
}

#[test]
fn the_ack_takes_the_route_of_the_invite() {
    let mut proxied = super::callee::account("1000");
    proxied.outbound_proxy = crate::sip::Uri::parse("sip:edge.example.com;lr".into()).ok();
    let mut world = super::callee::with_accounts(vec![proxied]);
    let callee = called(&mut world);
    world.deliver(callee.says(404));
    let route = header(&world.request().headers, "Route");
    assert_eq!(route.as_deref(), Some("<sip:edge.example.com;lr>"));
}

#[test]
fn a_repeated_refusal_is_acknowledged_again_over_udp_until_timer_d() {
    let mut world = World::udp();
    let callee = called(&mut world);
    world.deliver(callee.says(486));
    let ack = world.wire();
    assert!(world.repeats(seconds(32) - INSTANT).is_empty());
    world.deliver(callee.says(486));
    assert_eq!(world.wire(), ack, "the same bytes");
    world.deliver(callee.says(180));
    world.deliver(callee.answers());
    assert!(world.wire().is_empty(), "nothing else means anything");
    assert_eq!(world.left(), (0, 1, 1));
    world.advance(INSTANT);
    world.assert_empty();
    world.deliver(callee.says(486));
    assert!(world.wire().is_empty());
}

#[test]
fn a_refusal_leaves_nothing_over_tcp() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says(486));
    world.assert_empty();
}

#[test]
fn a_refusal_by_another_connection_is_acknowledged_where_the_invite_went() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says(100));
    let flow = world.flow.id;
    world.close_flow();
    world.reconnect();
    world.deliver(callee.says(503));
    let ack = world.carried().remove(0).transmit;
    assert_eq!(ack.flow, Some(flow));
    let hop = ack.otherwise.expect("a place to connect to");
    assert_eq!((&*hop.host, hop.port, hop.transport), ("10.0.0.1", Some(5060), Some(world.flow.transport)));
}

/// The ACK that was sent since the last time.
fn ack_of(world: &mut World) -> Request {
    let ack = world.request();
    assert_eq!(ack.method.as_str(), "ACK");
    ack
}

#[test]
fn the_ack_to_a_2xx_has_a_branch_of_its_own_and_comes_again_with_it_until_timer_m() {
    for mut world in [World::udp(), World::tcp()] {
        let callee = called(&mut world);
        world.deliver(callee.answers());
        let ack = ack_of(&mut world);
        assert_ne!(ack.via.branch, callee.invite.via.branch);
        assert_eq!((ack.cseq, &ack.call_id), (callee.invite.cseq, &callee.invite.call_id));
        for _ in 0..3 {
            world.advance(seconds(8));
            world.deliver(callee.answers());
            assert_eq!(ack_of(&mut world).via.branch, ack.via.branch, "the same ACK");
        }
        world.advance(seconds(8) - INSTANT);
        assert_eq!(world.left(), (1, 1, 1), "the call, its transaction and timer M");
        world.advance(INSTANT);
        assert_eq!(world.left(), (1, 0, 0));
        world.deliver(callee.answers());
        assert!(world.wire().is_empty());
    }
}

#[test]
fn after_a_2xx_nothing_but_a_2xx_means_anything() {
    let mut world = World::udp();
    let callee = called(&mut world);
    world.deliver(callee.answers());
    world.forget();
    for status in [100, 180, 486, 503] {
        world.deliver(callee.says(status));
        world.deliver(callee.fork("other").says(status));
    }
    assert!(world.wire().is_empty());
    assert!(world.told().is_empty());
}

#[test]
fn sixteen_dialogs_of_one_invite_are_served_and_the_seventeenth_is_not() {
    let mut world = World::udp();
    let callee = called(&mut world);
    world.deliver(callee.answers());
    world.wire();
    for number in 2..=16 {
        world.deliver(callee.fork(&format!("fork-{number}")).answers());
        assert_eq!(world.statuses(), ["ACK", "BYE"]);
    }
    world.deliver(callee.fork("fork-17").answers());
    assert!(world.wire().is_empty());
}

#[test]
fn a_response_with_another_branch_belongs_to_nothing() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let branch = callee.invite.via.branch.as_deref().expect("a branch");
    world.deliver(callee.says(486).replace(branch, "z9hG4bK-another"));
    assert!(world.wire().is_empty());
    assert!(world.call().end.is_none());
}

#[test]
fn an_invite_that_is_forgotten_64_t1_after_its_cancel_takes_no_answer() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says(100));
    cancel(&mut world);
    world.wire();
    world.advance(seconds(32));
    world.assert_empty();
    world.deliver(callee.answers());
    assert!(world.wire().is_empty());
}
