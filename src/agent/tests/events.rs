//! What clients are told: the events of a call and the call in them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::harness::World;
use super::phone::{OFFER, Phone, accepted, established, offered, ringing};
use crate::agent::command::{Accept, Hangup, Labels, Reject};
use crate::agent::event::{Event, EventKind};
use crate::agent::{Action, CallCommand, Command, OnOffer, Refusal, Settings, Ticket};

fn data(event: &Event) -> Value {
    serde_json::to_value(event.data()).expect("JSON")
}

fn labels(pairs: &[(&str, Option<&str>)]) -> Action {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
    Action::Label(Labels { labels: Some(pairs.collect()) })
}

/// A call with an event of nearly every kind.
fn life() -> World {
    let mut world = World::tcp();
    let mut phone = ringing(&mut world);
    world.ask(Action::Accept(Accept::default()));
    world.deliver(phone.ack(""));
    world.deliver(phone.next("INFO", "Content-Type: application/dtmf\r\n", "1"));
    world.deliver(phone.next("INFO", "Content-Type: text/plain\r\n", "x"));
    let hold = OFFER.to_owned() + "a=sendonly\r\n";
    world.deliver(phone.next("INVITE", "", &hold));
    world.deliver(phone.ack(""));
    world.deliver(phone.next("INVITE", "", OFFER));
    world.deliver(phone.ack(""));
    world.ask(labels(&[("ticket", Some("4711"))]));
    world.deliver(phone.next("BYE", "", ""));
    world
}

#[test]
fn a_life_is_told_in_its_order_with_a_version_for_each_event() {
    use EventKind::{Accepted, Dtmf, Ended, Established, Held, Info, Offered, Resumed, Ringing, Updated};
    let world = life();
    let expected =
        [Offered, Ringing, Accepted, Established, Dtmf, Info, Held, Resumed, Updated, Ended].to_vec();
    assert_eq!(world.told(), expected);
    let versions: Vec<u64> = world.events.iter().map(|event| event.call.version).collect();
    assert_eq!(versions, (1..=10).collect::<Vec<_>>());
    assert!(world.events.iter().all(|event| event.call.id == world.events[0].call.id));
}

#[test]
fn every_way_to_end_has_one_first_and_one_last_event() {
    let ends: [fn(&mut World); 7] = [
        |world| {
            world.ask(Action::Reject(Reject::default()));
        },
        |world| {
            world.ask(Action::Hangup(Hangup::default()));
        },
        |world| world.advance(Duration::from_secs(180)),
        |world| world.agent.handle_drain(world.now),
        |world| world.agent.handle_drain_over(world.now),
        |world| {
            let phone = Phone::new(world);
            world.deliver(phone.same("CANCEL"));
        },
        |world| {
            world.ask(Action::Accept(Accept::default()));
            world.advance(Duration::from_secs(32));
        },
    ];
    for (way, end) in ends.into_iter().enumerate() {
        let mut world = World::tcp();
        offered(&mut world);
        end(&mut world);
        world.drain();
        world.advance(Duration::from_secs(1000));
        let told = world.told();
        assert_eq!(told.first(), Some(&EventKind::Offered), "{way}");
        assert_eq!(told.last(), Some(&EventKind::Ended), "{way}");
        assert_eq!(told.iter().filter(|kind| **kind == EventKind::Ended).count(), 1, "{way}");
        world.assert_empty();
    }
}

#[test]
fn the_first_event_shows_the_whole_call() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.request("INVITE", "X-voice_call_number: 18300000000\r\nx-Empty:\r\n", OFFER));
    let call = &data(&world.events[0])["call"];
    assert_eq!(call["state"], "offered");
    assert_eq!(call["direction"], "inbound");
    assert_eq!(call["version"], 1);
    assert_eq!(call["from"], json!({"uri": "sip:1001@10.0.0.1", "display_name": "Extension 1001"}));
    assert_eq!(call["to"], json!({"uri": "sip:1000@192.0.2.7", "display_name": null}));
    assert_eq!(call["request_uri"], "sip:1000@192.0.2.7");
    assert_eq!(call["sdp"], json!({"remote": OFFER, "local": null}));
    assert_eq!(call["sip"]["call_id"], "call-1");
    assert_eq!(call["sip"]["remote_tag"], "phone-1");
    assert_eq!(call["sip"]["transport"], "tcp");
    assert_eq!(call["sip"]["peer"], "10.0.0.1:5060");
    assert_eq!(call["created_at"], "2025-11-22T08:26:40.000000Z");
    assert_eq!((&call["labels"], &call["hold"]), (&json!({}), &json!("none")));
    for null in ["account", "claim", "ringing_at", "accepted_at", "established_at", "ended_at", "end"] {
        assert_eq!(call[null], Value::Null, "{null}");
    }
    let headers = call["headers"].as_array().expect("a list");
    for field in [
        json!({"name": "X-voice_call_number", "value": "18300000000"}),
        json!({"name": "x-Empty", "value": ""}),
        json!({"name": "CSeq", "value": "100 INVITE"}),
    ] {
        assert!(headers.contains(&field), "{field}");
    }
    let elsewhere = ["From", "To", "Call-ID"];
    assert!(!headers.iter().any(|field| elsewhere.contains(&field["name"].as_str().expect("a name"))));
}

