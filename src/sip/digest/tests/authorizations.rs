//! Whether answers to us are right.

use super::*;
use crate::sip::digest::{Algorithm, Authorization, demand};

fn parse(value: &str) -> Option<Authorization<'_>> {
    Authorization::parse(value.as_bytes())
}

fn is_by(value: &str, password: &'static str, method: &str) -> bool {
    parse(value).is_some_and(|answer| answer.is_by(&Password::new(password), method))
}

/// RFC 2617 §3.5, RFC 7616 §3.9.1, RFC 2069 §2.4 as its erratum 749 corrects it.
#[test]
fn the_examples_of_the_rfcs_are_right_and_no_other_password_or_method_is() {
    let of_7616 = "username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
        cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth";
    let examples = [
        (
            "Circle Of Life",
            "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, nc=00000001, \
             cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", \
             opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
                .to_owned(),
        ),
        (
            "Circle of Life",
            format!("Digest {of_7616}, algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\""),
        ),
        (
            "Circle of Life",
            format!(
                "Digest {of_7616}, algorithm=SHA-256, \
                 response=\"753927FA0E85D155564E2E272A28D1802CA10DAF4496794697CF8DB5856CB6C1\""
            ),
        ),
        (
            "CircleOfLife",
            "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
             response=\"1949323746fe6a43ef61f9606e7febea\""
                .to_owned(),
        ),
    ];
    for (password, value) in examples {
        assert!(is_by(&value, password, "GET"), "{value}");
        assert!(!is_by(&value, "circle of life", "GET") && !is_by(&value, password, "INVITE"), "{value}");
    }
}

#[test]
fn what_we_ask_for_we_answer_and_find_right() {
    for algorithm in [Algorithm::Sha512_256, Algorithm::Sha256, Algorithm::Md5] {
        let asked = challenge(&demand("a \"realm\"", "abc", algorithm, true));
        assert!(asked.stale && asked.algorithm == algorithm);
        let value = authorization(&asked, &credentials("al\"ice", "s3cret"), 10);
        let answer = parse(&value).unwrap();
        assert_eq!((&*answer.username, &*answer.realm), (&b"al\"ice"[..], &b"a \"realm\""[..]));
        assert_eq!((answer.nonce, answer.nonce_count, answer.algorithm), (&b"abc"[..], Some(10), algorithm));
        assert!(answer.is_by(&Password::new("s3cret"), "REGISTER"));
    }
    assert!(!challenge(&demand("realm", "abc", Algorithm::Md5, false)).stale);
}

#[test]
fn what_is_no_whole_answer_is_none() {
    let good = "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"0\", qop=auth, nc=0000000a, cnonce=\"c\"";
    assert_eq!(parse(good).and_then(|answer| answer.nonce_count), Some(10));
    for (part, instead) in [
        ("Digest", "Basic"),
        ("username=\"a\", ", ""),
        ("realm=\"r\", ", ""),
        ("nonce=\"n\", ", ""),
        ("uri=\"u\", ", ""),
        ("response=\"0\", ", ""),
        ("nc=0000000a, ", ""),
        ("nc=0000000a", "nc=a"),
        ("nc=0000000a", "nc=+000000a"),
        ("qop=auth", "qop=auth-int"),
        ("realm=\"r\"", "realm=\"r"),
        ("uri=\"u\"", "algorithm=MD6, uri=\"u\""),
    ] {
        assert!(parse(&good.replacen(part, instead, 1)).is_none(), "{part} as {instead:?}");
    }
    assert!(parse(&format!("{good}, opaque=\"{}\"", "x".repeat(5000))).is_none());
}
