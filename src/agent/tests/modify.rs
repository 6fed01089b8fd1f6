//! The peer changes the session: re-INVITE (RFC 3261 §14.2) and UPDATE (RFC 3311 §5.2).

use std::time::Duration;

use super::callee::called;
use super::harness::{World, header};
use super::phone::{OFFER, Phone, accepted, established, offered, ringing};
use super::transactions::DOUBLING;
use crate::agent::command::{Accept, Hangup, Ring};
use crate::agent::event::{EndBy, EndCause, EventKind, Hold};
use crate::agent::{Action, Settings};
use crate::sip::{Response, Transport};

/// A world with a media address, so that directions mean something.
fn with_media(transport: Transport) -> World {
    let media = Some(("192.0.2.77".parse().expect("an address"), 40_000));
    World::new(transport, Settings { media, ..Settings::default() })
}

/// The offer with a direction and another version.
fn offer(direction: &str, version: u8) -> String {
    OFFER.replace("o=- 1 1", &format!("o=- 1 {version}")) + &format!("a={direction}\r\n")
}

/// A re-INVITE or UPDATE with this body and its response; a 2xx to an INVITE gets its ACK.
fn change(world: &mut World, phone: &mut Phone, method: &str, body: &str) -> Response {
    world.deliver(phone.next(method, "", body));
    let response = world.response();
    if method == "INVITE" {
        let is_ok = response.status == 200;
        world.deliver(if is_ok { phone.ack("") } else { phone.same("ACK") });
    }
    response
}

fn text(response: &Response) -> String {
    String::from_utf8(response.body.to_vec()).expect("text")
}

fn version(sdp: &str) -> u64 {
    let origin = sdp.lines().find(|line| line.starts_with("o=")).expect("an o= line");
    origin.split(' ').nth(2).and_then(|version| version.parse().ok()).expect("a version")
}

#[test]
fn the_peer_holds_and_resumes_by_reinvite_and_by_update() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = with_media(Transport::Tcp);
        let mut phone = established(&mut world);
        let held = change(&mut world, &mut phone, method, &offer("sendonly", 2));
        assert!(held.status == 200 && text(&held).contains("a=recvonly"), "{held:?}");
        let call = world.call();
        assert_eq!((call.hold, world.told()), (Hold::Remote, vec![EventKind::Held]));
        assert_eq!(call.sdp.local.as_deref(), Some(&*text(&held)));
        assert_eq!(call.sdp.remote.as_deref(), Some(&*offer("sendonly", 2)));
        let resumed = change(&mut world, &mut phone, method, &offer("sendrecv", 3));
        assert_eq!(world.told(), [EventKind::Held, EventKind::Resumed]);
        assert_eq!(world.call().hold, Hold::None);
        assert!(version(&text(&resumed)) > version(&text(&held)), "RFC 3264 §8");
    }
}

#[test]
fn a_new_description_without_hold_is_told_as_an_update() {
    let mut world = with_media(Transport::Tcp);
    let mut phone = established(&mut world);
    let fewer = OFFER.replace("8 101", "8").replace("o=- 1 1", "o=- 1 2");
    let ok = change(&mut world, &mut phone, "INVITE", &fewer);
    assert!(text(&ok).contains("m=audio 40000 RTP/AVP 8\r\n"), "{}", text(&ok));
    assert_eq!(world.told(), [EventKind::Updated]);
    assert!(world.events[0].renegotiated);
}

#[test]
fn a_refresh_with_the_same_description_is_answered_the_same_and_not_told() {
    let mut world = with_media(Transport::Tcp);
    let mut phone = established(&mut world);
    let local = world.call().sdp.local.clone();
    let ok = change(&mut world, &mut phone, "INVITE", OFFER);
    assert_eq!((ok.status, Some(text(&ok))), (200, local.map(|local| local.to_string())));
    assert!(world.told().is_empty());
}

#[test]
fn a_codec_that_we_have_not_gets_488_and_the_session_stays() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::tcp();
        let mut phone = established(&mut world);
        let before = world.call();
        let refused = change(&mut world, &mut phone, method, &OFFER.replace("8 101", "97 98"));
        assert_eq!(refused.status, 488);
        assert_eq!(world.call().version, before.version);
        assert_eq!(change(&mut world, &mut phone, method, OFFER).status, 200);
    }
}

