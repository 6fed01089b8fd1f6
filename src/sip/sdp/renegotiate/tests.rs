//! Hold, resume and other changes in an established session.

use super::super::*;

/// A description as a client may have given it.
const OURS: &str = "v=0\r\no=app 5 41 IN IP4 192.0.2.9\r\ns=app\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=tool:x\r\n\
    m=audio 7000 RTP/AVP 96 8 101\r\na=ptime:30\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 usedtx=1\r\n\
    a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\nm=video 0 RTP/AVP 31\r\n";

/// A description that a client has given.
fn by_client(local: &str, source: Source) -> InUse<'_> {
    InUse { local, remote: b"", source, media: None, codecs: &[] }
}

fn reanswer(local: &str, offer: &[u8]) -> Result<String, NoAnswer> {
    super::super::reanswer(&by_client(local, Source::default()), offer)
}

fn reoffer(local: &str) -> String {
    super::super::reoffer(&by_client(local, Source::default()))
}

fn theirs(audio: &str, lines: &str) -> String {
    format!(
        "v=0\r\no=x 1 2 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio {audio}\r\n\
         a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n{lines}m=video 0 RTP/AVP 31\r\n"
    )
}

fn reanswered(audio: &str, lines: &str) -> String {
    reanswer(OURS, theirs(audio, lines).as_bytes()).unwrap()
}

#[test]
fn an_offer_that_changes_nothing_gets_the_same_answer() {
    assert_eq!(reanswered("4000 RTP/AVP 96 8 101", ""), OURS);
    assert_eq!(reanswered("4444 RTP/AVP 8 0 96 101", ""), OURS);
}

#[test]
fn hold_and_resume_change_the_direction_and_raise_the_version() {
    let held = reanswered("4000 RTP/AVP 96 8 101", "a=sendonly\r\n");
    assert_eq!(direction(held.as_bytes()), Some(Direction::RecvOnly));
    assert_eq!(held, OURS.replace(" 41 ", " 42 ").replace("0-15\r\n", "0-15\r\na=recvonly\r\n"));
    let resumed = reanswer(&held, theirs("4000 RTP/AVP 96 8 101", "").as_bytes()).unwrap();
    assert_eq!(resumed, held.replace(" 42 ", " 43 ").replace("recvonly", "sendrecv"));
}

#[test]
fn codecs_that_are_no_more_offered_go_and_numbers_follow_the_offer() {
    let answered = reanswered("4000 RTP/AVP 97", "a=rtpmap:97 opus/48000/2\r\n");
    assert!(answered.contains(
        "m=audio 7000 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=fmtp:97 usedtx=1\r\na=ptime:30\r\n"
    ));
    assert!(answered.contains(" 42 ") && !answered.contains("PCMA"));
}

#[test]
fn further_streams_are_refused() {
    let offer = theirs("4000 RTP/AVP 96 8 101", "").replace("m=video 0", "m=video 5000")
        + "m=audio 6000 RTP/AVP 8\r\n";
    let answered = reanswer(OURS, offer.as_bytes()).unwrap();
    assert_eq!(answered, OURS.replace(" 41 ", " 42 ") + "m=audio 0 RTP/AVP 8\r\n");
}

#[test]
fn without_a_codec_in_common_there_is_no_answer() {
    let offer = theirs("4000 RTP/AVP 18", "");
    assert_eq!(reanswer(OURS, offer.as_bytes()), Err(NoAnswer::NoCommonCodec));
    assert_eq!(reanswer(OURS, b"hello"), Err(NoAnswer::Malformed));
    assert_eq!(reanswer("hello", offer.as_bytes()), Err(NoAnswer::Malformed));
}

#[test]
fn static_numbers_need_no_rtpmap_on_either_side() {
    for (ours, offered, lines) in [
        ("18", "18", ""),
        ("18", "18", "a=rtpmap:18 G729/8000\r\n"),
        ("2", "0 2", ""),
        ("10 11", "11 10", ""),
    ] {
        let ours = OURS.replace("96 8 101", ours);
        let offer = theirs(&format!("4000 RTP/AVP {offered}"), lines);
        assert_eq!(reanswer(&ours, offer.as_bytes()).unwrap(), ours, "{offered}");
    }
    let offer = theirs("4000 RTP/AVP 5", "");
    let other = reanswer(&OURS.replace("96 8 101", "2"), offer.as_bytes());
    assert_eq!(other, Err(NoAnswer::NoCommonCodec));
}

