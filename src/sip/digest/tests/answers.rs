//! What is answered, against the RFCs' examples and values computed by other means.

use super::{Answer, authorization, challenge, credentials, param, register, response};
use crate::sip::digest::Challenge;

/// The answer to a GET, as the RFCs' examples have it.
fn get(asked: &str, username: &'static str, password: &'static str, uri: &str, cnonce: &str) -> String {
    let answer = Answer {
        challenge: &challenge(asked),
        credentials: &credentials(username, password),
        method: "GET",
        uri,
        body: b"",
        cnonce,
        nonce_count: 1,
    };
    String::from_utf8(answer.authorization().to_vec()).unwrap()
}

#[test]
fn the_example_of_rfc_2617_is_answered_as_there() {
    let asked = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    assert_eq!(
        get(asked, "Mufasa", "Circle Of Life", "/dir/index.html", "0a4f113b"),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
         response=\"6629fae49393a05397450978507c4ef1\", cnonce=\"0a4f113b\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001"
    );
}

/// RFC 2069 §2.4 as its erratum 749 corrects it.
#[test]
fn the_example_of_rfc_2069_is_answered_without_a_nonce_of_ours() {
    let asked = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
    assert_eq!(
        get(asked, "Mufasa", "CircleOfLife", "/dir/index.html", "0a4f113b"),
        "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
         response=\"1949323746fe6a43ef61f9606e7febea\""
    );
}

/// RFC 7616 §3.9.1.
#[test]
fn the_examples_of_rfc_7616_are_answered_as_there() {
    for (algorithm, expected) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let asked = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = get(&asked, "Mufasa", "Circle of Life", "/dir/index.html", cnonce);
        assert_eq!((response(&answer), param(&answer, "algorithm")), (expected, Some(algorithm)));
    }
}

/// RFC 7616 §3.9.2 as its erratum 4897 corrects it; the name is not hashed, which its response does not depend on.
#[test]
fn a_name_beyond_ascii_is_hashed_and_sent_in_utf_8() {
    let asked = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
        nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
        opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true";
    let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let answer = get(asked, "Jäsøn Doe", "Secret, or not?", "/doe.json", cnonce);
    assert_eq!(response(&answer), "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    assert_eq!((param(&answer, "username"), param(&answer, "userhash")), (Some("\"Jäsøn Doe\""), None));
}

/// Computed with OpenSSL's digests.
#[test]
fn every_algorithm_answers_with_and_without_a_quality_of_protection() {
    let table = [
        ("MD5", "", "34a70f5dce9964a62bd491f9da0447f0"),
        ("MD5", "auth", "71abe1490aa15b2de337299c5476ef4a"),
        ("MD5", "auth-int", "c3ba4b5e528f3e38c93ee77a9320446a"),
        ("MD5-sess", "", "dd0d7cd35d063c0a5b3ccb3125ef25cc"),
        ("MD5-sess", "auth", "1501bf293cbd9937fdd8b6f25a2035d1"),
        ("MD5-sess", "auth-int", "0027e407130c68f248b0a824cfddf127"),
        ("SHA-256", "", "77462515fee2b760be62692ce47f8403b22f09056cab1fc2774e328debb91048"),
        ("SHA-256", "auth", "2422ad622591906c6101b79961771743bc033955fbc6d1f3a1ed11a655d4861e"),
        ("SHA-256", "auth-int", "95e65ac765ce050bfeea4f1b781681a2f17d015e4aa65e13f9e40f21359221c0"),
        ("SHA-256-sess", "auth", "1c5026fd8e7cef3c824509d777048c96220ddcf4a8fb6f8cd2aed2439862670a"),
        ("SHA-512-256", "", "40c495215eee5b2bc335b0ee3d3bc9a33af5014ae81812d6120b7fca0ef785cd"),
        ("SHA-512-256", "auth", "badf1725bd519ec33ebf494788429391965f1dc91eab6547805b8f7add4040e8"),
        ("SHA-512-256-sess", "auth", "ca53cafe2456d12b29cf83476194b7e9060f881d64ccf9801f0965fe83443eeb"),
        ("SHA-512-256-sess", "auth-int", "d48ed476bba793fb66a33f8bafe5c388208561b0bf6939006df3d6bb442c659a"),
    ];
    for (algorithm, qop, expected) in table {
        let answer = register(&format!(", algorithm={algorithm}, qop=\"{qop}\""));
        assert_eq!(response(&answer), expected, "{algorithm} {qop}");
        assert_eq!(param(&answer, "qop"), Some(qop).filter(|qop| !qop.is_empty()));
        let needs_ours = !qop.is_empty() || algorithm.ends_with("sess");
        assert_eq!(param(&answer, "cnonce"), needs_ours.then_some("\"c0ffee\""));
    }
}

