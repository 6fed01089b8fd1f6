//! Over TLS a request goes to who has the right certificate (RFC 5922 §7.1): also when the connection is gone that the call
//! began on, and the peer is known by its address alone.

use super::callee::{Callee, called_with, cancel};
use super::harness::World;
use super::phone::Phone;
use crate::agent::command::Originate;
use crate::agent::{Action, Destination, Hop, Settings};
use crate::sip::Transport;

/// A call by TLS to a name; the phone has said nothing yet.
fn called() -> (World, Callee) {
    let mut world = World::new(Transport::Tls, Settings::default());
    let to = "sips:1001@pbx.example.com".to_owned();
    let mut callee = called_with(&mut world, Originate { to, ..Originate::default() });
    callee.contact = format!("<sips:1001@{}>", world.flow.peer);
    (world, callee)
}

/// The name that the next hop's certificate must have.
fn certified(hop: Option<&Hop>) -> &str {
    let hop = hop.expect("a hop");
    assert_eq!((&*hop.host, hop.secure), ("10.0.0.1", true));
    hop.certified()
}

#[test]
fn a_bye_looks_for_the_name_that_the_call_was_connected_by() {
    let (mut world, callee) = called();
    world.deliver(callee.answers());
    world.wire();
    world.close_flow();
    world.ask(Action::Hangup(Default::default()));
    let Destination::Hop(hop) = world.sought().1 else { panic!("a hop") };
    assert_eq!(certified(Some(&hop)), "pbx.example.com");
}

#[test]
fn a_response_looks_for_the_name_that_the_via_says() {
    for (said, name) in [("pbx.example.com:5061", "pbx.example.com"), ("[2001:db8::1]", "2001:db8::1")] {
        let mut world = World::new(Transport::Tls, Settings::default());
        let phone = Phone::new(&world);
        let via = format!("Via: SIP/2.0/TLS {said};");
        world.deliver(phone.invite().replace("Via: SIP/2.0/TCP 10.0.0.1:5060;", &via));
        world.wire();
        world.close_flow();
        world.ask(Action::Ring(Default::default()));
        let otherwise = world.carried().remove(0).transmit.otherwise.expect("a hop");
        assert_eq!((&*otherwise.host, &**otherwise.certified()), ("10.0.0.1", name));
    }
}

#[test]
fn a_bye_to_somebody_else_looks_for_his_own_name() {
    let (mut world, mut callee) = called();
    callee.contact = "<sips:1001@10.0.0.9:5061>".to_owned();
    world.deliver(callee.answers());
    world.wire();
    world.ask(Action::Hangup(Default::default()));
    let Destination::Hop(hop) = world.sought().1 else { panic!("a hop") };
    assert_eq!((&*hop.host, &**hop.certified()), ("10.0.0.9", "10.0.0.9"));
}

#[test]
fn a_cancel_and_the_ack_to_a_refusal_look_for_the_name_of_their_invite() {
    let (mut world, callee) = called();
    world.deliver(callee.says(180));
    world.wire();
    cancel(&mut world);
    let cancelled = world.carried().remove(0).transmit;
    assert_eq!(certified(cancelled.otherwise.as_ref()), "pbx.example.com");
    world.deliver(callee.says(487));
    let ack = world.carried().remove(0).transmit;
    assert_eq!(certified(ack.otherwise.as_ref()), "pbx.example.com");
}
