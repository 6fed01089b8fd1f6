//! Provisional responses to our INVITE, and the early dialogs that they make (RFC 3261 §12.1, §13.2.2.1).

use super::callee::{called, rings};
use super::harness::World;
use super::phone::{ANSWER, OFFER};
use crate::agent::event::EventKind;

fn ringings(world: &World) -> usize {
    world.told().iter().filter(|kind| **kind == EventKind::Ringing).count()
}

#[test]
fn any_provisional_response_but_100_rings() {
    for status in [101, 179, 180, 181, 182, 183, 184, 199] {
        let mut world = World::tcp();
        let callee = called(&mut world);
        world.deliver(callee.says(status));
        assert_eq!(world.told(), [EventKind::Dialing, EventKind::Ringing], "{status}");
        assert_eq!(world.call().sip.remote_tag.as_deref(), Some("callee"));
    }
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says(100));
    assert_eq!(world.told(), [EventKind::Dialing]);
}

#[test]
fn ringing_is_told_again_only_for_a_new_description() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    world.deliver(callee.says(180));
    world.deliver(callee.says(183));
    assert_eq!(ringings(&world), 1);
    world.deliver(callee.says_with(183, "", ANSWER));
    assert_eq!(ringings(&world), 2);
    assert_eq!(world.call().sdp.remote.as_deref(), Some(ANSWER));
    assert!(world.events.last().is_some_and(|event| event.renegotiated));
    world.deliver(callee.says_with(183, "", ANSWER));
    world.deliver(callee.says(180));
    assert_eq!(ringings(&world), 2);
    world.deliver(callee.fork("other").says_with(183, "", OFFER));
    assert_eq!(ringings(&world), 3);
    assert_eq!(world.call().sip.remote_tag.as_deref(), Some("other"));
    let times: Vec<_> = world.events.iter().filter_map(|event| event.call.ringing_at).collect();
    assert!(times.windows(2).all(|pair| pair[0] == pair[1]), "when it first rang");
}

#[test]
fn a_description_that_cannot_be_read_is_as_none() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    world.deliver(callee.says_with(183, "", "hello"));
    assert_eq!(ringings(&world), 1);
    assert!(world.call().sdp.remote.is_none());
}

#[test]
fn the_answer_of_the_phone_that_is_picked_up_counts() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let other = callee.fork("other");
    world.deliver(callee.says_with(183, "", OFFER));
    world.deliver(other.says(180));
    world.deliver(other.answers());
    let call = world.call();
    assert_eq!(call.sdp.remote.as_deref(), Some(ANSWER));
    assert_eq!(call.sip.remote_tag.as_deref(), Some("other"));
}

#[test]
fn info_options_and_an_update_without_an_offer_are_served_while_it_rings() {
    let mut world = World::tcp();
    let mut callee = rings(&mut world);
    world.deliver(callee.asks("INFO", "Content-Type: application/dtmf\r\n", "5"));
    world.deliver(callee.asks("OPTIONS", "", ""));
    world.deliver(callee.asks("UPDATE", "", ""));
    assert_eq!(world.statuses(), ["200 INFO", "200 OPTIONS", "200 UPDATE"]);
    assert_eq!(world.told(), [EventKind::Dialing, EventKind::Ringing, EventKind::Dtmf]);
}

#[test]
fn offers_of_the_peer_wait_until_ours_is_answered() {
    let mut world = World::tcp();
    let mut callee = rings(&mut world);
    world.deliver(callee.asks("UPDATE", "", OFFER));
    world.deliver(callee.asks("INVITE", "", OFFER));
    assert_eq!(world.statuses(), ["491 UPDATE", "491 INVITE"]);
    world.deliver(callee.acknowledges());
    world.deliver(callee.answers());
    assert_eq!(world.statuses(), ["ACK"]);
}

#[test]
fn an_update_while_it_rings_moves_the_peer() {
    let mut world = World::tcp();
    let mut callee = rings(&mut world);
    callee.contact = "<sip:moved@10.0.0.1:5060;transport=tcp>".to_owned();
    world.deliver(callee.asks("UPDATE", "", ""));
    let ok = callee.answers().replace("Contact: <sip:moved@10.0.0.1:5060;transport=tcp>\r\n", "");
    assert!(!ok.contains("moved"), "only the UPDATE says where the peer is now");
    world.deliver(ok);
    let ack = world.sent().pop().expect("an ACK");
    let crate::sip::Message::Request(ack) = ack else { panic!("a request") };
    assert_eq!(ack.uri.as_str(), "sip:moved@10.0.0.1:5060;transport=tcp");
}

#[test]
fn requests_of_a_dialog_that_does_not_ring_get_481() {
    let mut world = World::tcp();
    let callee = rings(&mut world);
    for method in ["INFO", "UPDATE", "BYE", "OPTIONS"] {
        world.deliver(callee.fork("unheard").asks(method, "", ""));
        assert_eq!(world.statuses(), [format!("481 {method}")]);
    }
}

#[test]
fn a_100_with_a_tag_makes_no_dialog() {
    let mut world = World::tcp();
    let mut callee = called(&mut world);
    let trying = callee.says(180).replace("SIP/2.0 180", "SIP/2.0 100");
    assert!(trying.lines().any(|line| line.starts_with("To:") && line.contains(";tag=")), "{trying}");
    world.deliver(trying);
    world.deliver(callee.asks("INFO", "", ""));
    assert_eq!(world.statuses(), ["481 INFO"]);
}

#[test]
fn a_lower_cseq_is_out_of_order_in_an_early_dialog_and_after_it() {
    let mut world = World::tcp();
    let mut callee = rings(&mut world);
    callee.asks("INFO", "", "");
    let late = callee.clone().asks("INFO", "", "").replace("CSeq: 2", "CSeq: 1");
    world.deliver(callee.asks("INFO", "", ""));
    world.deliver(&late);
    world.deliver(callee.answers());
    world.deliver(late.replace("z9hG4bK-", "z9hG4bK-again-"));
    assert_eq!(world.statuses(), ["200 INFO", "500 INFO", "ACK", "500 INFO"]);
}

#[test]
fn a_bye_that_a_callee_must_not_send_is_answered_and_the_call_goes_on() {
    let mut world = World::tcp();
    let mut callee = rings(&mut world);
    world.deliver(callee.asks("BYE", "", ""));
    assert_eq!(world.statuses(), ["200 BYE"]);
    assert!(world.call().end.is_none());
    world.deliver(callee.says(480));
    assert_eq!(world.call().end.as_ref().and_then(|end| end.sip_status), Some(480));
}

#[test]
fn seventeen_phones_may_ring_and_the_seventeenth_may_still_be_picked_up() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let forks: Vec<_> = (1..=17).map(|number| callee.fork(&format!("fork-{number}"))).collect();
    for fork in &forks {
        world.deliver(fork.says(180));
    }
    world.deliver(forks[15].clone().asks("INFO", "", ""));
    world.deliver(forks[16].clone().asks("INFO", "", ""));
    assert_eq!(world.statuses(), ["200 INFO", "481 INFO"]);
    world.deliver(forks[16].answers());
    assert_eq!(world.statuses(), ["ACK"]);
    assert_eq!(world.call().sip.remote_tag.as_deref(), Some("fork-17"));
}