#[test]
fn a_body_that_is_no_offer_gets_400_or_415() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    assert_eq!(change(&mut world, &mut phone, "INVITE", "hello").status, 400);
    world.deliver(phone.next("INVITE", "Content-Type: text/plain\r\n", "hello"));
    assert_eq!(world.statuses(), ["415 INVITE"]);
    assert!(world.told().is_empty());
}

#[test]
fn a_reinvite_without_an_offer_is_answered_with_one_and_the_ack_answers_it() {
    let mut world = with_media(Transport::Tcp);
    let mut phone = established(&mut world);
    let held = change(&mut world, &mut phone, "INVITE", &offer("sendonly", 2));
    world.deliver(phone.next("INVITE", "", ""));
    let ok = world.response();
    assert!(text(&ok).contains("a=sendrecv"), "ready to speak again: {}", text(&ok));
    world.deliver(phone.ack(&offer("sendrecv", 3)));
    let call = world.call();
    assert_eq!((call.hold, call.sdp.local.as_deref()), (Hold::None, Some(&*text(&ok))));
    assert_eq!(call.sdp.remote.as_deref(), Some(&*offer("sendrecv", 3)));
    assert_eq!(*world.told().last().expect("an event"), EventKind::Resumed);
    let again = change(&mut world, &mut phone, "INVITE", &offer("sendonly", 4));
    let versions = [&held, &ok, &again].map(|response| version(&text(response)));
    assert!(versions.is_sorted_by(|a, b| a < b), "each its own version: {versions:?}");
}

#[test]
fn the_200_to_a_reinvite_is_repeated_until_its_ack() {
    for mut world in [World::tcp(), World::udp()] {
        let mut phone = established(&mut world);
        world.advance(Duration::from_secs(32));
        world.deliver(phone.next("INVITE", "", OFFER));
        world.wire();
        assert_eq!(world.repeats(Duration::from_secs(8)), DOUBLING[..4]);
        world.deliver(phone.ack(""));
        assert!(world.repeats(Duration::from_secs(60)).is_empty());
        assert_eq!(world.call().state.name(), "established");
    }
}

#[test]
fn a_reinvite_whose_200_gets_no_ack_ends_the_call_by_bye() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("INVITE", "", OFFER));
    world.advance(Duration::from_millis(31_999));
    world.wire();
    world.advance(Duration::from_millis(1));
    assert_eq!(world.request().method.as_str(), "BYE");
    let end = world.call().end.clone().expect("an end");
    assert_eq!((end.cause, end.by), (EndCause::Timeout, EndBy::System));
}

#[test]
fn a_hangup_ends_the_repeats_of_a_reinvites_200() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("INVITE", "", OFFER));
    world.ask(Action::Hangup(Hangup::default()));
    world.wire();
    assert!(world.repeats(Duration::from_secs(60)).is_empty());
    world.assert_empty();
}

#[test]
fn a_repeated_reinvite_is_absorbed() {
    let mut world = World::udp();
    let mut phone = established(&mut world);
    let invite = phone.next("INVITE", "", OFFER);
    world.deliver(&invite);
    assert_eq!(world.statuses(), ["200 INVITE"]);
    world.deliver(&invite);
    assert!(world.wire().is_empty());
}

#[test]
fn a_reinvite_before_the_ack_to_the_200_gets_491() {
    let mut world = World::tcp();
    let mut phone = accepted(&mut world);
    let invite = phone.clone();
    assert_eq!(change(&mut world, &mut phone, "INVITE", OFFER).status, 491);
    world.deliver(invite.ack(""));
    assert_eq!(world.call().state.name(), "established");
    world.deliver(phone.next("INVITE", "", OFFER));
    assert_eq!(world.statuses(), ["200 INVITE"]);
    assert_eq!(change(&mut world, &mut phone.clone(), "INVITE", OFFER).status, 491);
}

