//! INFO from the peer (RFC 6086 and what was before it).

use super::harness::{World, header};
use super::phone::{accepted, established, ringing};
use crate::agent::event::{Detail, EventKind, Info};

/// What an INFO in an established call is told as, and its response's status.
fn info(headers: &str, body: &str) -> (u16, Vec<EventKind>, Option<Detail>) {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("INFO", headers, body));
    let status = world.response().status;
    (status, world.told(), world.events.last().and_then(|event| event.detail.clone()))
}

/// The digits and the duration that a body of this type brings.
fn dtmf(content_type: &str, body: &str) -> (String, Option<u32>) {
    let (status, told, detail) = info(&format!("Content-Type: {content_type}\r\n"), body);
    assert_eq!((status, told), (200, vec![EventKind::Dtmf]), "{body:?}");
    let Some(Detail::Dtmf(dtmf)) = detail else { panic!("no digits: {detail:?}") };
    assert_eq!(dtmf.via, "info");
    (dtmf.digits, dtmf.duration_ms)
}

/// What a body that is not digits is shown as.
fn other(headers: &str, body: &str) -> Info {
    let (status, told, detail) = info(headers, body);
    assert_eq!((status, told), (200, vec![EventKind::Info]), "{body:?}");
    let Some(Detail::Info(info)) = detail else { panic!("no info: {detail:?}") };
    info
}

#[test]
fn what_is_kept_of_an_info_does_not_hold_its_whole_head() {
    let told = other(&format!("X-Padding: {}\r\nContent-Type: a/b\r\n", "x".repeat(20_000)), "");
    let kept = told.content_type.expect("a type").into_bytes().try_into_mut().expect("nobody else's");
    assert_eq!((&*kept, kept.capacity()), (&b"a/b"[..], 3));
}

#[test]
fn dtmf_relay_brings_a_digit_and_its_duration() {
    assert_eq!(dtmf("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"), ("5".into(), Some(160)));
    assert_eq!(dtmf("application/dtmf-relay", "signal = *\nduration = 80"), ("*".into(), Some(80)));
    assert_eq!(dtmf("Application/DTMF-Relay;x=y", "Signal=a"), ("A".into(), None));
}

#[test]
fn a_signal_may_be_an_event_number_but_is_one_key() {
    for (signal, digits) in [("10", "*"), ("11", "#"), ("12", "A"), ("15", "D"), ("9", "9"), ("#", "#")] {
        assert_eq!(dtmf("application/dtmf-relay", &format!("Signal={signal}\r\n")).0, digits);
    }
    other("Content-Type: application/dtmf-relay\r\n", "Signal=16\r\n");
}

#[test]
fn a_plain_dtmf_body_brings_its_digit() {
    assert_eq!(dtmf("application/dtmf", "#"), ("#".into(), None));
    assert_eq!(dtmf("application/dtmf", " 9\r\n"), ("9".into(), None));
}

#[test]
fn what_is_not_a_digit_is_shown_as_it_is() {
    for body in ["Signal=!\r\nDuration=250\r\n", "Duration=1", "", "Signal="] {
        let info = other("Content-Type: application/dtmf-relay\r\n", body);
        assert_eq!((info.content_type.as_deref(), &*info.body), (Some("application/dtmf-relay"), body));
    }
}

#[test]
fn any_other_body_is_shown_as_it_is() {
    let info = other("Content-Type: application/json; charset=utf-8\r\n", "{\"a\": \"é\"}");
    assert_eq!(info.content_type.as_deref(), Some("application/json; charset=utf-8"));
    assert_eq!(&*info.body, "{\"a\": \"é\"}");
    let nothing = other("", "");
    assert_eq!((nothing.content_type.as_deref(), &*nothing.body), (None, ""));
}

#[test]
fn a_body_of_more_than_16_kib_gets_413_and_is_not_told() {
    let (status, told, _) = info("Content-Type: text/plain\r\n", &"x".repeat(16 * 1024 + 1));
    assert_eq!((status, told), (413, Vec::new()));
    let most = other("Content-Type: text/plain\r\n", &"x".repeat(16 * 1024));
    assert_eq!(most.body.len(), 16 * 1024);
}

#[test]
fn an_info_package_that_nobody_asked_for_gets_469_with_recv_info() {
    let mut world = World::tcp();
    let mut phone = established(&mut world);
    world.deliver(phone.next("INFO", "Info-Package: foo\r\nContent-Type: text/plain\r\n", "x"));
    let refused = world.response();
    assert_eq!(refused.status, 469);
    assert_eq!(header(&refused.headers, "Recv-Info").as_deref(), Some(""));
    assert!(world.told().is_empty());
}

#[test]
fn an_info_is_told_before_the_ack_and_before_the_answer_too() {
    for make in [ringing, accepted] {
        let mut world = World::tcp();
        let mut phone = make(&mut world);
        world.deliver(phone.next("INFO", "Content-Type: application/dtmf\r\n", "1"));
        assert_eq!(world.statuses(), ["200 INFO"]);
        assert_eq!(world.told().last(), Some(&EventKind::Dtmf));
    }
}

#[test]
fn an_info_that_comes_again_over_udp_is_told_once() {
    let mut world = World::udp();
    let mut phone = established(&mut world);
    let info = phone.next("INFO", "Content-Type: application/dtmf\r\n", "1");
    world.deliver(&info);
    world.deliver(&info);
    assert_eq!(world.statuses(), ["200 INFO", "200 INFO"]);
    assert_eq!(world.told(), [EventKind::Dtmf]);
}

#[test]
fn a_body_of_several_parts_is_shown_whole() {
    let body = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n\r\nx\r\n--b--\r\n";
    let info = other("Content-Type: multipart/mixed;boundary=b\r\n", body);
    assert_eq!((info.content_type.as_deref(), &*info.body), (Some("multipart/mixed;boundary=b"), body));
}