#[test]
fn two_formats_of_one_codec_do_not_get_the_same_number() {
    let ours = OURS.replace("96 8 101", "96 97").replace("a=ptime:30", "a=rtpmap:97 opus/48000/2");
    assert_eq!(
        reanswer(&ours, theirs("4000 RTP/AVP 97 96", "a=rtpmap:97 opus/48000/2\r\n").as_bytes()),
        Ok(ours)
    );
}

#[test]
fn a_number_without_a_name_gets_no_rtpmap() {
    let answered = reanswer(&OURS.replace("96 8 101", "2 18"), theirs("4000 RTP/AVP 2", "").as_bytes());
    let answered = answered.unwrap();
    assert!(answered.contains("RTP/AVP 2\r\na=ptime:30\r\n") && !answered.contains("rtpmap"), "{answered}");
}

#[test]
fn a_peer_may_switch_its_only_stream_off() {
    let answered = reanswered("0 RTP/AVP 96 8 101", "");
    assert!(answered.contains("m=audio 0 RTP/AVP 96 8 101\r\n"));
}

#[test]
fn without_a_media_address_the_stream_stays_inactive() {
    let ours = OURS.replace("7000", "9").replace("a=ptime:30", "a=inactive");
    assert_eq!(reanswer(&ours, theirs("4000 RTP/AVP 96 8 101", "").as_bytes()).unwrap(), ours);
    assert_eq!(reoffer(&ours), ours);
}

#[test]
fn an_asked_for_offer_is_the_description_in_use_ready_to_send() {
    assert_eq!(reoffer(OURS), OURS);
    let held = OURS.replace("a=ptime:30", "a=recvonly");
    assert_eq!(direction(reoffer(&held).as_bytes()), Some(Direction::SendRecv));
    assert!(reoffer(&held).contains(" 42 "));
    let holding = OURS.replace("a=ptime:30", "a=sendonly");
    assert_eq!(reoffer(&holding), holding);
}

/// A session in which a client has answered `a=sendrecv` in this direction.
fn kept_back(direction: &str) -> (String, Source) {
    let ours = OURS.replace("a=ptime:30", &format!("a={direction}"));
    let source = Source::given(&ours, Some(theirs("4000 RTP/AVP 96 8 101", "").as_bytes()));
    (ours, source)
}

#[test]
fn what_a_client_keeps_back_stays_kept_back_through_refresh_hold_and_resume() {
    let whole = [Direction::SendRecv, Direction::SendOnly, Direction::RecvOnly, Direction::Inactive];
    for given in whole {
        let (mut local, source) = kept_back(given.as_str());
        for offered in ["sendrecv", "sendonly", "inactive", "sendrecv", "inactive", "recvonly", "sendrecv"] {
            let offer = theirs("4000 RTP/AVP 96 8 101", &format!("a={offered}\r\n"));
            local = super::super::reanswer(&by_client(&local, source), offer.as_bytes()).unwrap();
            let mirrored = Direction::from_name(offered).unwrap().mirrored();
            let kept =
                Direction::of(given.sends() && mirrored.sends(), given.receives() && mirrored.receives());
            assert_eq!(direction(local.as_bytes()), Some(kept), "{given:?}, offered {offered}");
        }
        let held = local.replace(&format!("a={}\r\n", given.as_str()), "a=inactive\r\n");
        let offered = super::super::reoffer(&by_client(&held, source));
        assert_eq!(direction(offered.as_bytes()), Some(given), "asked for an offer");
    }
}

#[test]
fn a_client_that_answers_hold_with_hold_keeps_nothing_back() {
    let hold = theirs("4000 RTP/AVP 96 8 101", "a=inactive\r\n");
    let local = &OURS.replace("a=ptime:30", "a=inactive");
    let in_use = by_client(local, Source::given(local, Some(hold.as_bytes())));
    let resumed = super::super::reanswer(&in_use, theirs("4000 RTP/AVP 96 8 101", "").as_bytes()).unwrap();
    assert_eq!(direction(resumed.as_bytes()), Some(Direction::SendRecv));
    assert_eq!(direction(super::super::reoffer(&in_use).as_bytes()), Some(Direction::SendRecv));
}

