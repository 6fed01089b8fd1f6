//! Offers and answers.

use std::time::{Duration, Instant};

use super::*;
use crate::sip::tests::file;

pub(super) fn local() -> Local<'static> {
    Local {
        media: Some(([192, 0, 2, 9].into(), 21000)),
        fallback: [192, 0, 2, 1].into(),
        codecs: ["PCMA", "PCMU", "telephone-event"].map(str::to_owned).to_vec().into(),
        session_id: 7,
        version: 1,
    }
}

fn reanswer(local: &str, offer: &[u8]) -> Result<String, NoAnswer> {
    let in_use = InUse { local, remote: b"", source: Source::default(), media: None, codecs: &[] };
    super::reanswer(&in_use, offer)
}

fn flow() -> Vec<u8> {
    let invite = file("flows/1-invite.sip");
    let end = invite.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    invite[end + 4..].to_vec()
}

/// An offer of one stream: the media line's formats and the lines behind it.
pub(super) fn offer_of(formats: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    format!(
        "v=0\r\no=x 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n{lines}"
    )
}

pub(super) fn lines<'a>(sdp: &'a str, start: &str) -> Vec<&'a str> {
    sdp.lines().filter(|line| line.starts_with(start)).collect()
}

#[test]
fn the_flows_offer_is_answered_with_its_numbers_in_our_order() {
    let expected = "v=0\r\no=- 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
        m=audio 21000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\na=ptime:20\r\n\
        m=video 0 RTP/AVP 102\r\n";
    assert_eq!(answer(&flow(), &local()).unwrap(), expected);
}

#[test]
fn without_a_media_address_the_answer_is_inactive_on_the_discard_port() {
    let answered = answer(&flow(), &Local { media: None, ..local() }).unwrap();
    assert_eq!(lines(&answered, "c="), ["c=IN IP4 192.0.2.1"]);
    assert_eq!(lines(&answered, "m="), ["m=audio 9 RTP/AVP 8 0 101", "m=video 0 RTP/AVP 102"]);
    assert_eq!(direction(answered.as_bytes()), Some(Direction::Inactive));
}

#[test]
fn codecs_are_matched_by_name_and_clock_and_static_numbers_need_no_rtpmap() {
    let names = ["opus", "g722", "PCMA", "telephone-event"].map(str::to_owned).to_vec().into();
    let local = Local { codecs: names, ..local() };
    let offer = offer_of(
        "8 9 111 96 97 98",
        &[
            "a=rtpmap:111 OPUS/48000/2",
            "a=fmtp:111 useinbandfec=1",
            "a=rtpmap:96 telephone-event/48000",
            "a=rtpmap:97 telephone-event/8000",
            "a=fmtp:97 0-16",
            "a=rtpmap:98 telephone-event/16000",
        ],
    );
    let answered = answer(offer.as_bytes(), &local).unwrap();
    assert_eq!(lines(&answered, "m="), ["m=audio 21000 RTP/AVP 111 9 8 96 97"]);
    assert_eq!(lines(&answered, "a=rtpmap:9 "), ["a=rtpmap:9 G722/8000"]);
    assert_eq!(lines(&answered, "a=fmtp"), ["a=fmtp:97 0-16"]);
    assert_eq!(
        answer(offer_of("8", &["a=rtpmap:8 PCMA/16000"]).as_bytes(), &local),
        Err(NoAnswer::NoCommonCodec)
    );
}

#[test]
fn dtmf_at_another_clock_rate_is_better_than_none() {
    let local = Local { codecs: ["opus", "telephone-event"].map(str::to_owned).to_vec().into(), ..local() };
    let offer = offer_of("96 101", &["a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/8000"]);
    assert_eq!(lines(&answer(offer.as_bytes(), &local).unwrap(), "m="), ["m=audio 21000 RTP/AVP 96 101"]);
}

