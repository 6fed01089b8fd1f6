//! Messages made to be slow to read. The bound is far above what is needed, and far below what work that grows with the
//! square of the message would take.

use std::time::{Duration, Instant};

use super::{invite_with, read, stream};
use crate::sip::{Framer, Limits, Message, Name, NameAddr, Unreadable, Writer};

const SIZE: usize = 256 * 1024;

/// What is hard to find the end of, over and over.
const PATTERNS: [&[u8]; 16] = [
    "\"é\",".as_bytes(),
    b"\"\xd5\xc5\",",
    "<sip:a@b>;x=\"é\",".as_bytes(),
    "\"é\" <sip:a@b>,".as_bytes(),
    "\"é".as_bytes(),
    ";x=\"é\"".as_bytes(),
    b";x=\"",
    b";a",
    b"\\\"",
    b"<",
    b",",
    b"< \"",
    b" ;",
    b"%41",
    b"a\r\n ",
    b"\\\0",
];

fn read_all(message: &[u8]) {
    let headers = match read(message) {
        Ok(Message::Request(mut request)) => {
            request.stamp("192.0.2.1:5060".parse().unwrap());
            request.headers
        }
        Err(Unreadable::Answerable { headers, .. }) => *headers,
        _ => return,
    };
    for name in [Name::Via, Name::From, Name::Contact, Name::Reason] {
        headers.items(name).count();
        headers.addresses(name);
    }
    headers.reasons().count();
    headers.all(Name::From).for_each(|header| drop(NameAddr::parse(&header.kept())));
    Writer::response(200, None).copied(&headers, Some("tag")).finish();
}

fn soon(what: &str, work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    assert!(begun.elapsed() < Duration::from_secs(5), "{what}");
}

#[test]
fn the_time_to_read_a_header_grows_with_its_length_alone() {
    for pattern in PATTERNS {
        let long = pattern.repeat(SIZE / pattern.len());
        for (name, start) in
            [("Via", &b"SIP/2.0/TCP h;a"[..]), ("From", b"<sip:a@b>"), ("Contact", b""), ("Reason", b"SIP")]
        {
            let message = invite_with(&[(name, &[start, &long].concat())]);
            soon(&format!("{name}: {}", pattern.escape_ascii()), || read_all(&message));
        }
    }
}

#[test]
fn a_list_behind_many_folded_headers_is_read_soon() {
    let list = [b"a,\r\n ".to_vec(), b"a,".repeat(SIZE / 2)].concat();
    let folded = vec![("X-Folded", &b"a\r\n b"[..]); 200];
    for name in ["Reason", "Contact", "Record-Route"] {
        let message = invite_with(&[&folded[..], &[(name, &list)]].concat());
        soon(name, || read_all(&message));
    }
}

#[test]
fn the_time_to_cut_a_stream_grows_with_its_length_alone() {
    let messages = invite_with(&[("Content-Length", b"0")]).repeat(SIZE / 256);
    soon("many messages at once", || drop(stream(&messages)));
    for pattern in [&b"a"[..], b"a\r\n", b"\r\n", b"\n", b"a:\r\n"] {
        let bytes = [b"INVITE sip:a SIP/2.0\r\n", &pattern.repeat(SIZE / pattern.len())[..]].concat();
        soon("byte by byte", || {
            let mut framer = Framer::new(Limits { head: SIZE * 2, body: SIZE });
            for byte in bytes {
                framer.push(&[byte]);
                while framer.next().is_some() {}
            }
        });
    }
}
