//! Which transaction a request belongs to (RFC 3261 §9.2, §17.2.3, §8.2.2.2).

use super::harness::World;
use super::phone::{Phone, offered};
use crate::agent::Action;
use crate::agent::command::{Accept, Reject};

#[test]
fn the_same_branch_from_another_sender_is_another_transaction() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.deliver(phone.same("CANCEL").replace("10.0.0.1:5060;branch", "10.0.0.1:5070;branch"));
    assert_eq!(world.statuses(), ["481 CANCEL"]);
    world.deliver(phone.same("CANCEL").replace("10.0.0.1:5060;branch", "10.0.0.2:5060;branch"));
    assert_eq!(world.statuses(), ["481 CANCEL"]);
}

#[test]
fn the_same_branch_with_another_method_is_another_transaction() {
    let mut world = World::udp();
    let phone = Phone::new(&world);
    world.deliver(phone.same("OPTIONS"));
    world.deliver(phone.same("INFO"));
    assert_eq!(world.statuses(), ["200 OPTIONS", "481 INFO"]);
}

#[test]
fn calls_of_a_peer_that_repeats_its_branches_are_told_apart_by_their_call_id() {
    let mut world = World::tcp();
    let first = Phone::numbered(&world, 1);
    let second = Phone { branch: first.branch.clone(), ..Phone::numbered(&world, 2) };
    world.deliver(first.invite());
    world.ask(Action::Accept(Accept::default()));
    world.deliver(second.invite());
    assert_eq!(world.statuses(), ["100 INVITE", "200 INVITE", "100 INVITE"]);
    world.deliver(second.same("CANCEL"));
    assert_eq!(world.statuses(), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(world.call().sip.call_id, "call-2");
}

fn of_2543(text: &str) -> String {
    let (before, branch) = text.split_once(";branch=").expect("a branch");
    let (_, after) = branch.split_once("\r\n").expect("a line's end");
    format!("{before}\r\n{after}")
}

#[test]
fn requests_without_a_branch_are_matched_by_what_names_the_call() {
    let mut world = World::udp();
    let mut phone = Phone::new(&world);
    world.deliver(of_2543(&phone.invite()));
    world.deliver(of_2543(&phone.invite()));
    assert_eq!(world.statuses(), ["100 INVITE", "100 INVITE"]);
    world.ask(Action::Reject(Reject::default()));
    phone.learn(&world.response());
    world.deliver(of_2543(&phone.same("ACK")));
    assert!(world.repeats(std::time::Duration::from_secs(4)).is_empty(), "the ACK was for the 486");
    world.advance(std::time::Duration::from_secs(1));
    world.assert_empty();
}

#[test]
fn a_cancel_without_a_branch_finds_its_invite() {
    let mut world = World::udp();
    let phone = Phone::new(&world);
    world.deliver(of_2543(&phone.invite()));
    world.wire();
    world.deliver(of_2543(&phone.same("CANCEL")));
    assert_eq!(world.statuses(), ["200 CANCEL", "487 INVITE"]);
}

#[test]
fn a_branch_without_the_cookie_is_none() {
    let mut world = World::udp();
    let first = Phone { branch: "1".into(), ..Phone::numbered(&world, 1) };
    let second = Phone { branch: "1".into(), ..Phone::numbered(&world, 2) };
    world.deliver(first.invite());
    world.deliver(second.invite());
    assert_eq!(world.told().len(), 2);
}

#[test]
fn a_caller_without_a_tag_can_be_answered_and_hang_up() {
    let mut world = World::udp();
    let mut phone = Phone::new(&world);
    let untagged = |text: String| text.replace(";tag=phone-1", "");
    world.deliver(untagged(phone.invite()));
    world.wire();
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.response());
    world.deliver(untagged(phone.ack("")));
    assert_eq!(world.call().state.name(), "established");
    world.deliver(untagged(phone.next("BYE", "", "")));
    assert_eq!(world.statuses(), ["200 BYE"]);
    assert_eq!(world.call().state.name(), "ended");
}

#[test]
fn every_further_copy_of_a_merged_request_is_refused() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    for way in 0..3 {
        let copy = Phone { branch: format!("z9hG4bK-way-{way}"), ..phone.clone() };
        world.deliver(copy.invite());
        assert_eq!(world.statuses(), ["482 INVITE"]);
        world.deliver(copy.same("ACK"));
    }
    assert_eq!(world.told().len(), 1, "one call");
}

#[test]
fn maddr_is_a_host_without_brackets_and_none_if_it_is_empty() {
    for (uri, host) in [
        ("sip:a@h;maddr=[2001:db8::1]", "2001:db8::1"),
        ("sip:a@h;maddr=203.0.113.5", "203.0.113.5"),
        ("sip:a@h;maddr=", "h"),
    ] {
        let uri = crate::sip::Uri::parse(uri.into()).expect("a URI");
        assert_eq!(&*crate::agent::stack::hop_of(&uri).host, host);
    }
}