#[test]
fn an_update_with_an_offer_before_the_ack_to_the_200_gets_491_where_that_waits_for_its_answer() {
    let answer = super::phone::ANSWER;
    let mut world = with_media(Transport::Tcp);
    let mut phone = Phone::new(&world);
    world.deliver(phone.same("INVITE"));
    world.wire();
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.response());
    let invite = phone.clone();
    assert_eq!(change(&mut world, &mut phone, "UPDATE", OFFER).status, 491);
    world.deliver(invite.ack(answer));
    assert_eq!(world.call().state.name(), "established");
    world.deliver(phone.next("INVITE", "", ""));
    world.response();
    let reinvite = phone.clone();
    assert_eq!(change(&mut world, &mut phone, "UPDATE", OFFER).status, 491);
    world.deliver(reinvite.ack(answer));
    assert_eq!(change(&mut world, &mut phone, "UPDATE", OFFER).status, 200);
}

#[test]
fn an_update_with_an_offer_before_the_ack_to_the_200_is_served_where_that_has_the_answer() {
    let mut world = with_media(Transport::Tcp);
    let mut phone = accepted(&mut world);
    world.forget();
    let invite = phone.clone();
    let held = change(&mut world, &mut phone, "UPDATE", &offer("sendonly", 2));
    assert!(held.status == 200 && text(&held).contains("a=recvonly"), "{held:?}");
    assert_eq!((world.told(), world.call().state.name()), (vec![EventKind::Held], "accepted"));
    world.deliver(invite.ack(""));
    assert_eq!((world.call().hold, world.call().state.name()), (Hold::Remote, "established"));
    assert_eq!(world.call().sdp.local.as_deref(), Some(&*text(&held)));
    world.deliver(phone.next("INVITE", "", &offer("sendonly", 2)));
    world.response();
    let reinvite = phone.clone();
    assert_eq!(change(&mut world, &mut phone, "UPDATE", &offer("sendrecv", 3)).status, 200);
    world.deliver(reinvite.ack(""));
    assert_eq!(world.call().hold, Hold::None);
}

#[test]
fn an_offer_before_the_answer_gets_500_with_retry_after() {
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::tcp();
        let mut phone = ringing(&mut world);
        let refused = change(&mut world, &mut phone, method, OFFER);
        assert_eq!(refused.status, 500);
        let seconds = header(&refused.headers, "Retry-After").and_then(|value| value.parse::<u8>().ok());
        assert!(seconds.is_some_and(|seconds| seconds <= 10));
        assert_eq!(world.call().state.name(), "ringing");
    }
}

#[test]
fn a_request_with_an_older_cseq_gets_500_and_changes_nothing() {
    for method in ["INVITE", "UPDATE", "INFO", "OPTIONS", "BYE"] {
        let mut world = World::tcp();
        let mut phone = established(&mut world);
        phone.cseq = 98;
        let refused = change(&mut world, &mut phone, method, "");
        assert_eq!(refused.status, 500, "{method}");
        assert!(header(&refused.headers, "Retry-After").is_some());
        assert!(world.told().is_empty());
    }
}

#[test]
fn a_request_that_was_overtaken_gets_500() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    let late = phone.next("INFO", "", "");
    assert_eq!(change(&mut world, &mut phone, "INFO", "").status, 200);
    world.deliver(late);
    assert_eq!(world.statuses(), ["500 INFO"]);
}

#[test]
fn an_update_without_an_offer_is_answered_in_every_state() {
    for make in [ringing, accepted, established] {
        let mut world = World::tcp();
        let mut phone = make(&mut world);
        let told = world.events.len();
        let ok = change(&mut world, &mut phone, "UPDATE", "");
        assert_eq!((ok.status, ok.body.len()), (200, 0));
        assert!(ok.contact.is_some(), "RFC 3311 §5.2");
        assert_eq!(world.events.len(), told);
    }
}

#[test]
fn a_reinvite_and_an_update_move_the_remote_target_and_what_is_refused_does_not() {
    for (method, body, moved) in [
        ("INVITE", OFFER, true),
        ("UPDATE", OFFER, true),
        ("UPDATE", "", true),
        ("INVITE", "hello", false),
        ("INFO", "", false),
    ] {
        let mut world = World::tcp();
        let mut phone = established(&mut world);
        world.deliver(phone.next(method, "", body).replace("sip:1001@10.0.0.1:5060;", "sip:1001@10.0.0.3;"));
        let status = world.response().status;
        world.deliver(if status == 200 { phone.ack("") } else { phone.same("ACK") });
        world.ask(Action::Hangup(Hangup::default()));
        let target = world.request().uri.as_str().to_owned();
        assert_eq!(target.contains("10.0.0.3"), moved, "{method} {body}: {target}");
    }
}

