//! Challenges made to be slow to read, cut short or changed.

use std::time::{Duration, Instant};

use super::{Challenge, authorization, credentials};
use crate::sip::Writer;
use crate::sip::digest::Answer;

const SIZE: usize = 1024 * 1024;

const WHOLE: &str = "Digest realm=\"é \\\"x\\\"\", nonce=\"n\\\\==\", opaque=\"\", algorithm=MD5-sess, \
    qop=\"auth,auth-int\", stale=true, Digest realm=\"b\", nonce=n";

/// Whatever was read can be answered.
fn read(value: &[u8]) {
    if let Some(challenge) = Challenge::parse(value) {
        let credentials = credentials("alice", "s3cret");
        let (challenge, credentials) = (&challenge, &credentials);
        let (method, uri, cnonce) = ("INVITE", "sip:a", "c");
        let answer = Answer { challenge, credentials, method, uri, body: b"", cnonce, nonce_count: 1 };
        assert!(answer.authorization().starts_with(b"Digest username=\"alice\", realm=\""));
    }
}

#[test]
fn the_time_to_read_a_challenge_is_bounded_whatever_its_length() {
    let begun = Instant::now();
    for pattern in [",", "\"", "\"é\",", "a=\"", "a=b,", "realm=a,", "\\", "\\\"", "=", " ", "<", "\u{0}"] {
        for start in ["", "Digest ", "Digest realm=a, nonce=\"", "Digest realm=a, nonce=n, qop="] {
            for length in [4096 - start.len(), SIZE] {
                read(format!("{start}{}", pattern.repeat(length / pattern.len())).as_bytes());
            }
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_challenge_cut_or_changed_anywhere_does_no_harm() {
    for end in 0..WHOLE.len() {
        read(&WHOLE.as_bytes()[..end]);
        for byte in [b'"', b'\\', b',', b'=', b' ', b'<', 0, 0x81, 0xff] {
            let mut changed = WHOLE.as_bytes().to_vec();
            changed[end] = byte;
            read(&changed);
        }
    }
    assert!(Challenge::parse(WHOLE.as_bytes()).is_some());
}

#[test]
fn a_username_with_line_ends_starts_no_header() {
    let challenge = Challenge::parse(b"Digest realm=a, nonce=n").unwrap();
    let answer = authorization(&challenge, &credentials("a\r\nX-Evil: 1", "s3cret"), 1);
    let written = Writer::response(200, None).header("Authorization", answer).finish();
    assert!(!written.windows(3).any(|window| window == b"\nX-"));
}
