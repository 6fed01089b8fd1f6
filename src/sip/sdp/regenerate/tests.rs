//! Changes of a session whose description the agent has generated.

use super::super::tests::{lines, local, offer_of};
use super::super::{Direction, InUse, NoAnswer, Source, answer, direction, offer, reanswer, reoffer};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A session of these codecs in which `remote` came last.
fn in_use<'a>(text: &'a str, remote: &'a str, codecs: &'a [String]) -> InUse<'a> {
    let media = local().media;
    InUse { local: text, remote: remote.as_bytes(), source: Source::Generated, media, codecs }
}

#[test]
fn what_changes_nothing_is_not_written_anew() {
    let codecs = names(&["PCMA", "PCMU", "telephone-event"]);
    let offered =
        offer_of("101 0 8", &["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=ptime:20"]);
    let answered = answer(offered.as_bytes(), &local()).unwrap();
    let again = in_use(&answered, &offered, &codecs);
    assert_eq!(reanswer(&again, offered.as_bytes()).unwrap(), answered);
    assert_eq!(reoffer(&again), answered, "all that the settings have");
    let ours = offer(&local());
    let theirs = offer_of("8 0 101", &["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15"]);
    assert_eq!(reanswer(&in_use(&ours, &theirs, &codecs), theirs.as_bytes()).unwrap(), ours);
}

#[test]
fn numbers_keep_their_codecs_in_an_offer_that_was_asked_for() {
    let codecs = names(&["opus", "speex", "iLBC", "PCMU", "telephone-event"]);
    let offered = offer_of(
        "101 0 96 99",
        &["a=rtpmap:101 opus/48000/2", "a=rtpmap:96 AMR/8000", "a=rtpmap:99 telephone-event/8000"],
    );
    let local = super::Local { codecs: codecs[..].into(), ..local() };
    let answered = answer(offered.as_bytes(), &local).unwrap();
    let asked = reoffer(&in_use(&answered, &offered, &codecs));
    assert_eq!(lines(&asked, "m="), ["m=audio 21000 RTP/AVP 101 97 98 0 99"]);
    assert_eq!(lines(&asked, "a=rtpmap:97"), ["a=rtpmap:97 speex/8000"]);
    assert_eq!(lines(&asked, "a=fmtp"), ["a=fmtp:99 0-15"]);
}

#[test]
fn streams_keep_their_places_and_the_one_in_use_is_taken_again() {
    let codecs = names(&["PCMA", "PCMU"]);
    let second = |first: &str| offer_of(first, &[]) + "m=audio 4002 RTP/AVP 0\r\nm=image 4004 udptl t38\r\n";
    let answered = answer(second("18").as_bytes(), &local()).unwrap();
    let again = in_use(&answered, "", &codecs);
    let answered = reanswer(&again, second("8").as_bytes()).unwrap();
    let expected = ["m=audio 0 RTP/AVP 8", "m=audio 21000 RTP/AVP 0", "m=image 0 udptl t38"];
    assert_eq!(lines(&answered, "m="), expected);
    let asked = reoffer(&again);
    assert_eq!(
        lines(&asked, "m="),
        ["m=audio 0 RTP/AVP 18", "m=audio 21000 RTP/AVP 8 0", "m=image 0 udptl t38"]
    );
    let off = second("8").replace("4002", "0").replace("4000", "0").replace("4004", "0");
    let off = reanswer(&again, off.as_bytes()).unwrap();
    assert_eq!(direction(off.as_bytes()), None);
    let used_again = reoffer(&in_use(&off, "", &codecs));
    let expected = ["m=audio 21000 RTP/AVP 8 0", "m=audio 0 RTP/AVP 0", "m=image 0 udptl t38"];
    assert_eq!(lines(&used_again, "m="), expected);
    let image = off.replace("m=audio 0 RTP/AVP", "m=image 0 udptl");
    assert_eq!(lines(&reoffer(&in_use(&image, "", &codecs)), "m=audio"), ["m=audio 21000 RTP/AVP 8 0"]);
}

#[test]
fn the_settings_of_today_are_answered_with_under_the_origin_of_then() {
    let codecs = names(&["PCMU"]);
    let offered = offer_of("8 0", &["a=sendonly"]);
    let answered = answer(offered.as_bytes(), &super::Local { media: None, ..local() }).unwrap();
    let again = in_use(&answered, &offered, &codecs);
    let now = reanswer(&again, offered.as_bytes()).unwrap();
    assert_eq!(lines(&now, "o="), ["o=- 7 2 IN IP4 192.0.2.1"]);
    assert_eq!(
        (lines(&now, "c="), lines(&now, "m=")),
        (vec!["c=IN IP4 192.0.2.9"], vec!["m=audio 21000 RTP/AVP 0"])
    );
    assert_eq!(direction(now.as_bytes()), Some(Direction::RecvOnly));
    let without = InUse { media: None, ..again };
    assert_eq!(direction(reoffer(&without).as_bytes()), Some(Direction::Inactive));
    assert_eq!(reanswer(&again, offer_of("8", &[]).as_bytes()), Err(NoAnswer::NoCommonCodec));
}

#[test]
fn parameters_stay_in_an_offer_that_was_asked_for() {
    let codecs = names(&["AMR", "opus", "PCMU"]);
    let offered = offer_of(
        "96 97",
        &[
            "a=rtpmap:96 AMR/8000",
            "a=fmtp:96 octet-align=1",
            "a=rtpmap:97 opus/48000/2",
            "a=fmtp:97 useinbandfec=1",
        ],
    );
    let answered =
        answer(offered.as_bytes(), &super::Local { codecs: codecs[..].into(), ..local() }).unwrap();
    let asked = reoffer(&in_use(&answered, &offered, &codecs));
    assert_eq!(lines(&asked, "a=fmtp"), ["a=fmtp:96 octet-align=1"]);
    assert_eq!(lines(&asked, "m="), ["m=audio 21000 RTP/AVP 96 97 0"]);
}
