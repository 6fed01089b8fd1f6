//! After a crash: established calls go on, those that were hung up are told so, all others are lost, and each has one end.

use std::sync::Arc;
use std::time::Duration;

use super::callee::{called, connected, rings};
use super::harness::{World, header};
use super::phone::{OFFER, Phone, accepted, established, offered, ringing};
use crate::agent::command::{Hangup, NewHeader, NewHeaders};
use crate::agent::event::{EndBy, EndCause, EventKind, Reason};
use crate::agent::{Action, Destination, Policies, Refusal, Settings};
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
    assert_eq!((after.established_at, after.actions.len()), (before.established_at, before.actions.len()));
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
    assert_eq!((bye.method.as_str(), bye.cseq), ("BYE", 5), "behind all that the last one may have become");
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
    assert_eq!((bye.uri.as_str(), bye.cseq), ("sip:1001@10.0.0.1:5060;transport=tcp", 6));
    assert_eq!(bye.to.tag().map(AsRef::as_ref), Some("callee"));
}

#[test]
fn a_200_that_comes_again_after_the_crash_is_acknowledged_again() {
    let mut world = keeping(Transport::Tcp);
    let callee = connected(&mut world);
    world.crash();
    let ack_of = |world: &mut World| {
        world.deliver(callee.answers());
        let ack = world.request();
        let target = ("ACK", super::callee::CALLED, callee.invite.cseq);
        assert_eq!((ack.method.as_str(), ack.uri.as_str(), ack.cseq), target);
        assert_eq!((&ack.call_id, ack.from.tag()), (&callee.invite.call_id, callee.invite.from.tag()));
        assert_eq!(ack.to.tag().map(AsRef::as_ref), Some("callee"));
        assert_ne!(ack.via.branch, callee.invite.via.branch);
    };
    ack_of(&mut world);
    ack_of(&mut world);
    let cseq = format!("CSeq: {} INVITE", callee.invite.cseq);
    let others = [
        callee.fork("other").answers(),
        callee.answers().replace(&cseq, "CSeq: 77 INVITE"),
        callee.answers().replace(&cseq, &cseq.replace("INVITE", "INFO")),
        callee.answers().replace("Call-ID: ", "Call-ID: other"),
        callee.says(180),
        callee.says(486),
    ];
    for other in others {
        world.deliver(other);
        assert!(world.wire().is_empty());
    }
    world.ask(Action::Hangup(Default::default()));
    world.reach();
    let bye = world.request();
    ack_of(&mut world);
    world.deliver(callee.responds(&bye, 200));
    world.deliver(callee.answers());
    assert!(world.wire().is_empty(), "it is over");
    assert_eq!(world.told().len(), 2, "recovered, and ended");
    world.assert_empty();
}

