//! What is asked of a request before it reaches a call (RFC 3261 §8.2), in order.

use super::callee::called;
use super::harness::{World, header};
use super::phone::{ANSWER, OFFER, Phone, offered};
use crate::agent::command::{Accept, Hangup};
use crate::agent::event::{EventKind, Hold};
use crate::agent::{Action, Settings};
use crate::sip::Response;

/// The response to a request that makes no call.
fn refusal(request: impl Fn(&Phone) -> String) -> Response {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(request(&phone));
    let response = world.response();
    assert!(world.told().is_empty(), "nobody is told");
    assert!(response.to.tag().is_some(), "a To tag");
    world.deliver(phone.same("ACK"));
    world.assert_empty();
    response
}

fn invite_with(headers: &str) -> Response {
    refusal(|phone| phone.request("INVITE", headers, OFFER))
}

#[test]
fn a_method_that_is_not_served_gets_405_with_allow() {
    for method in ["REGISTER", "MESSAGE", "SUBSCRIBE", "NOTIFY", "REFER", "PUBLISH", "PRACK"] {
        let response = refusal(|phone| phone.same(method));
        assert_eq!(response.status, 405);
        let allow = header(&response.headers, "Allow").expect("Allow");
        assert_eq!(allow, "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE");
    }
}

#[test]
fn a_method_that_nobody_knows_gets_501_and_the_next_message_is_served() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.same("DANCE"));
    world.deliver(phone.same("invite"));
    world.deliver(phone.invite());
    assert_eq!(world.statuses(), ["501 DANCE", "501 invite", "100 INVITE"]);
}

#[test]
fn a_uri_that_is_not_sip_gets_416() {
    let response = refusal(|phone| phone.invite().replacen("sip:1000@192.0.2.7", "tel:+4930123", 1));
    assert_eq!(response.status, 416);
}

#[test]
fn an_invite_whose_contact_is_no_sip_uri_gets_400() {
    let with = |contact: &str| {
        refusal(|phone| {
            let lines = phone.invite();
            let (before, rest) = lines.split_once("Contact:").expect("a Contact");
            let (_, after) = rest.split_once("\r\n").expect("its end");
            format!("{before}{contact}{after}")
        })
    };
    for (contact, phrase) in [
        ("Contact: *\r\n", "Bad Contact: no address"),
        ("Contact: <tel:+1>\r\n", "Bad Contact: not a SIP URI"),
    ] {
        let response = with(contact);
        assert_eq!((response.status, &*response.reason_phrase), (400, phrase), "{contact}");
    }
}

#[test]
fn an_offer_that_cannot_be_read_gets_400() {
    for offer in ["garbage", "v=0\r\nm=foo\r\n"] {
        let response = refusal(|phone| phone.request("INVITE", "", offer));
        assert_eq!((response.status, &*response.reason_phrase), (400, "Bad Session Description"), "{offer}");
    }
}

#[test]
fn an_invite_of_rfc_2543_needs_no_contact() {
    let mut world = World::udp();
    let invite = include_str!("../../../tests/torture/rfc4475/inv2543.dat");
    world.deliver(invite);
    assert_eq!(world.told(), [EventKind::Offered]);
}

#[test]
fn an_invite_with_what_cannot_be_read_and_is_not_needed_is_a_call() {
    for header in ["Expires: abc", "Expires: 99999999999999", "Route: junk", "Expires: 1\r\nExpires: x"] {
        let mut world = World::tcp();
        let phone = Phone::new(&world);
        world.deliver(phone.request("INVITE", &format!("{header}\r\n"), OFFER));
        assert_eq!(
            (world.statuses(), world.told()),
            (vec!["100 INVITE".to_owned()], vec![EventKind::Offered])
        );
    }
}

#[test]
fn a_required_extension_gets_420_with_unsupported() {
    let response = invite_with("Require: 100rel, timer\r\nRequire: foo\r\n");
    assert_eq!(response.status, 420);
    assert_eq!(header(&response.headers, "Unsupported").as_deref(), Some("100rel, timer, foo"));
}