#[test]
fn later_events_leave_out_what_cannot_have_changed() {
    let world = life();
    for event in &world.events[1..] {
        let call = &data(event)["call"];
        assert_eq!(call.get("headers"), None, "{:?}", event.kind);
        let is_new = matches!(event.kind, EventKind::Held | EventKind::Resumed);
        assert_eq!(call["sdp"].get("remote").is_some(), is_new, "{:?}", event.kind);
        assert!(call["sdp"].get("local").is_some());
    }
    let whole = serde_json::to_value(&*world.call()).expect("JSON");
    assert!(whole.get("headers").is_some() && whole["sdp"]["remote"].is_string(), "the call by itself");
}

#[test]
fn what_an_event_carries_stands_beside_the_call() {
    let world = life();
    let digits = json!({"digits": "1", "duration_ms": null, "via": "info"});
    assert_eq!(data(&world.events[4])["dtmf"], digits);
    assert_eq!(data(&world.events[5])["info"], json!({"content_type": "text/plain", "body": "x"}));
    assert_eq!(data(&world.events[3]).as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn each_state_names_the_commands_that_it_allows() {
    let world = life();
    let actions: BTreeMap<_, _> = world
        .events
        .iter()
        .map(|event| {
            let call = data(event)["call"].clone();
            (call["state"].to_string(), call["actions"].clone())
        })
        .collect();
    let unanswered = json!(["ring", "accept", "reject", "cancel", "hangup"]);
    assert_eq!(actions["\"offered\""], unanswered);
    assert_eq!(actions["\"ringing\""], unanswered);
    assert_eq!(actions["\"accepted\""], json!(["hangup"]));
    assert_eq!(actions["\"established\""], json!(["hangup", "dtmf", "info", "message"]));
    assert_eq!(actions["\"ended\""], json!([]));
}

#[test]
fn each_state_keeps_the_time_it_was_reached_and_the_end_says_how() {
    let mut world = World::tcp();
    let mut phone = offered(&mut world);
    let second = Duration::from_secs(1);
    world.advance(second);
    world.ask(Action::Ring(Default::default()));
    world.advance(second);
    world.ask(Action::Accept(Accept::default()));
    phone.learn(world.responses().last().expect("a 200"));
    world.advance(second);
    world.deliver(phone.ack(""));
    world.advance(second);
    world.deliver(phone.next("BYE", "", ""));
    let call = serde_json::to_value(&*world.call()).expect("JSON");
    for (name, at) in [
        ("created_at", "40"),
        ("ringing_at", "41"),
        ("accepted_at", "42"),
        ("established_at", "43"),
        ("ended_at", "44"),
    ] {
        assert_eq!(call[name], format!("2025-11-22T08:26:{at}.000000Z"), "{name}");
    }
    let end = json!({"cause": "hangup", "by": "remote", "sip_status": null, "reason": null, "reasons": []});
    assert_eq!(call["end"], end);
    assert_eq!(
        world.events.last().map(|event| event.time.to_string()),
        call["ended_at"].as_str().map(Into::into)
    );
}

#[test]
fn labels_are_merged_told_and_bounded() {
    let mut world = World::tcp();
    established(&mut world);
    world.ask(labels(&[("a", Some("1")), ("b", Some("2"))]));
    let ticket = world.ask(labels(&[("a", None), ("c", Some("3"))]));
    let shown: Vec<_> = world.done(ticket).labels.iter().map(|(a, b)| format!("{a}={b}")).collect();
    assert_eq!(shown, ["b=2", "c=3"]);
    assert_eq!(world.told(), [EventKind::Updated, EventKind::Updated]);
    assert!(world.wire().is_empty(), "no SIP effect");
    let names: Vec<String> = (0..63).map(|number| number.to_string()).collect();
    let many: Vec<_> = names.iter().map(|name| (&**name, Some("x"))).collect();
    let long = "x".repeat(257);
    for bad in [labels(&[("", Some("x"))]), labels(&[("a", Some(&long))]), labels(&many)] {
        let ticket = world.ask(bad);
        assert!(matches!(world.refused(ticket), Refusal::InvalidField { field: "labels", .. }));
    }
    assert_eq!(world.told().len(), 2);
}

#[test]
fn labels_that_change_nothing_are_no_event() {
    let mut world = World::tcp();
    offered(&mut world);
    world.ask(labels(&[("a", Some("1"))]));
    let told = world.told().len();
    for same in [labels(&[("a", Some("1"))]), labels(&[]), labels(&[("b", None)])] {
        let ticket = world.ask(same);
        assert_eq!(world.done(ticket).version, 2);
    }
    assert_eq!(world.told().len(), told);
}

#[test]
fn a_command_for_another_version_is_refused() {
    let mut world = World::tcp();
    accepted(&mut world);
    let command = |version| {
        Command::Call(CallCommand {
            call: world.call().id,
            if_version: Some(version),
            by: None,
            action: labels(&[("a", Some("1"))]),
        })
    };
    let (stale, fresh) = (command(1), command(2));
    world.agent.handle_command(world.now, stale, Ticket(1001));
    world.agent.handle_command(world.now, fresh, Ticket(1002));
    world.drain();
    assert!(matches!(world.refused(Ticket(1001)), Refusal::VersionMismatch(call) if call.version == 2));
    assert_eq!(world.done(Ticket(1002)).version, 3);
}

#[test]
fn a_call_that_ends_within_its_invite_is_told_whole() {
    let mut world = World::with(Settings { on_offer: OnOffer::Reject, ..Settings::default() });
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Ended]);
    let id = world.call().id;
    let ticket = world.command(id, Action::Hangup(Hangup::default()));
    assert!(matches!(world.refused(ticket), Refusal::NotFound));
}