#[test]
fn in_the_dialog_a_required_extension_gets_420_and_a_foreign_method_405() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("INVITE", "Require: foo\r\n", OFFER));
    world.deliver(phone.next("REFER", "Refer-To: <sip:a@b>\r\n", ""));
    world.deliver(phone.next("DANCE", "", ""));
    assert_eq!(world.statuses(), ["420 INVITE", "405 REFER", "501 DANCE"]);
    assert!(world.told().is_empty());
}

#[test]
fn a_call_offered_with_the_200_keeps_its_local_description_until_changed() {
    let mut world = with_media(Transport::Tcp);
    let mut phone = offered(&mut world);
    world.ask(Action::Accept(Accept { sdp: Some(super::phone::ANSWER.into()), ..Accept::default() }));
    phone.learn(&world.response());
    world.deliver(phone.ack(""));
    let ok = change(&mut world, &mut phone, "INVITE", &offer("sendonly", 2));
    assert!(text(&ok).contains("m=audio 30000") && text(&ok).contains("192.0.2.9"), "the client's address");
}

#[test]
fn a_refresh_and_a_crash_leave_the_direction_that_the_client_gave() {
    let given = super::phone::ANSWER.to_owned() + "a=recvonly\r\n";
    let ring = Ring { sdp: Some(given.clone()), ..Ring::default() };
    let accept = Accept { sdp: Some(given), ..Accept::default() };
    for actions in
        [vec![Action::Accept(accept.clone())], vec![Action::Ring(ring), Action::Accept(Accept::default())]]
    {
        let mut world = World::with(Settings { keeps_calls: true, ..Settings::default() });
        let mut phone = offered(&mut world);
        for action in actions {
            world.ask(action);
            phone.learn(&world.response());
        }
        world.deliver(phone.ack(""));
        for direction in ["sendrecv", "inactive", "sendrecv"] {
            let expected = if direction == "sendrecv" { "a=recvonly" } else { "a=inactive" };
            for method in ["INVITE", "UPDATE"] {
                let ok = text(&change(&mut world, &mut phone, method, &offer(direction, 2)));
                assert!(ok.contains(expected), "{method}, {direction}: {ok}");
            }
            world.crash();
        }
        world.deliver(phone.next("INVITE", "", ""));
        let asked = text(&world.response());
        assert!(asked.contains("a=recvonly"), "an offer that was asked for: {asked}");
    }
}

#[test]
fn a_call_that_begins_held_is_shown_as_held_and_its_resumption_is_told() {
    for direction in ["inactive", "sendonly"] {
        let mut world = with_media(Transport::Tcp);
        let mut phone = Phone::new(&world);
        world.deliver(phone.request("INVITE", "", &offer(direction, 1)));
        world.wire();
        assert_eq!(world.call().hold, Hold::Remote, "as soon as it is offered");
        world.ask(Action::Accept(Accept::default()));
        phone.learn(&world.response());
        world.deliver(phone.ack(""));
        world.forget();
        change(&mut world, &mut phone, "INVITE", &offer(direction, 1));
        assert!(world.told().is_empty(), "a refresh is no news");
        change(&mut world, &mut phone, "INVITE", &offer("sendrecv", 2));
        assert_eq!((world.told(), world.call().hold), (vec![EventKind::Resumed], Hold::None));
    }
}

#[test]
fn a_stream_that_we_have_refused_does_not_count_for_hold() {
    let flow = crate::agent::tests::phone::OFFER.to_owned()
        + "m=video 16862 RTP/AVP 102\r\na=rtpmap:102 VP8/90000\r\n";
    let with = |direction: &str, version: u8| {
        flow.replace("m=video", &format!("a={direction}\r\nm=video"))
            .replace("o=- 1 1", &format!("o=- 1 {version}"))
    };
    for direction in ["sendonly", "inactive"] {
        let mut world = with_media(Transport::Tcp);
        let mut phone = Phone::new(&world);
        world.deliver(phone.request("INVITE", "", &flow));
        world.wire();
        world.ask(Action::Accept(Accept::default()));
        phone.learn(&world.response());
        world.deliver(phone.ack(""));
        assert!(world.call().sdp.local.as_deref().is_some_and(|local| local.contains("m=video 0")));
        world.forget();
        change(&mut world, &mut phone, "INVITE", &with(direction, 2));
        assert_eq!((world.told(), world.call().hold), (vec![EventKind::Held], Hold::Remote), "{direction}");
        change(&mut world, &mut phone, "UPDATE", &with("sendrecv", 3));
        assert_eq!((world.told().len(), world.call().hold), (2, Hold::None));
    }
    let mut world = with_media(Transport::Tcp);
    world.deliver(Phone::new(&world).request("INVITE", "", &with("inactive", 1)));
    assert_eq!(world.call().hold, Hold::None, "it may be taken with its video");
    world.ask(Action::Ring(Ring { early_media: true, ..Ring::default() }));
    assert_eq!(world.call().hold, Hold::Remote, "it is not");
}

