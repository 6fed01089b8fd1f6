//! What is taken for a challenge, and which of several is answered.

use super::{Challenge, challenge};
use crate::sip::digest::{Algorithm, Qop, challenges, strongest};
use crate::sip::tests::{invite_with, request};
use crate::sip::{Headers, Name};

/// The headers of a message with these WWW-Authenticate values.
fn asking(values: &[&str]) -> Headers {
    let headers: Vec<_> = values.iter().map(|value| ("WWW-Authenticate", value.as_bytes())).collect();
    request(invite_with(&headers)).headers
}

fn realms(challenges: &[Challenge]) -> Vec<String> {
    challenges.iter().map(|challenge| challenge.realm.text().to_string()).collect()
}

#[test]
fn a_challenge_is_read_into_its_parts() {
    let read = challenge(
        "Digest realm=\"a, b\", domain=\"sip:x, sip:y\", nonce=\"n==\", stale=TRUE, opaque=\"\", \
         algorithm=SHA-256, qop=\"auth,auth-int\"",
    );
    assert_eq!((&*read.realm.text(), &*read.nonce.text()), ("a, b", "n=="));
    assert_eq!(read.opaque.unwrap().text(), "");
    assert_eq!((read.algorithm, read.qop, read.stale), (Algorithm::Sha256, Qop::Auth, true));
}

#[test]
fn a_challenge_is_read_however_it_is_written() {
    let plain = challenge("Digest realm=\"a\", nonce=\"n\", qop=\"auth\"");
    for variant in [
        "DIGEST REALM=\"a\",NONCE=\"n\",QOP=\"AUTH\"",
        "digest\trealm = \"a\" ,\t nonce\t=\"n\" , qop= \"auth\"",
        "  Digest   qop=\"auth\", nonce=\"n\", realm=\"a\"  ",
        "Digest realm=a, nonce=n, qop=auth",
        "Digest realm=\"a\", nonce=\"n\", qop=auth,auth-int",
        "Digest realm=\"a\", nonce=\"n\", qop=\"auth-int , auth\"",
        "Digest realm=\"a\", nonce=\"n\", qop=\"auth-conf,auth\"",
        "Digest ,, realm=\"a\",, nonce=\"n\", qop=\"auth\",",
        "Digest realm=\"a\", nonce=\"n\", stale=false, qop=\"auth\"",
        "Digest realm=\"a\", nonce=\"n\", stale=\"\", qop=\"auth\"",
        "Digest realm=\"a\", x, y=\"1, 2\", z=\"1\" 2, nonce=\"n\", userhash=true, charset=UTF-8, qop=\"auth\"",
        "Digest realm=\"a\", realm=\"b\", nonce=\"n\", nonce=\"m\", qop=\"auth\", qop=\"auth-int\"",
        "Digest realm=\"a\", nonce=\"n\", qop=\"auth\", Digest realm=\"b\", opaque=\"o\", stale=true",
    ] {
        assert_eq!(challenge(variant), plain, "{variant}");
    }
}

#[test]
fn the_quality_of_protection_is_the_one_that_is_offered() {
    let qop = |param: &str| challenge(&format!("Digest realm=\"a\", nonce=\"n\"{param}")).qop;
    for none in ["", ", qop=\"\"", ", qop=", ", qop=\" , \""] {
        assert_eq!(qop(none), Qop::None, "{none}");
    }
    assert_eq!((qop(", qop=\"auth-int\""), qop(", qop=Auth-Int")), (Qop::AuthInt, Qop::AuthInt));
}

#[test]
fn algorithms_are_known_in_any_case_and_quoted() {
    let algorithm = |name: &str| challenge(&format!("Digest realm=a, nonce=n, algorithm={name}")).algorithm;
    for (name, expected) in [
        ("md5", Algorithm::Md5),
        ("\"MD5\"", Algorithm::Md5),
        ("MD5-SESS", Algorithm::Md5Session),
        ("sha-256", Algorithm::Sha256),
        ("SHA-256-sess", Algorithm::Sha256Session),
        ("\" SHA-512-256 \"", Algorithm::Sha512_256),
        ("Sha-512-256-Sess", Algorithm::Sha512_256Session),
    ] {
        assert_eq!(algorithm(name), expected, "{name}");
    }
    assert_eq!(challenge("Digest realm=a, nonce=n").algorithm, Algorithm::Md5);
}