#[test]
fn what_is_required_of_proxies_and_what_is_supported_is_not_asked_of_us() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.request("INVITE", "Proxy-Require: foo\r\nSupported: 100rel\r\n", OFFER));
    assert_eq!(world.statuses(), ["100 INVITE"]);
}

#[test]
fn a_body_of_another_type_gets_415_with_accept() {
    let response = invite_with("Content-Type: application/isup\r\n");
    assert_eq!(response.status, 415);
    assert_eq!(header(&response.headers, "Accept").as_deref(), Some("application/sdp, multipart/mixed"));
}

/// A body of an ISUP message with this disposition, and an offer.
fn with_isup(disposition: &str) -> String {
    format!(
        "--b\r\nContent-Type: application/isup\r\nContent-Disposition: signal;handling={disposition}\r\n\r\n\x01\r\n\
         --b\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n--b--\r\n"
    )
}

#[test]
fn of_a_body_of_several_parts_the_description_is_read() {
    let mut world = World::tcp();
    let mut phone = Phone::new(&world);
    let kind = "Content-Type: multipart/mixed;boundary=b\r\n";
    world.deliver(phone.request("INVITE", kind, &with_isup("optional")));
    let call = world.call();
    assert_eq!(call.sdp.remote.as_deref(), Some(OFFER));
    assert!(call.headers.iter().any(|header| &*header.value == "multipart/mixed;boundary=b"), "as it came");
    world.ask(Action::Accept(Accept::default()));
    phone.learn(&world.responses()[1]);
    world.deliver(phone.ack(""));
    let held = with_isup("optional").replace("m=audio", "a=sendonly\r\nm=audio");
    world.deliver(phone.next("INVITE", kind, &held));
    assert_eq!((world.responses()[0].status, world.call().hold), (200, Hold::Remote));
}

#[test]
fn an_answer_may_come_in_several_parts() {
    let mut world = World::tcp();
    let callee = called(&mut world);
    let body = with_isup("optional").replace(OFFER, ANSWER);
    world.deliver(callee.says_with(200, "Content-Type: multipart/mixed;boundary=b\r\n", &body));
    assert_eq!(
        (world.call().state.name(), world.call().sdp.remote.as_deref()),
        ("established", Some(ANSWER))
    );
}

#[test]
fn a_part_that_must_be_understood_gets_415() {
    let response = refusal(|phone| {
        phone.request("INVITE", "Content-Type: multipart/mixed;boundary=b\r\n", &with_isup("required"))
    });
    assert_eq!(response.status, 415);
}

#[test]
fn an_encoded_body_gets_415_with_accept_encoding() {
    let response = invite_with("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n");
    assert_eq!(response.status, 415);
    assert_eq!(header(&response.headers, "Accept-Encoding").as_deref(), Some("identity"));
}

#[test]
fn a_body_that_is_not_understood_and_may_be_ignored_is_as_if_there_were_none() {
    for headers in [
        "Content-Type: application/isup\r\nContent-Disposition: signal;handling=optional\r\n",
        "Content-Type: application/isup\r\nContent-Disposition: signal ; x=\"y\" ; Handling = Optional\r\n",
        "Content-Type: application/sdp\r\nContent-Disposition: early-session;handling=optional\r\n",
        "Content-Type: application/sdp\r\nContent-Disposition: session;handling=optional\r\nContent-Encoding: gzip\r\n",
    ] {
        let mut world = World::tcp();
        let mut phone = Phone::new(&world);
        world.deliver(phone.request("INVITE", headers, OFFER));
        assert_eq!(world.statuses(), ["100 INVITE"], "{headers}");
        assert!(world.call().sdp.remote.is_none());
        world.ask(Action::Accept(Accept::default()));
        let ok = world.response();
        assert!(!ok.body.is_empty(), "the 200 makes the offer");
        phone.learn(&ok);
        world.deliver(phone.ack(OFFER));
        assert_eq!(world.call().state.name(), "established");
        world.forget();
        for (method, has_offer) in [("INVITE", true), ("UPDATE", false)] {
            world.deliver(phone.next(method, headers, "not understood"));
            let ok = world.response();
            assert_eq!((ok.status, !ok.body.is_empty()), (200, has_offer), "{method}");
            if method == "INVITE" {
                world.deliver(phone.ack(OFFER));
            }
        }
        world.deliver(phone.next("INFO", headers, "shown"));
        assert_eq!(world.told().last(), Some(&EventKind::Info));
    }
    let sdp = "Content-Type: application/sdp\r\nContent-Disposition: session;handling=optional\r\n";
    let mut world = World::tcp();
    world.deliver(Phone::new(&world).request("INVITE", sdp, OFFER));
    assert!(world.call().sdp.remote.is_some(), "understood, and so not ignored");
    for disposition in
        ["signal", "signal;handling=required", "signal;x=\"handling=optional\"", ";handling=optional"]
    {
        let headers = format!("Content-Type: application/isup\r\nContent-Disposition: {disposition}\r\n");
        assert_eq!(invite_with(&headers).status, 415, "{disposition}");
    }
}