#[test]
fn what_an_earlier_version_has_saved_of_a_call_brings_it_back() {
    let mut world = keeping(Transport::Tcp);
    let callee = connected(&mut world);
    let (call, saved) = world.saves.pop().expect("what is kept");
    let mut json = serde_json::to_value(&*saved).expect("JSON");
    json.as_object_mut().expect("an object").retain(|name, _| name != "invite" && name != "bye");
    world.saves = vec![(call, Arc::new(serde_json::from_value(json).expect("what was kept")))];
    world.crash();
    assert_eq!(world.told(), [EventKind::Recovered]);
    world.deliver(callee.answers());
    assert!(world.wire().is_empty(), "which INVITE it answers is not known");
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
fn what_is_not_answered_is_lost_and_nothing_is_sent() {
    let begin: [fn(&mut World); 4] = [
        |world| drop(offered(world)),
        |world| drop(ringing(world)),
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
fn what_was_answered_without_an_ack_is_lost_and_its_bye_is_kept_until_it_is_answered() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let mut world = keeping(transport);
        let phone = accepted(&mut world);
        world.forget();
        world.crash();
        assert_eq!(world.told(), [EventKind::Ended]);
        assert_eq!(world.end(), (EndCause::Lost, EndBy::System, None));
        world.sought();
        // Once more, before the BYE has found its way: the end is not told again.
        world.crash();
        assert_eq!(world.told(), [EventKind::Ended]);
        let Destination::Hop(hop) = world.reach() else { panic!("a hop") };
        assert_eq!((&*hop.host, hop.port, hop.transport), ("10.0.0.1", Some(5060), Some(transport)));
        let bye = world.request();
        assert_eq!((bye.method.as_str(), &*bye.call_id), ("BYE", &*phone.call_id));
        assert_eq!(bye.from.tag().map(ToString::to_string), phone.to_tag);
        world.deliver(phone.ack(""));
        world.deliver(phone.respond(&bye, 200));
        assert!(world.told().len() == 1 && world.saves.is_empty());
        world.advance(Duration::from_secs(32));
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
fn a_hangup_whose_bye_found_no_way_before_the_crash_is_said_after_it() {
    let mut world = keeping(Transport::Tcp);
    let phone = established(&mut world);
    world.close_flow();
    let reason = Some(Reason { protocol: "Q.850".into(), cause: Some(16), text: None });
    let headers = NewHeaders(vec![NewHeader { name: "X-Why".into(), value: "done".into() }]);
    world.ask(Action::Hangup(Hangup { reason, headers }));
    world.sought();
    let before = world.call();
    assert!(world.wire().is_empty());
    world.reconnect();
    world.forget();
    world.crash();
    assert!(world.told().is_empty());
    let Destination::Hop(hop) = world.reach() else { panic!("a hop") };
    assert_eq!((&*hop.host, hop.port), ("10.0.0.1", Some(5060)));
    let bye = world.request();
    assert_eq!((bye.method.as_str(), &*bye.call_id), ("BYE", &*phone.call_id));
    assert_eq!(bye.from.tag().map(ToString::to_string), phone.to_tag);
    let value = |name| header(&bye.headers, name);
    assert_eq!(
        (value("Reason").as_deref(), value("X-Why").as_deref()),
        (Some("Q.850;cause=16"), Some("done"))
    );
    let ticket = world.ask(Action::Hangup(Default::default()));
    let Refusal::CallEnded(after) = world.refused(ticket) else { panic!("another refusal") };
    assert_eq!(after.version, before.version);
    world.deliver(phone.respond(&bye, 200));
    world.advance(Duration::from_secs(5));
    assert!(world.told().is_empty() && world.saves.is_empty());
    world.assert_empty();
}

#[test]
fn a_bye_that_was_sent_before_the_crash_is_sent_again_with_a_higher_cseq() {
    for (transport, status) in [(Transport::Udp, 481), (Transport::Tcp, 200)] {
        let mut world = keeping(transport);
        let mut phone = established(&mut world);
        world.ask(Action::Hangup(Default::default()));
        let mut last = world.request();
        for _ in 0..2 {
            world.crash();
            world.reach();
            let bye = world.request();
            // Each challenge may have raised it by one before the crash.
            assert!(bye.cseq > last.cseq + 4, "{} behind {}", bye.cseq, last.cseq);
            last = bye;
        }
        world.deliver(phone.next("BYE", "", ""));
        assert_eq!(world.statuses(), ["200 BYE"]);
        world.deliver(phone.respond(&last, status));
        assert_eq!(world.told(), [EventKind::Ended]);
        assert!(world.saves.is_empty());
        world.advance(Duration::from_secs(32));
        world.assert_empty();
    }
}

#[test]
fn whatever_ends_an_answered_call_its_bye_outlives_a_crash() {
    let hang_up = |world: &mut World| {
        world.ask(Action::Hangup(Default::default()));
    };
    let answered: [fn(&mut World); 3] =
        [|world| drop(established(world)), |world| drop(connected(world)), |world| drop(accepted(world))];
    let ends: [&dyn Fn(&mut World); 3] = [
        &hang_up,
        // For want of an ACK, or for its length.
        &|world| world.advance(Duration::from_secs(60)),
        &|world| {
            world.agent.handle_drain_over(world.now);
            world.drain();
        },
    ];
    for answer in answered {
        for end in ends {
            let policies = Policies { max_duration: Duration::from_secs(60), ..Policies::default() };
            let mut world = World::with(Settings { keeps_calls: true, policies, ..Settings::default() });
            answer(&mut world);
            end(&mut world);
            if world.call().end.is_none() {
                // A hangup that waits for the ACK.
                world.advance(Duration::from_secs(60));
            }
            let ended = world.call();
            world.forget();
            world.crash();
            world.reach();
            assert_eq!(world.request().method.as_str(), "BYE", "of {:?}", ended.end);
            assert!(world.told().is_empty());
        }
    }
}

/// What becomes of a BYE to a phone.
type Over<'a> = &'a dyn Fn(&mut World, &Phone);

#[test]
fn what_the_bye_of_an_ended_call_needs_is_kept_until_it_is_answered_or_given_up() {
    let answer = |status| {
        move |world: &mut World, phone: &Phone| {
            world.reach();
            let bye = world.request();
            world.deliver(phone.respond(&bye, status));
        }
    };
    let (ok, unknown) = (answer(200), answer(481));
    let over: [Over<'_>; 4] = [
        &ok,
        &unknown,
        &|world, _| {
            world.reach();
            world.advance(Duration::from_secs(32));
        },
        &|world, _| drop(world.reach_in_vain()),
    ];
    for over in over {
        for crashes in [0, 1] {
            let mut world = keeping(Transport::Udp);
            let phone = established(&mut world);
            world.close_flow();
            world.ask(Action::Hangup(Default::default()));
            world.reconnect();
            for _ in 0..crashes {
                world.sought();
                world.crash();
            }
            assert!(!world.saves.is_empty());
            over(&mut world, &phone);
            assert!(world.saves.is_empty());
            world.advance(Duration::from_secs(32));
            world.assert_empty();
        }
    }
}

#[test]
fn a_bye_that_cannot_be_made_again_is_given_up() {
    let mut world = keeping(Transport::Tcp);
    established(&mut world);
    world.ask(Action::Hangup(Default::default()));
    let (call, saved) = world.saves.pop().expect("what is kept");
    let mut json = serde_json::to_value(&*saved).expect("JSON");
    json["v"] = 99.into();
    world.saves = vec![(call, Arc::new(serde_json::from_value(json).expect("what is kept")))];
    world.forget();
    world.crash();
    assert!(world.told().is_empty() && world.wire().is_empty() && world.saves.is_empty());
    world.assert_empty();
}

#[test]
fn nothing_is_kept_where_nobody_wants_it() {
    let mut world = World::tcp();
    established(&mut world);
    world.ask(Action::Hangup(Default::default()));
    world.forget();
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