#[test]
fn the_nonce_count_is_eight_hexadecimal_digits() {
    let challenge = challenge("Digest realm=\"pbx.example.com\", nonce=\"abc\", qop=\"auth\"");
    let answer = |count| authorization(&challenge, &credentials("alice", "s3cret"), count);
    assert_eq!(param(&answer(255), "nc"), Some("000000ff"));
    assert_eq!(response(&answer(255)), "40909a1a12eaa2d397fd8bcf748d52e3");
    assert_eq!(param(&answer(u32::MAX), "nc"), Some("ffffffff"));
}

#[test]
fn the_algorithm_is_given_back_as_it_was_written_or_not_at_all() {
    for (written, back) in [
        ("", None),
        (", algorithm=md5", Some("md5")),
        (", algorithm=\"MD5\"", Some("MD5")),
        (", ALGORITHM = Md5", Some("Md5")),
    ] {
        let answer = register(written);
        assert_eq!(
            (param(&answer, "algorithm"), response(&answer)),
            (back, "34a70f5dce9964a62bd491f9da0447f0")
        );
    }
}

#[test]
fn an_opaque_is_given_back_exactly_even_if_it_is_empty() {
    for (written, back) in [
        ("", None),
        (", opaque=\"\"", Some("\"\"")),
        (", opaque=\"a\\\"b = c\"", Some("\"a\\\"b = c\"")),
        (", opaque=YWJj==", Some("\"YWJj==\"")),
    ] {
        assert_eq!(param(&register(written), "opaque"), back, "{written}");
    }
}

/// Computed with OpenSSL's digests from `a"b\c`, `x "y"` and `a\b`.
#[test]
fn what_is_quoted_is_hashed_without_its_escapes_and_sent_with_them() {
    let challenge = challenge("Digest realm=\"x \\\"y\\\"\", nonce=\"a\\\\b\"");
    let answer = authorization(&challenge, &credentials("a\"b\\c", "s3cret"), 1);
    assert_eq!(response(&answer), "1244fc59eb8e7cf44811aac4c0a057dc");
    assert_eq!(param(&answer, "username"), Some("\"a\\\"b\\\\c\""));
    assert_eq!(param(&answer, "realm"), Some("\"x \\\"y\\\"\""));
    assert_eq!(param(&answer, "nonce"), Some("\"a\\\\b\""));
}

/// The second byte of the realm's first character is a backslash that escapes nothing.
#[test]
fn a_realm_in_gb18030_is_hashed_and_given_back_byte_for_byte() {
    let realm = b"\"\x81\\\\\"\"";
    let challenge = Challenge::parse(&[b"Digest nonce=\"abc\", realm=", &realm[..]].concat()).unwrap();
    assert_eq!(challenge.realm.text(), "乗\"");
    let credentials = credentials("alice", "s3cret");
    let (method, uri) = ("REGISTER", "sip:pbx.example.com");
    let answer = Answer {
        challenge: &challenge,
        credentials: &credentials,
        method,
        uri,
        body: b"",
        cnonce: "",
        nonce_count: 1,
    };
    let answer = answer.authorization();
    assert!(answer.windows(realm.len()).any(|window| window == realm));
    let expected = b"response=\"7614ef9a9bdecc9d40ca7cf3dc78ea48\"";
    assert!(answer.windows(expected.len()).any(|window| window == expected));
}

#[test]
fn a_password_shows_nothing_of_itself() {
    let shown = format!("{:?} {:#?}", credentials("alice", "s3cret"), credentials("alice", "s3cret"));
    assert!(shown.contains("alice") && !shown.contains("s3cret"), "{shown}");
}