#[test]
fn an_offer_of_a_client_keeps_back_what_it_does_not_offer() {
    let local = &OURS.replace("a=ptime:30", "a=sendonly");
    let in_use = by_client(local, Source::given(local, None));
    let again = super::super::reanswer(&in_use, theirs("4000 RTP/AVP 96 8 101", "").as_bytes());
    assert_eq!(again.as_deref(), Ok(&**local));
}

#[test]
fn new_keys_are_not_answered_with_what_a_client_gave_for_the_old_ones() {
    for (ours, before, after) in [
        ("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:o", "a=crypto:1 A inline:k", "a=crypto:2 A inline:k"),
        ("a=ice-ufrag:o", "a=ice-ufrag:u\r\na=ice-pwd:p", "a=ice-ufrag:v\r\na=ice-pwd:p"),
        ("a=ice-ufrag:o", "a=ice-ufrag:u\r\na=ice-pwd:p", "a=ice-ufrag:u\r\na=ice-pwd:q"),
        ("a=fingerprint:sha-256 0", "a=fingerprint:sha-256 A", "a=fingerprint:sha-256 B"),
        ("a=setup:passive", "a=setup:actpass", "a=setup:passive"),
    ] {
        let with = |lines: &str| theirs("4000 RTP/AVP 96 8 101", &format!("{lines}\r\n"));
        let of_session =
            |lines: &str| theirs("4000 RTP/AVP 96 8 101", "").replace("t=0 0", &format!("t=0 0\r\n{lines}"));
        let renegotiated = |ours: &str, before: &str, offer: &str| {
            let local = &OURS.replace("a=ptime:30", ours);
            let in_use = InUse { remote: before.as_bytes(), ..by_client(local, Source::default()) };
            super::super::reanswer(&in_use, offer.as_bytes()).map(|answer| answer == *local)
        };
        assert_eq!(renegotiated(ours, &with(before), &with(before)), Ok(true), "a refresh with {before}");
        assert_eq!(
            renegotiated(ours, &of_session(before), &with(before)),
            Ok(true),
            "the same on the stream"
        );
        assert_eq!(renegotiated(ours, &with(before), &with(after)), Err(NoAnswer::NewKeys), "{after}");
        assert_eq!(renegotiated(ours, &with(before), &of_session(after)), Err(NoAnswer::NewKeys), "{after}");
        assert_eq!(renegotiated("a=ptime:30", &with(before), &with(after)), Ok(true), "nothing of ours");
        let off = with(after).replace("m=audio 4000", "m=audio 0");
        assert_eq!(renegotiated(ours, &with(before), &off), Ok(false), "a stream that is switched off");
    }
}

#[test]
fn a_role_that_goes_with_ours_is_no_new_key() {
    let offer = |role: &str| {
        theirs("4000 RTP/AVP 96 8 101", &format!("a=fingerprint:sha-256 A\r\na=setup:{role}\r\n"))
    };
    let local = &OURS.replace("a=ptime:30", "a=fingerprint:sha-256 0\r\na=setup:active");
    let first = offer("actpass");
    let in_use = InUse { remote: first.as_bytes(), ..by_client(local, Source::default()) };
    assert_eq!(super::super::reanswer(&in_use, offer("passive").as_bytes()).unwrap(), *local);
}

#[test]
fn of_several_keys_the_one_that_ours_has_answered_counts() {
    let offer = |lines: &str| theirs("4000 RTP/AVP 96 8 101", &format!("{lines}\r\n"));
    let (first, second) = ("a=crypto:1 A inline:k", "a=crypto:2 B inline:l");
    let local = &OURS.replace("a=ptime:30", "a=crypto:1 A inline:o");
    let both = offer(&format!("{first}\r\n{second}"));
    let in_use = InUse { remote: both.as_bytes(), ..by_client(local, Source::default()) };
    let again = |lines: &str| super::super::reanswer(&in_use, offer(lines).as_bytes());
    assert_eq!(again(first).as_ref(), Ok(local), "the other one is left out");
    assert_eq!(again(&format!("{second}\r\n{first}")).as_ref(), Ok(local), "in another order");
    assert_eq!(again(second), Err(NoAnswer::NewKeys), "it is gone");
    assert_eq!(again("a=crypto:1 A inline:m"), Err(NoAnswer::NewKeys));
}
