//! Provisional responses (RFC 3261 §13.3.1.1).

use std::time::Duration;

use super::harness::{World, header};
use super::phone::{ANSWER, Phone, offered, ringing};
use crate::agent::command::{Accept, NewHeader, NewHeaders, Ring};
use crate::agent::event::EventKind;
use crate::agent::{Action, OnOffer, Refusal, Settings};

fn ring(world: &mut World, ring: Ring) -> Result<(), Refusal> {
    let ticket = world.ask(Action::Ring(ring));
    world.answer(ticket).expect("an answer at once").map(drop)
}

fn new_header(name: &str, value: &str) -> NewHeaders {
    NewHeaders(vec![NewHeader { name: name.into(), value: value.into() }])
}

#[test]
fn each_status_from_180_to_183_rings() {
    for status in 180..=183 {
        let mut world = World::tcp();
        offered(&mut world);
        ring(&mut world, Ring { status, ..Ring::default() }).expect("allowed");
        assert_eq!(world.response().status, status);
        assert_eq!(world.told(), [EventKind::Offered, EventKind::Ringing]);
    }
}

#[test]
fn any_other_status_is_refused_and_nothing_is_sent() {
    for status in [0, 100, 179, 184, 199, 200, 486] {
        let mut world = World::tcp();
        offered(&mut world);
        let refused = ring(&mut world, Ring { status, ..Ring::default() });
        assert!(matches!(refused, Err(Refusal::InvalidField { field: "status", .. })), "{status}");
        assert!(world.wire().is_empty());
        assert_eq!(world.call().state.name(), "offered");
    }
}

#[test]
fn ringing_may_be_repeated_and_keeps_its_first_time_and_its_tag() {
    let mut world = World::tcp();
    let phone = ringing(&mut world);
    let first = world.call();
    world.advance(Duration::from_secs(3));
    ring(&mut world, Ring { status: 183, ..Ring::default() }).expect("allowed");
    let again = world.response();
    assert_eq!(again.to.tag().map(|tag| &**tag), phone.to_tag.as_deref());
    assert_eq!(world.call().ringing_at, first.ringing_at);
    assert_eq!(world.call().version, first.version + 1);
}

#[test]
fn the_clients_answer_is_sent_as_it_is_and_shown() {
    let mut world = World::tcp();
    offered(&mut world);
    ring(&mut world, Ring { status: 183, sdp: Some(ANSWER.into()), ..Ring::default() }).expect("allowed");
    let progress = world.response();
    assert_eq!(progress.body, ANSWER);
    assert_eq!(header(&progress.headers, "Content-Type").as_deref(), Some("application/sdp"));
    assert_eq!(world.call().sdp.local.as_deref(), Some(ANSWER));
}

#[test]
fn early_media_sends_a_generated_answer_as_in_the_flow() {
    let mut world = World::tcp();
    offered(&mut world);
    ring(&mut world, Ring { early_media: true, ..Ring::default() }).expect("allowed");
    let ringing = world.response();
    assert_eq!(ringing.status, 180);
    let answer = String::from_utf8(ringing.body.to_vec()).expect("text");
    assert!(answer.contains("m=audio ") && answer.contains("RTP/AVP 8 101"), "{answer}");
    assert_eq!(world.call().sdp.local.as_deref(), Some(&*answer));
}

#[test]
fn a_later_180_without_sdp_does_not_take_the_answer_back() {
    let mut world = World::tcp();
    offered(&mut world);
    ring(&mut world, Ring { sdp: Some(ANSWER.into()), ..Ring::default() }).expect("allowed");
    ring(&mut world, Ring::default()).expect("allowed");
    assert!(world.responses()[1].body.is_empty());
    assert_eq!(world.call().sdp.local.as_deref(), Some(ANSWER));
    let other = ANSWER.replace("30000", "30002");
    let refused = ring(&mut world, Ring { sdp: Some(other), ..Ring::default() });
    assert!(matches!(refused, Err(Refusal::InvalidSdp(_))), "§13.2.1: the first answer stands");
}

#[test]
fn sdp_and_early_media_together_are_refused() {
    let mut world = World::tcp();
    offered(&mut world);
    let both = Ring { sdp: Some(ANSWER.into()), early_media: true, ..Ring::default() };
    assert!(matches!(ring(&mut world, both), Err(Refusal::InvalidField { field: "early_media", .. })));
    assert!(world.wire().is_empty());
}

#[test]
fn an_answer_that_does_not_fit_the_offer_is_refused() {
    let mut world = World::tcp();
    offered(&mut world);
    for sdp in ["hello", "", &ANSWER.replace("m=audio", "m=video")] {
        let refused = ring(&mut world, Ring { sdp: Some(sdp.to_owned()), ..Ring::default() });
        assert!(matches!(refused, Err(Refusal::InvalidSdp(_))), "{sdp}");
    }
    assert!(world.wire().is_empty());
    assert_eq!(world.call().state.name(), "offered");
}

