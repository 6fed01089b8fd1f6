//! Requests that are too large for a datagram (RFC 3261 §18.1.1).

use std::time::Duration;

use super::harness::{World, header};
use super::phone::{Phone, established};
use crate::agent::command::{Hangup, NewHeader, NewHeaders};
use crate::agent::{Action, Address, Destination, Flow, FlowId, Reached, Refusal, Ticket};
use crate::sip::{Message, Transport, parse_datagram};

/// Hangs up with so much text that the BYE is that large.
fn hang_up(world: &mut World, size: usize) -> Ticket {
    let plain = bye_size(0);
    world.ask(hangup(size - plain))
}

fn hangup(text: usize) -> Action {
    let header = NewHeader { name: "X-Text".into(), value: "x".repeat(text) };
    Action::Hangup(Hangup { reason: None, headers: NewHeaders(vec![header]) })
}

/// How large a BYE is with that much text.
fn bye_size(text: usize) -> usize {
    let mut world = World::udp();
    established(&mut world);
    world.ask(hangup(text));
    world.wire().remove(0).len()
}

fn to(world: &World, transport: Transport) -> Address {
    Address { transport, address: world.flow.peer, host: "10.0.0.1".into() }
}

/// Another way is found, and that is left.
fn reach(world: &mut World, flow: Flow, others: Vec<Address>) -> Destination {
    let (id, destination) = world.sought();
    world.agent.handle_reached(world.now, id, Ok(Reached { flow, again: None, others }));
    world.drain();
    destination
}

fn called(size: usize) -> (World, Phone, Ticket) {
    let mut world = World::udp();
    let phone = established(&mut world);
    let ticket = hang_up(&mut world, size);
    (world, phone, ticket)
}

#[test]
fn a_request_of_1300_bytes_goes_by_udp() {
    let (mut world, ..) = called(1300);
    assert_eq!(world.wire().remove(0).len(), 1300);
}

#[test]
fn a_larger_one_goes_to_the_same_peer_by_tcp() {
    let (mut world, phone, ticket) = called(1301);
    assert!(world.wire().is_empty());
    let (udp, tcp) = (to(&world, Transport::Udp), to(&world, Transport::Tcp));
    let flow = Flow { id: FlowId(9), transport: Transport::Tcp, ..world.flow };
    let sought = reach(&mut world, flow, vec![udp.clone()]);
    assert_eq!(sought, Destination::Addresses(vec![tcp, udp]));
    let bye = world.carried().remove(0).transmit;
    assert_eq!(bye.flow, Some(FlowId(9)));
    world.delivered(&bye);
    assert_eq!(world.done(ticket).state.name(), "ended");
    let bye = parse_datagram(bye.bytes).expect("a message");
    let Message::Request(bye) = bye else { panic!("not a request") };
    assert!(header(&bye.headers, "Via").expect("a Via").starts_with("SIP/2.0/TCP "));
    world.flow = flow;
    world.deliver(phone.respond(&bye, 200));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn where_no_connection_is_to_be_had_it_goes_by_udp_however_large() {
    let (mut world, phone, ticket) = called(1301);
    let flow = world.flow;
    reach(&mut world, flow, Vec::new());
    let bye = world.request();
    assert!(header(&bye.headers, "Via").expect("a Via").starts_with("SIP/2.0/UDP "));
    assert_eq!(world.done(ticket).state.name(), "ended");
    world.deliver(phone.respond(&bye, 200));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn a_peer_that_takes_no_connections_is_not_asked_again_for_some_minutes() {
    let (mut world, phone, _) = called(1301);
    let flow = world.flow;
    reach(&mut world, flow, Vec::new());
    let bye = world.request();
    world.deliver(phone.respond(&bye, 200));
    world.advance(Duration::from_secs(64));
    established(&mut world);
    hang_up(&mut world, 1301);
    assert!(!world.is_seeking());
    assert_eq!(world.request().method.as_str(), "BYE");
    world.advance(Duration::from_secs(600));
    established(&mut world);
    hang_up(&mut world, 1301);
    assert!(world.is_seeking());
}

#[test]
fn what_tcp_did_not_carry_does_not_go_to_the_same_peer_by_udp() {
    let (mut world, _, ticket) = called(1301);
    let (flow, udp) =
        (Flow { id: FlowId(9), transport: Transport::Tcp, ..world.flow }, to(&world, Transport::Udp));
    reach(&mut world, flow, vec![udp]);
    let bye = world.carried().remove(0).transmit;
    world.undelivered(&bye);
    assert!(matches!(world.refused(ticket), Refusal::SipTimeout(_)));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}

#[test]
fn where_nothing_is_to_be_had_it_is_said() {
    let (mut world, _, ticket) = called(1301);
    world.reach_in_vain();
    assert!(matches!(world.refused(ticket), Refusal::SipTimeout(_)));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
}