#[test]
fn dtmf_alone_is_no_codec_in_common() {
    let offer = offer_of("18 101", &["a=rtpmap:101 telephone-event/8000"]);
    assert_eq!(answer(offer.as_bytes(), &local()), Err(NoAnswer::NoCommonCodec));
}

#[test]
fn only_the_first_audio_stream_that_fits_is_taken() {
    let more = "m=audio 4002 RTP/AVP 8\r\nm=audio 4004 RTP/SAVP 8\r\nm=image 4006 udptl t38\r\nm=audio 0 RTP/AVP 8\r\n";
    let answered = answer((offer_of("18", &[]) + more).as_bytes(), &local()).unwrap();
    let expected = [
        "m=audio 0 RTP/AVP 18",
        "m=audio 21000 RTP/AVP 8",
        "m=audio 0 RTP/SAVP 8",
        "m=image 0 udptl t38",
        "m=audio 0 RTP/AVP 8",
    ];
    assert_eq!(lines(&answered, "m="), expected);
    let disabled = offer_of("8", &[]).replace("4000", "0");
    assert_eq!(answer(disabled.as_bytes(), &local()), Err(NoAnswer::NoCommonCodec));
}

#[test]
fn directions_are_mirrored_and_the_address_of_nowhere_is_hold() {
    for (offered, answered) in [
        ("a=sendrecv", Direction::SendRecv),
        ("a=sendonly", Direction::RecvOnly),
        ("a=recvonly", Direction::SendOnly),
        ("a=inactive", Direction::Inactive),
        ("c=IN IP4 0.0.0.0", Direction::RecvOnly),
    ] {
        let answer = answer(offer_of("8", &[offered]).as_bytes(), &local()).unwrap();
        assert_eq!(direction(answer.as_bytes()), Some(answered), "{offered}");
    }
    let session_wide = offer_of("8", &[]).replace("t=0 0", "t=0 0\r\na=sendonly");
    assert_eq!(
        direction(answer(session_wide.as_bytes(), &local()).unwrap().as_bytes()),
        Some(Direction::RecvOnly)
    );
}

#[test]
fn the_direction_of_a_description_is_that_of_its_active_streams() {
    let of = |lines: &[&str]| direction(offer_of("8", lines).as_bytes());
    assert_eq!(of(&[]), Some(Direction::SendRecv));
    assert_eq!(of(&["a=sendonly"]), Some(Direction::SendOnly));
    assert_eq!(of(&["c=IN IP4 0.0.0.0"]), Some(Direction::SendOnly));
    assert_eq!(of(&["a=recvonly", "c=IN IP4 0.0.0.0"]), Some(Direction::Inactive));
    assert_eq!(of(&["a=inactive", "m=video 0 RTP/AVP 102"]), Some(Direction::Inactive));
    assert_eq!(of(&["a=inactive", "m=video 6000 RTP/AVP 102", "a=sendonly"]), Some(Direction::SendOnly));
    assert_eq!(direction(offer_of("8", &[]).replace("4000", "0").as_bytes()), None);
    assert_eq!(direction(b"hello"), None);
}

#[test]
fn a_stream_that_the_other_side_has_refused_has_no_direction() {
    let two = offer_of("8", &["a=sendonly", "m=video 6000 RTP/AVP 102"]);
    let between = |other: &str| direction_between(two.as_bytes(), Some(other));
    let refused = answer(two.as_bytes(), &local()).unwrap();
    assert!(refused.contains("m=video 0"));
    assert_eq!(between(&refused), Some(Direction::SendOnly));
    for other in [&refused.replace("m=video 0", "m=video 7000"), &offer_of("8", &[]), "hello"] {
        assert_eq!(between(other), Some(Direction::SendRecv), "{other}");
    }
    assert_eq!(between(&refused.replace("m=audio 21000", "m=audio 0")), None);
}

#[test]
fn what_holds_has_a_word_for_it() {
    let held = ["a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0"];
    assert!(held.iter().all(|line| super::may_hold(offer_of("8", &[line]).as_bytes())));
    let others = ["a=sendrecv", "a=recvonly", "c=IN IP4 192.0.2.1"];
    assert!(!others.iter().any(|line| super::may_hold(offer_of("8", &[line]).as_bytes())));
}