#[test]
fn a_type_with_parameters_in_any_case_is_read() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.request("INVITE", "Content-Type: Application/SDP;charset=utf-8\r\n", OFFER));
    assert_eq!(world.statuses(), ["100 INVITE"]);
}

#[test]
fn a_caller_that_accepts_no_sdp_gets_406() {
    assert_eq!(invite_with("Accept: application/isup\r\n").status, 406);
    assert_eq!(invite_with("Accept:\r\n").status, 406);
}

#[test]
fn a_question_may_accept_anything() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.request("OPTIONS", "Accept: text/plain\r\n", ""));
    assert_eq!(world.statuses(), ["200 OPTIONS"]);
}

#[test]
fn a_caller_that_accepts_sdp_in_any_words_is_served() {
    for accept in ["application/sdp;level=1, text/plain", "application/*", "*/*;q=0.5", "Application/SDP"] {
        let mut world = World::tcp();
        let phone = Phone::new(&world);
        world.deliver(phone.request("INVITE", &format!("Accept: {accept}\r\n"), OFFER));
        assert_eq!(world.statuses(), ["100 INVITE"], "{accept}");
    }
}

#[test]
fn a_request_that_has_no_forwards_left_gets_483() {
    let response = refusal(|phone| phone.invite().replace("Max-Forwards: 70", "Max-Forwards: 0"));
    assert_eq!(response.status, 483);
}

#[test]
fn a_request_with_an_unknown_to_tag_gets_481() {
    for method in ["BYE", "INVITE", "UPDATE", "INFO", "OPTIONS"] {
        let response = refusal(|phone| Phone { to_tag: Some("x".into()), ..phone.clone() }.same(method));
        assert_eq!((response.status, response.to.tag().map(|tag| &**tag)), (481, Some("x")));
    }
}

#[test]
fn a_request_that_needs_a_dialog_gets_481_without_a_to_tag() {
    for method in ["BYE", "UPDATE", "INFO", "CANCEL"] {
        assert_eq!(refusal(|phone| phone.same(method)).status, 481);
    }
}

#[test]
fn a_request_with_our_tag_but_of_another_call_or_caller_gets_481() {
    let mut world = World::tcp();
    let phone = super::phone::established(&mut world);
    world.deliver(Phone { call_id: "another".into(), cseq: 200, ..phone.clone() }.same("BYE"));
    world.deliver(Phone { tag: "another".into(), cseq: 201, ..phone }.same("BYE"));
    assert_eq!(world.statuses(), ["481 BYE", "481 BYE"]);
}

#[test]
fn a_merged_request_gets_482() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    world.deliver(Phone { branch: "z9hG4bK-other-way".into(), ..phone }.invite());
    assert_eq!(world.statuses(), ["482 INVITE"]);
    assert_eq!(world.told().len(), 1);
}