#[test]
fn a_bare_realm_may_have_spaces_in_it() {
    assert_eq!(challenge("Digest realm=My PBX , nonce=n").realm.text(), "My PBX");
}

#[test]
fn what_cannot_be_answered_is_no_challenge() {
    for value in [
        "",
        "Digest",
        "Digest ",
        "Digest,realm=\"a\",nonce=\"n\"",
        "Basic realm=\"a\"",
        "Basic realm=\"a\", nonce=\"n\"",
        "DigestX realm=\"a\", nonce=\"n\"",
        "\"Digest\" realm=\"a\", nonce=\"n\"",
        "realm=\"a\", nonce=\"n\"",
        "Digest realm=\"a\"",
        "Digest nonce=\"n\"",
        "Digest realm=\"a\" nonce=\"n\"",
        "Digest realm=\"a, nonce=\"n\"",
        "Digest realm=\"a\", nonce=\"n",
        "Digest realm=\"a\", nonce=n\"",
        "Digest realm=\"a\", nonce=n\\",
        "Digest realm=\"a\", nonce=\"n\\\"",
        "Digest realm=\"a\", nonce=\"n\", opaque=\"",
        "Digest realm=\"a\", nonce=\"n\", qop=\"auth-conf\"",
        "Digest realm=\"a\", nonce=\"n\", algorithm=",
        "Digest realm=\"a\", nonce=\"n\", algorithm=SHA-1",
        "Digest realm=\"a\", nonce=\"n\", algorithm=AKAv1-MD5",
    ] {
        assert_eq!(Challenge::parse(value.as_bytes()), None, "{value}");
    }
}

#[test]
fn a_challenge_of_four_kibibytes_is_read_and_a_longer_one_is_not() {
    let of = |length: usize| {
        let start = "Digest realm=\"a\", nonce=\"n\", x=";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    assert!(Challenge::parse(of(4096).as_bytes()).is_some());
    assert!(Challenge::parse(of(4097).as_bytes()).is_none());
}

#[test]
fn every_header_of_the_name_is_a_challenge_and_other_schemes_are_skipped() {
    let headers = asking(&[
        "Basic realm=\"no\"",
        "Digest realm=\"a\", nonce=\"n\"",
        "Digest realm=\"",
        "Digest realm=\"b\", nonce=\"n\", algorithm=SHA-256",
    ]);
    assert_eq!(realms(&challenges(&headers, Name::WwwAuthenticate)), ["a", "b"]);
    assert!(challenges(&headers, Name::ProxyAuthenticate).is_empty());
}

#[test]
fn sixteen_headers_are_looked_at() {
    let many: Vec<String> = (0..40).map(|realm| format!("Digest realm={realm}, nonce=n")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let read = challenges(&asking(&many), Name::WwwAuthenticate);
    assert_eq!((read.len(), realms(&read).last().unwrap().as_str()), (16, "15"));
}

#[test]
fn the_strongest_challenge_of_each_realm_is_answered() {
    let all: Vec<_> = [
        ("a", "MD5", "1"),
        ("b", "SHA-256", "2"),
        ("a", "SHA-512-256", "3"),
        ("b", "MD5", "4"),
        ("a", "SHA-256", "5"),
        ("c", "MD5-sess", "6"),
    ]
    .iter()
    .map(|(realm, algorithm, nonce)| {
        challenge(&format!("Digest realm={realm}, nonce={nonce}, algorithm={algorithm}"))
    })
    .collect();
    let chosen: Vec<_> =
        strongest(&all).iter().map(|it| (it.realm.text().to_string(), it.nonce.text())).collect();
    assert_eq!(
        chosen,
        [("a".to_owned(), "3".into()), ("b".to_owned(), "2".into()), ("c".to_owned(), "6".into())]
    );
    assert!(strongest(&[]).is_empty());
}

#[test]
fn of_equally_strong_challenges_the_topmost_is_answered() {
    let all = ["1, algorithm=MD5", "2", "3, algorithm=MD5-sess"]
        .map(|nonce| challenge(&format!("Digest realm=a, nonce={nonce}")));
    assert_eq!(strongest(&all), [&all[0]]);
}