#[test]
fn an_answer_that_holds_is_shown_as_hold_in_the_ack_in_a_183_and_in_the_200() {
    let answer = super::phone::ANSWER.to_owned() + "a=inactive\r\n";
    let mut late = with_media(Transport::Tcp);
    let mut phone = Phone::new(&late);
    late.deliver(phone.same("INVITE"));
    late.wire();
    late.ask(Action::Accept(Accept::default()));
    phone.learn(&late.response());
    late.deliver(phone.ack(&answer));
    assert_eq!((late.call().state.name(), late.call().hold), ("established", Hold::Remote));

    let mut world = with_media(Transport::Tcp);
    let callee = called(&mut world);
    world.deliver(callee.says_with(183, "", &answer));
    assert_eq!((world.call().state.name(), world.call().hold), ("ringing", Hold::Remote));
    world.deliver(callee.answers());
    assert_eq!((world.call().state.name(), world.call().hold), ("established", Hold::None));
    let mut world = with_media(Transport::Tcp);
    let callee = called(&mut world);
    world.deliver(callee.says_with(200, "", &answer));
    assert_eq!(world.call().hold, Hold::Remote);
}

#[test]
fn new_keys_get_488_and_the_session_stays() {
    let with = |lines: &str| OFFER.to_owned() + lines;
    for method in ["INVITE", "UPDATE"] {
        let mut world = with_media(Transport::Tcp);
        let mut phone = Phone::new(&world);
        world.deliver(phone.request("INVITE", "", &with("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:k\r\n")));
        world.wire();
        let given = super::phone::ANSWER.to_owned() + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:o\r\n";
        world.ask(Action::Accept(Accept { sdp: Some(given), ..Accept::default() }));
        phone.learn(&world.response());
        world.deliver(phone.ack(""));
        let before = world.call().version;
        let rekeyed = with("a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:l\r\n");
        assert_eq!(change(&mut world, &mut phone, method, &rekeyed).status, 488);
        assert_eq!((world.call().state.name(), world.call().version), ("established", before));
    }
}

#[test]
fn what_an_exchange_has_left_out_comes_back_with_a_later_one() {
    let codec = |formats: &str| OFFER.replace("8 101", formats);
    let off = OFFER.replace("16776", "0");
    for method in ["INVITE", "UPDATE"] {
        let mut world = World::with(Settings { keeps_calls: true, ..Settings::default() });
        let mut phone = Phone::new(&world);
        world.deliver(phone.request("INVITE", "", &codec("0 101")));
        world.wire();
        world.ask(Action::Accept(Accept::default()));
        phone.learn(&world.response());
        world.deliver(phone.ack(""));
        let mut versions = vec![version(world.call().sdp.local.as_deref().expect("a description"))];
        for (offer, answer) in
            [(codec("8 101"), "RTP/AVP 8 101"), (off.clone(), "audio 0"), (codec("0"), "RTP/AVP 0\r\n")]
        {
            let ok = change(&mut world, &mut phone, method, &offer);
            assert!(ok.status == 200 && text(&ok).contains(answer), "{method} {answer}: {ok:?}");
            versions.push(version(&text(&ok)));
            world.crash();
        }
        world.deliver(phone.next("INVITE", "", ""));
        let asked = text(&world.response());
        assert!(asked.contains("RTP/AVP 8 0 101\r\n"), "as for a new call, RFC 3261 §14.2: {asked}");
        versions.push(version(&asked));
        let first = versions[0];
        assert_eq!(versions, (first..first + 5).collect::<Vec<_>>(), "one by one, RFC 3264 §8");
    }
}