#[test]
fn an_answer_has_the_times_of_the_offer() {
    let offer = offer_of("8", &[]).replace("t=0 0", "t=3149328700 0");
    assert_eq!(lines(&answer(offer.as_bytes(), &local()).unwrap(), "t="), ["t=3149328700 0"]);
    let offer = offer_of("8", &[]).replace("t=0 0", "t=3149328700 0\r\nr=7d 1h 0 25h\r\nt=1 2");
    let answered = answer(offer.as_bytes(), &local()).unwrap();
    assert!(answered.contains("\r\nt=3149328700 0\r\nr=7d 1h 0 25h\r\nt=1 2\r\nm="));
    assert_eq!(reanswer(&answered, offer.as_bytes()).unwrap(), answered);
    let repeated = offer_of("8", &[]).replace("t=0 0", "r=7d 1h 0");
    assert_eq!(answer(repeated.as_bytes(), &local()), Err(NoAnswer::Malformed));
}

#[test]
fn an_ipv6_address_is_written_as_one() {
    let local = Local {
        media: Some(("2001:db8::9".parse().unwrap(), 4000)),
        fallback: "2001:db8::1".parse().unwrap(),
        ..local()
    };
    let answered = answer(&flow(), &local).unwrap();
    assert_eq!(lines(&answered, "o="), ["o=- 7 1 IN IP6 2001:db8::1"]);
    assert_eq!(lines(&answered, "c="), ["c=IN IP6 2001:db8::9"]);
}

#[test]
fn an_offer_has_one_audio_stream_with_every_codec() {
    let codecs =
        ["opus", "PCMA", "no\r\ntoken", "speex", "telephone-event"].map(str::to_owned).to_vec().into();
    let offered = offer(&Local { codecs, ..local() });
    assert_eq!(lines(&offered, "m="), ["m=audio 21000 RTP/AVP 96 8 97 101"]);
    assert_eq!(lines(&offered, "a=rtpmap:96"), ["a=rtpmap:96 opus/48000/2"]);
    assert_eq!(lines(&offered, "a=rtpmap:97"), ["a=rtpmap:97 speex/8000"]);
    let wide = offer(&Local { codecs: vec!["amr-wb".to_owned()].into(), ..local() });
    assert_eq!(lines(&wide, "a=rtpmap"), ["a=rtpmap:96 AMR-WB/16000"]);
    assert_eq!(check(&offered, None), Ok(()));
    assert_eq!(direction(offer(&Local { media: None, ..local() }).as_bytes()), Some(Direction::Inactive));
}

#[test]
fn what_is_no_description_is_malformed() {
    for offer in [&b""[..], b"hello", b"v=1\r\n", b"v=0\r\nm=audio\r\n", b"v=0\r\ns=\0\r\n"] {
        assert_eq!(answer(offer, &local()), Err(NoAnswer::Malformed));
    }
    let many = offer_of("8", &[]) + &"m=audio 1 RTP/AVP 8\r\n".repeat(64);
    assert_eq!(answer(many.as_bytes(), &local()), Err(NoAnswer::Malformed));
}

#[test]
fn a_description_has_at_most_2048_lines() {
    let with = |more: usize| offer_of("8", &vec!["a=x"; more]);
    assert!(answer(with(2042).as_bytes(), &local()).is_ok());
    assert_eq!(answer(with(2043).as_bytes(), &local()), Err(NoAnswer::Malformed));
    assert_eq!(check(&with(2043), None), Err("too many lines"));
}

