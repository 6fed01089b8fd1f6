//! What is done without asking anybody.

use std::time::Duration;

use super::callee::{called_with, order};
use super::harness::{World, header};
use super::phone::{Phone, established, offered, ringing};
use crate::agent::command::{NewHeader, NewHeaders, Originate};
use crate::agent::event::{EndBy, EndCause};
use crate::agent::{OnOffer, Policies, Settings};

fn with(policies: Policies) -> World {
    World::with(Settings { policies, ..Settings::default() })
}

/// Another INVITE, with this header.
fn invite(world: &World, number: u64, header: &str) -> String {
    let phone = Phone::numbered(world, number);
    phone.request("INVITE", &format!("{header}\r\n"), "")
}

fn talker(world: &World, number: u64, value: &str) -> String {
    invite(world, number, &format!("X-empolyee_id: {value}"))
}

fn busy() -> World {
    with(Policies { busy_headers: vec!["x-Empolyee_ID".to_owned()], ..Policies::default() })
}

#[test]
fn what_is_rejected_or_rings_too_long_gets_the_status_of_the_setting() {
    let policies = Policies { reject_status: 603, ring_timeout_status: 408, ..Policies::default() };
    let rejecting = Settings { on_offer: OnOffer::Reject, policies: policies.clone(), ..Settings::default() };
    let mut world = World::with(rejecting);
    offered(&mut world);
    assert_eq!(world.end(), (EndCause::Rejected, EndBy::Policy, Some(603)));
    let mut world = with(policies);
    ringing(&mut world);
    world.advance(Duration::from_secs(180));
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::Policy, Some(408)));
}

#[test]
fn a_call_that_lasts_too_long_is_hung_up() {
    let mut world = with(Policies { max_duration: Duration::from_secs(60), ..Policies::default() });
    let phone = established(&mut world);
    world.forget();
    world.advance(Duration::from_millis(59_999));
    assert!(world.wire().is_empty());
    world.advance(Duration::from_millis(1));
    let bye = world.request();
    let reason = header(&bye.headers, "Reason").expect("a Reason");
    assert!(reason.starts_with("Q.850;cause=102"), "{reason}");
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::Policy, None));
    world.deliver(phone.respond(&bye, 200));
    world.advance(Duration::from_secs(64));
    world.assert_empty();
}

#[test]
fn a_call_that_ends_before_its_time_leaves_no_alarm_and_one_that_came_back_keeps_its_time() {
    let policies = Policies { max_duration: Duration::from_secs(60), ..Policies::default() };
    let mut world = with(policies.clone());
    let mut phone = established(&mut world);
    world.deliver(phone.next("BYE", "", ""));
    world.advance(Duration::from_secs(32));
    world.assert_empty();
    let mut world = World::with(Settings { policies, keeps_calls: true, ..Settings::default() });
    established(&mut world);
    world.advance(Duration::from_secs(50));
    world.crash();
    world.advance(Duration::from_secs(10));
    assert_eq!(world.end(), (EndCause::Timeout, EndBy::Policy, None));
}

#[test]
fn who_is_in_a_call_gets_no_second_one() {
    let mut world = busy();
    world.deliver(talker(&world, 1, "1001"));
    assert_eq!(world.statuses(), ["100 INVITE"]);
    world.deliver(talker(&world, 2, "1001"));
    assert_eq!(world.statuses(), ["486 INVITE"]);
    world.deliver(talker(&world, 3, "1002"));
    world.deliver(invite(&world, 4, "X-Other: 1001"));
    assert_eq!(world.statuses(), ["100 INVITE", "100 INVITE"]);
}

#[test]
fn when_the_call_is_over_there_may_be_another() {
    let mut world = busy();
    world.deliver(talker(&world, 1, "1001"));
    world.wire();
    world.ask(crate::agent::Action::Hangup(Default::default()));
    world.wire();
    world.deliver(talker(&world, 2, "1001"));
    assert_eq!(world.statuses(), ["100 INVITE"]);
    world.ask(crate::agent::Action::Hangup(Default::default()));
    world.advance(Duration::from_secs(64));
    world.assert_empty();
}

#[test]
fn who_has_hung_up_is_free_before_the_bye_is_answered() {
    let mut world = busy();
    world.deliver(talker(&world, 1, "1001"));
    world.wire();
    world.ask(crate::agent::Action::Accept(Default::default()));
    let mut phone = Phone::numbered(&world, 1);
    phone.learn(&world.response());
    world.deliver(phone.ack(super::phone::ANSWER));
    world.ask(crate::agent::Action::Hangup(Default::default()));
    assert_eq!(world.statuses(), ["BYE"]);
    world.deliver(talker(&world, 2, "1001"));
    assert_eq!(world.statuses(), ["100 INVITE"]);
    world.advance(Duration::from_secs(32));
    world.deliver(talker(&world, 3, "1001"));
    assert_eq!(world.statuses(), ["486 INVITE"], "the second goes on");
}

#[test]
fn a_call_of_ours_makes_busy_too() {
    let mut world = busy();
    let header = NewHeader { name: "X-empolyee_id".into(), value: "1001".into() };
    let callee = called_with(&mut world, Originate { headers: NewHeaders(vec![header]), ..order() });
    world.deliver(talker(&world, 2, "1001"));
    assert_eq!(world.statuses(), ["486 INVITE"]);
    world.deliver(callee.says(486));
    world.wire();
    world.deliver(talker(&world, 3, "1001"));
    assert_eq!(world.statuses(), ["100 INVITE"]);
}

#[test]
fn while_nobody_listens_new_calls_are_sent_elsewhere_and_others_go_on() {
    let mut world = with(Policies { no_listener_status: 480, ..Policies::default() });
    let mut phone = established(&mut world);
    world.agent.handle_audience(false);
    world.deliver(Phone::numbered(&world, 2).invite());
    let refusal = world.response();
    assert_eq!(refusal.status, 480);
    assert!(header(&refusal.headers, "Retry-After").is_some());
    assert_eq!(world.left().0, 1, "it makes no call");
    world.agent.handle_audience(true);
    world.deliver(Phone::numbered(&world, 3).invite());
    world.deliver(phone.next("BYE", "", ""));
    assert_eq!(world.statuses(), ["100 INVITE", "200 BYE"]);
}

#[test]
fn a_call_too_many_gets_the_status_of_the_setting() {
    let policies = Policies { max_calls_status: 600, ..Policies::default() };
    let mut world = World::with(Settings { max_calls: 1, policies, ..Settings::default() });
    established(&mut world);
    world.deliver(Phone::numbered(&world, 2).invite());
    let refusal = world.response();
    assert_eq!(refusal.status, 600);
    assert!(header(&refusal.headers, "Retry-After").is_some());
}