#[test]
fn an_invite_without_an_offer_can_ring_but_not_with_sdp() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.same("INVITE"));
    world.wire();
    let refused = ring(&mut world, Ring { early_media: true, ..Ring::default() });
    assert!(matches!(refused, Err(Refusal::InvalidSdp(_))));
    ring(&mut world, Ring::default()).expect("allowed");
    assert_eq!(world.response().status, 180);
}

#[test]
fn early_media_without_a_common_codec_ends_the_call_with_488() {
    let mut world = World::tcp();
    let phone = Phone::new(&world);
    world.deliver(phone.invite().replace("RTP/AVP 8 101", "RTP/AVP 97 98"));
    world.wire();
    let refused = ring(&mut world, Ring { early_media: true, ..Ring::default() });
    let Err(Refusal::NoCommonCodec(call)) = refused else { panic!("{refused:?}") };
    assert_eq!(call.state.name(), "ended");
    assert_eq!(world.statuses(), ["488 INVITE"]);
}

#[test]
fn the_last_provisional_response_is_repeated_every_minute() {
    let mut world = World::tcp();
    ringing(&mut world);
    assert_eq!(world.repeats(Duration::from_secs(150)), [60_000, 120_000]);
    assert_eq!(world.told().len(), 2, "which is not told");
    ring(&mut world, Ring { status: 183, ..Ring::default() }).expect("allowed");
    world.wire();
    world.advance(Duration::from_secs(20));
    assert!(world.wire().is_empty(), "the minute begins anew");
}

#[test]
fn the_reminders_stop_with_the_answer() {
    let mut world = World::tcp();
    let phone = ringing(&mut world);
    world.ask(Action::Accept(Accept::default()));
    world.deliver(phone.ack(""));
    world.wire();
    assert!(world.repeats(Duration::from_secs(300)).is_empty());
}

#[test]
fn headers_are_added_as_given() {
    let mut world = World::tcp();
    offered(&mut world);
    let headers = new_header("X-voice_call_number", "18300000000; a=\"b\"");
    ring(&mut world, Ring { headers, ..Ring::default() }).expect("allowed");
    let value = header(&world.response().headers, "X-voice_call_number");
    assert_eq!(value.as_deref(), Some("18300000000; a=\"b\""));
}

#[test]
fn headers_that_the_agent_writes_or_that_would_break_the_message_are_refused() {
    let bad = [
        ("Via", "x"),
        ("v", "x"),
        ("t", "x"),
        ("CSEQ", "1"),
        ("Content-length", "0"),
        ("Contact", "<sip:a@b>"),
        ("Record-Route", "<sip:a@b>"),
        ("Server", "x"),
        ("User-Agent", "x"),
        ("Require", "100rel"),
        ("Session-Expires", "90"),
        ("X A", "x"),
        ("", "x"),
        ("X:", "x"),
        ("X-A", "a\r\nVia: b"),
        ("X-A", "a\nb"),
        ("X-A", "a\0b"),
    ];
    let mut world = World::tcp();
    offered(&mut world);
    for (name, value) in bad {
        let refused = ring(&mut world, Ring { headers: new_header(name, value), ..Ring::default() });
        assert!(matches!(refused, Err(Refusal::InvalidHeader(_))), "{name}: {value}");
    }
    let many = (0..65).map(|number| NewHeader { name: format!("X-{number}"), value: "x".into() }).collect();
    assert!(matches!(
        ring(&mut world, Ring { headers: many, ..Ring::default() }),
        Err(Refusal::InvalidHeader(_))
    ));
    let wide =
        (0..5).map(|number| NewHeader { name: format!("X-{number}"), value: "x".repeat(4096) }).collect();
    let refused = ring(&mut world, Ring { headers: wide, ..Ring::default() });
    assert!(matches!(refused, Err(Refusal::InvalidHeader(_))), "together too long");
    let long = new_header("X-A", &"x".repeat(4097));
    assert!(matches!(
        ring(&mut world, Ring { headers: long, ..Ring::default() }),
        Err(Refusal::InvalidHeader(_))
    ));
    assert!(world.wire().is_empty());
    assert_eq!(world.call().version, 1);
}

#[test]
fn ringing_after_the_answer_is_refused() {
    let mut world = World::tcp();
    super::phone::accepted(&mut world);
    assert!(matches!(ring(&mut world, Ring::default()), Err(Refusal::InvalidState(_))));
    assert!(world.wire().is_empty());
}

#[test]
fn the_policy_ring_rings_before_anybody_is_asked() {
    let mut world = World::with(Settings { on_offer: OnOffer::Ring, ..Settings::default() });
    let phone = Phone::new(&world);
    world.deliver(phone.invite());
    assert_eq!(world.statuses(), ["100 INVITE", "180 INVITE"]);
    assert_eq!(world.told(), [EventKind::Offered, EventKind::Ringing]);
}
