//! Which URIs are the same (§19.1.4).

use std::time::{Duration, Instant};

use crate::sip::Uri;

fn are_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|text| Uri::parse(text.into()).unwrap());
    let same = one.is_same(&other);
    assert_eq!(same, other.is_same(&one), "{one:?} {other:?}");
    assert!(one.is_same(&one) && other.is_same(&other));
    same
}

#[test]
fn headers_are_taken_off_a_uri() {
    for (with, without) in [
        ("sip:a@b;x?Y=z&c=?", "sip:a@b;x"),
        ("sips:a?b@c:5061?d=", "sips:a?b@c:5061"),
        ("sip:a?b@c", "sip:a?b@c"),
        ("tel:1?x=y", "tel:1?x=y"),
    ] {
        let uri = Uri::parse(with.into()).unwrap().without_headers();
        assert_eq!((uri.as_str(), uri.has_headers()), (without, false));
    }
}

#[test]
fn the_equivalent_uris_of_the_rfc_are_the_same() {
    for (one, other) in [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ] {
        assert!(are_same(one, other), "{one} {other}");
    }
}

#[test]
fn the_different_uris_of_the_rfc_are_not_the_same() {
    for (one, other) in [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ] {
        assert!(!are_same(one, other), "{one} {other}");
    }
}

#[test]
fn a_parameter_that_changes_where_a_request_goes_must_be_in_both() {
    for param in ["transport=udp", "user=ip", "ttl=1", "method=INVITE", "maddr=192.0.2.1"] {
        assert!(!are_same("sip:a@b", &format!("sip:a@b;{param}")), "{param}");
        assert!(are_same(&format!("sip:a@b;x;{param}"), &format!("sip:a@b;{}", param.to_uppercase())));
    }
    assert!(are_same("sip:a@b;lr", "sip:a@b;ob") && !are_same("sip:a@b;ob", "sip:a@b;ob=1"));
}

#[test]
fn scheme_user_and_password_must_be_the_same() {
    for other in ["sips:a@b", "sip:b", "sip:A@b", "sip:a:p@b", "sip:a@b.", "tel:1"] {
        assert!(!are_same("sip:a@b", other), "{other}");
    }
    assert!(!are_same("sip:a:p@b", "sip:a:P@b") && are_same("SIPS:a:%70@b", "sips:a:p@B"));
    assert!(are_same("tel:1", "tel:1") && !are_same("tel:1", "tel:+1"));
}

#[test]
fn addresses_are_compared_as_addresses() {
    assert!(are_same("sip:a@[2001:DB8:0::1]:5060", "sip:a@[2001:db8::1]:5060"));
    assert!(!are_same("sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]"));
    assert!(!are_same("sip:a@192.0.2.1:5060", "sip:a@192.0.2.1:5061"));
}

#[test]
fn an_escaped_reserved_character_is_not_the_character() {
    assert!(!are_same("sip:a%3Bb@c", "sip:a;b@c") && are_same("sip:a%3Bb@c", "sip:a%3bb@c"));
    assert!(!are_same("sip:%2541@c", "sip:A@c") && !are_same("sip:%2541@c", "sip:%41@c"));
    assert!(!are_same("sip:a%253Bb@c", "sip:a%3Bb@c") && are_same("sip:%C3%A9@c", "sip:é@c"));
}

#[test]
fn headers_are_compared_with_their_number() {
    assert!(are_same("sip:a@b?x=1&Y=%41", "sip:a@b?y=a&X=1"));
    assert!(!are_same("sip:a@b?x=1", "sip:a@b?x=1&x=1") && !are_same("sip:a@b?x=1", "sip:a@b?x=2"));
}

#[test]
fn the_time_to_compare_hardly_grows_faster_than_the_length() {
    // Against itself, not against a clock: eight times as long would take 64 times as long if each part were looked for
    // among all others.
    assert!(fastest_comparison(32_000) < 32 * fastest_comparison(4_000));
}

/// How long it takes at best to compare URIs of so many parts.
fn fastest_comparison(count: usize) -> Duration {
    let pairs = [("", ""), ("?", "z=1")].map(|(before, after)| {
        let part = |number: usize| match before {
            "" => format!(";{number}"),
            _ => format!("{number}=1&"),
        };
        let one: String = (0..count).map(part).collect();
        let other: String = (0..count).rev().map(part).collect();
        (format!("sip:a@b{before}{one}{after}"), format!("sip:a@B{before}{other}{after}"))
    });
    let escaped = ["%25", "%41"].map(|escape| format!("sip:{}@b", escape.repeat(count)));
    let tries = (0..5).map(|_| {
        let begun = Instant::now();
        assert!(pairs.iter().all(|(one, other)| are_same(one, other)));
        assert!(!are_same(&escaped[0], &escaped[1]));
        begun.elapsed()
    });
    tries.min().unwrap()
}