#[test]
fn a_payload_number_counts_once_however_often_it_is_listed() {
    let maps: Vec<String> = (0..2000).map(|number| format!("a=rtpmap:{} PCMA/8000", number % 256)).collect();
    let maps: Vec<&str> = maps.iter().map(String::as_str).collect();
    let offer = offer_of(&"96 97 255 256 ".repeat(100_000), &maps);
    let begun = Instant::now();
    let answered = answer(offer.as_bytes(), &local()).unwrap();
    assert_eq!(lines(&answered, "m="), ["m=audio 21000 RTP/AVP 96"]);
    assert_eq!(reanswer(&answered, offer.as_bytes()).unwrap(), answered);
    assert_eq!(check(&answered, Some(offer.as_bytes())), Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(10), "work that grows with the square of the offer");
}

#[test]
fn comfort_noise_alone_is_no_codec_in_common() {
    let local = Local { codecs: ["CN", "PCMA"].map(str::to_owned).to_vec().into(), ..local() };
    assert_eq!(answer(offer_of("13 18", &[]).as_bytes(), &local), Err(NoAnswer::NoCommonCodec));
    let answered = answer(offer_of("8 13", &[]).as_bytes(), &local).unwrap();
    assert_eq!(lines(&answered, "m="), ["m=audio 21000 RTP/AVP 13 8"]);
}

#[test]
fn a_session_name_in_gb18030_does_not_spoil_the_offer() {
    let offer = offer_of("8", &[]).into_bytes();
    let at = offer.windows(3).position(|window| window == b"s=-").unwrap();
    let offer = [&offer[..at], b"s=\xd5\xc5\xc8\xfd", &offer[at + 3..]].concat();
    assert!(answer(&offer, &local()).is_ok());
}

#[test]
fn a_clients_answer_must_fit_the_offer() {
    let good = answer(&flow(), &local()).unwrap();
    assert_eq!(check(&good, Some(&flow())), Ok(()));
    for (from, to) in [
        ("m=video 0 RTP/AVP 102\r\n", ""),
        ("m=video", "m=audio"),
        ("m=video 0 RTP/AVP", "m=video 0 RTP/SAVP"),
        ("v=0", "v=1"),
        ("o=", "x="),
        ("s=-\r\n", ""),
        ("t=0 0\r\n", ""),
        ("c=", "x="),
        ("c=IN IP4 ", "c=IN "),
        ("t=0 0", "t=0 now"),
        ("t=0 0", "t=0 0\r\nr=7d"),
        ("t=0 0", "t=0 0\r\nr=7d 1x"),
        ("s=-", "s=-\r\ns=-"),
        ("s=-", "s=-\r\ni=a\r\ni=b"),
        ("t=0 0", "b=AS:x\r\nt=0 0"),
        ("a=sendrecv", "b=AS\r\na=sendrecv"),
        ("o=- 7 1 ", "o=- 7 x "),
        ("o=- 7 1 ", "o=- 7 "),
        ("a=sendrecv", "sendrecv"),
        ("a=sendrecv", "a=send\rrecv"),
        ("m=audio 21000 ", "m=audio 70000 "),
        ("m=audio 21000 ", "m=audio 21000/x "),
    ] {
        assert!(good.contains(from) && check(&good.replace(from, to), Some(&flow())).is_err(), "{from}");
    }
    let disabled = offer_of("8", &[]).replace("4000", "0");
    assert!(check(&offer_of("8", &[]), Some(disabled.as_bytes())).is_err());
}

#[test]
fn many_streams_do_not_make_long_lines_long_work() {
    // The fastest of some rounds: what else the machine does is not counted.
    let time = |streams: usize| {
        let (long, streams) = ("x".repeat(250_000), "m=audio 4000 RTP/AVP 8\r\n".repeat(streams));
        let sdp = format!("v=0\r\na={long}\r\nb=AS:1\r\n{streams}");
        let round = |_| {
            let begun = Instant::now();
            assert_eq!(direction(sdp.as_bytes()), Some(Direction::SendRecv));
            begun.elapsed()
        };
        (0..20).map(round).min().unwrap()
    };
    let (one, many) = (time(1), time(64));
    assert!(many < one * 10, "work that grows with streams times bytes: {one:?} for one, {many:?} for 64");
}