#[test]
fn one_call_too_many_gets_503_with_retry_after_until_there_is_room_again() {
    let mut world = World::with(Settings { max_calls: 1, ..Settings::default() });
    let first = offered(&mut world);
    let second = Phone::numbered(&world, 2);
    world.deliver(second.invite());
    let response = world.response();
    assert_eq!(response.status, 503);
    assert_eq!(header(&response.headers, "Retry-After").as_deref(), Some("5"));
    assert_eq!(world.told().len(), 1);
    world.deliver(Phone::numbered(&world, 3).same("OPTIONS"));
    assert_eq!(world.statuses(), ["503 OPTIONS"], "what an INVITE would get (§11.2)");
    world.ask(Action::Hangup(Hangup::default()));
    world.deliver(first.same("ACK"));
    world.deliver(Phone::numbered(&world, 4).invite());
    assert_eq!(world.statuses(), ["487 INVITE", "100 INVITE"]);
}

#[test]
fn while_draining_new_calls_get_503_and_what_needs_a_dialog_481() {
    let mut world = World::tcp();
    world.agent.handle_drain(world.now);
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    assert_eq!(header(&world.response().headers, "Retry-After").as_deref(), Some("5"));
    world.deliver(phone.same("OPTIONS"));
    world.deliver(phone.same("BYE"));
    assert_eq!(world.statuses(), ["503 OPTIONS", "481 BYE"]);
}

/// An INVITE with every fault at once, of which one after the other is mended.
#[test]
fn the_questions_are_asked_in_the_order_of_the_rfc() {
    let mut world = World::tcp();
    let phone = offered(&mut world);
    let bad = Phone { branch: "z9hG4bK-bad".into(), ..phone };
    let mut text = bad.request("DANCE", "Require: foo\r\nContent-Type: a/b\r\n", OFFER);
    text = text.replacen("sip:1000@192.0.2.7", "tel:110", 1).replace("Max-Forwards: 70", "Max-Forwards: 0");
    let mut ask = |text: &str, turn: usize| {
        world.deliver(text.replace("z9hG4bK-bad", &format!("z9hG4bK-{turn}")));
        world.response().status
    };
    assert_eq!(ask(&text, 0), 501);
    text = text.replace("DANCE", "INVITE");
    assert_eq!(ask(&text, 1), 416);
    text = text.replacen("tel:110", "sip:1000@192.0.2.7", 1);
    assert_eq!(ask(&text, 2), 482);
    text = text.replace("call-1", "call-2");
    assert_eq!(ask(&text, 3), 483);
    text = text.replace("Max-Forwards: 0", "Max-Forwards: 70").replace("call-2", "call-3");
    assert_eq!(ask(&text, 4), 420);
    text = text.replace("Require: foo\r\n", "").replace("call-3", "call-4");
    assert_eq!(ask(&text, 5), 415);
    text = text.replace("a/b", "application/sdp").replace("call-4", "call-5");
    assert_eq!(ask(&text, 6), 100);
}

#[test]
fn a_malformed_request_is_answered_400_with_the_fault_as_phrase() {
    let response = refusal(|phone| phone.invite().replace("Max-Forwards: 70", "Max-Forwards: many"));
    assert_eq!(response.status, 400);
    assert!(response.reason_phrase.contains("Max-Forwards"), "{}", response.reason_phrase);
}

#[test]
fn a_malformed_request_is_answered_with_received_and_rport_filled_in() {
    let mut world = World::udp();
    world.flow.peer = "198.51.100.9:40000".parse().expect("an address");
    let phone = Phone::new(&world);
    let malformed = phone.invite().replace("Max-Forwards: 70", "Max-Forwards: many");
    world.deliver(malformed.replace(";branch", ";rport;branch"));
    let via = header(&world.response().headers, "Via").expect("a Via");
    assert!(via.contains(";received=198.51.100.9") && via.contains(";rport=40000"), "{via}");
    world.assert_empty();
}

#[test]
fn a_malformed_ack_and_a_malformed_response_are_dropped() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.same("ACK").replace("CSeq: 100", "CSeq: many"));
    world.deliver("SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.7;branch=z9hG4bK1\r\n\r\n");
    world.deliver("\0\0\0");
    assert!(world.wire().is_empty());
    world.assert_empty();
}

#[test]
fn the_same_malformed_request_gets_the_same_tag() {
    let tag = || {
        let response = refusal(|phone| phone.invite().replace("Max-Forwards: 70", "Max-Forwards: many"));
        response.to.tag().cloned()
    };
    assert_eq!(tag(), tag());
}
