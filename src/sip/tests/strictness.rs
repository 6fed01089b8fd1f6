//! What must not be taken for a good message, and what must.

use super::{invite_with, read, refusal, request};
use crate::sip::{Message, Name, Unreadable};

fn refused(name: &str, values: &[&str]) {
    for value in values {
        let phrase = refusal(invite_with(&[(name, value.as_bytes())]));
        assert!(phrase.starts_with(&format!("Bad {name}: ")), "{name}: {value} – {phrase}");
        assert!(phrase.bytes().all(|byte| (b' '..0x7f).contains(&byte)) && phrase.len() < 80, "{phrase}");
    }
}

fn taken(name: &str, values: &[&str]) {
    values.iter().for_each(|value| drop(request(invite_with(&[(name, value.as_bytes())]))));
}

#[test]
fn bad_addresses_are_refused() {
    let bad = [
        "",
        "<>",
        "alice",
        "<sip:>",
        "<sip:a@>",
        "<sip:@b>",
        "<sip:a@b",
        "sip:a@b>",
        "\"a <sip:a@b>",
        "\"a\" sip:a@b",
        "<sip:a b@c>",
        "<sip:a@b:port>",
        "<sip:a@b:65536>",
        "<sip:a@b:>",
        "<sip:a@[::1>",
        "<sip:a@[1.2.3.4]>",
        "<sip:a@b;;c>",
        "<sip:a%4@b>",
        "<sip:a@b>;",
        "<sip:a@b>;;tag=1",
        "<sip:a@b> tag=1",
        "<sip:a@b>;x=\"",
        "<sip:a@b>>",
        "sip:a@b?x=y",
        "<:a>",
        "<1tel:a>",
    ];
    for name in ["From", "To", "Contact", "Record-Route"] {
        refused(name, &bad);
    }
    taken("Route", &bad);
    refused("Contact", &["<sip:a@b>,", ",<sip:a@b>", "*, <sip:a@b>", "<sip:a@b>, <sip:"]);
}

#[test]
fn unusual_addresses_are_taken() {
    let good = [
        "sip:a@b",
        "sip:a@b;tag=1",
        "<sip:b>",
        "SIP:a@b",
        "A. G. Bell <sip:a@b>",
        "Žofie <sip:a@b>",
        "1001@pbx <sip:a@b>",
        "\"\"<sip:a@b>",
        "<sips:+1-212;phone-context=x.y@b;user=phone>",
        "<sip:*21#@my_pbx>",
        "<tel:+358-555-1234567;postd=pp22>",
        "<urn:service:sos>",
        "<sip:a@[2001:db8::9:1]:5061;transport=tls>",
        "<sip:a@b>;tag=a/b==;x",
        "<sip:a@b> ; tag = \"q\" ",
    ];
    for name in ["From", "To", "Contact", "Route", "Record-Route"] {
        taken(name, &good);
    }
    taken("Contact", &["*", "<sip:a@b>, sip:c@d;q=1, \"e,\" <sip:f,g@h>"]);
    taken("Route", &["<sip:a;lr>,<sip:b;lr>;transport=tcp"]);
}

#[test]
fn bad_scalars_are_refused() {
    refused(
        "CSeq",
        &["", "1", "INVITE", "-1 INVITE", "2147483648 INVITE", "1 INVITE x", "1INVITE", "1 BYE", "1 invite"],
    );
    refused("Max-Forwards", &["", "-1", "256", "70;x", "seventy"]);
    refused("Call-ID", &["", "a b"]);
    taken("Max-Forwards", &["0", "255", "0070"]);
    taken("Call-ID", &["a", "a@b", "(<\"a\\/{?}>"]);
}

#[test]
fn bad_vias_are_refused() {
    let bad = [
        "",
        "SIP/2.0/TCP",
        "SIP/2.0 h",
        "SIP/2.0/ h",
        "HTTP/2.0/TCP h",
        "SIP/2.0/TCP h:x",
        "SIP/2.0/TCP [::1",
        "SIP/2.0/TCP ;x",
    ];
    for via in bad {
        // Nobody knows where the answer would go.
        assert!(
            matches!(read(&invite_with(&[("Via", via.as_bytes())])), Err(Unreadable::Dropped { .. })),
            "{via}"
        );
    }
    refused("Via", &["SIP/2.0/TCP h;;x", "SIP/2.0/TCP h;", "SIP/2.0/TCP h x", "SIP/2.0/TCP h;branch=\"a"]);
}

#[test]
fn a_single_valued_header_is_there_once() {
    for name in ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Type"] {
        let value: &[u8] = match name {
            "From" | "To" => b"<sip:a@b>",
            "CSeq" => b"1 INVITE",
            _ => b"7",
        };
        let phrase = refusal(invite_with(&[(name, value), (name, value)]));
        assert_eq!(phrase, format!("Bad {name}: there more than once"));
    }
}

#[test]
fn a_missing_header_is_named() {
    for name in ["From", "To", "Call-ID", "CSeq"] {
        let message =
            String::from_utf8(invite_with(&[])).unwrap().replace(&format!("\r\n{name}:"), "\r\nX-Gone:");
        assert_eq!(refusal(message), format!("Bad message: no {name}"));
    }
}

#[test]
fn start_lines_are_exact() {
    let whole = String::from_utf8(invite_with(&[])).unwrap();
    let with = |line: &str| whole.replacen("INVITE sip:bob@example.com SIP/2.0", line, 1);
    for line in [
        "INVITE  sip:b SIP/2.0",
        "INVITE sip:b  SIP/2.0",
        "INVITE sip:b SIP/2.0 ",
        "INVITE sip:b SIP/2.0\rX",
        "INVITE sip:b SIP/x",
        "INVITE \"sip:b\" SIP/2.0",
        "INVITE sip:b?a=b SIP/2.0",
        "INVITE bob SIP/2.0",
    ] {
        assert!(refusal(with(line)).starts_with("Bad "), "{line}");
    }
    for line in [
        " INVITE sip:b SIP/2.0",
        "INV ITE sip:b SIP/2.0",
        "ACK sip:b SIP/3.0",
        "ACK sip: SIP/2.0",
        "INVITE sip:b",
        "INVITE",
        "",
    ] {
        let read = read(with(line).as_bytes());
        let known = matches!(read, Err(Unreadable::Dropped { .. }));
        assert!(known || line == "INV ITE sip:b SIP/2.0", "{line}: {read:?}");
    }
}

#[test]
fn a_malformed_response_is_dropped() {
    let whole = String::from_utf8(invite_with(&[])).unwrap();
    let with = |line: &str| whole.replacen("INVITE sip:bob@example.com SIP/2.0", line, 1);
    for line in ["SIP/2.0 200 OK", "SIP/2.0 200 ", "SIP/2.0 200", "sip/2.0 699 x  y"] {
        assert!(read(with(line).as_bytes()).is_ok(), "{line}");
    }
    let bad = [
        "SIP/2.0  200 OK",
        "SIP/2.0 99 OK",
        "SIP/2.0 700 OK",
        "SIP/2.0 0200 OK",
        "SIP/2.0 2xx OK",
        "SIP/3.0 200 OK",
        "SIP/2.0",
    ];
    for line in bad {
        assert!(matches!(read(with(line).as_bytes()), Err(Unreadable::Dropped { .. })), "{line}");
    }
}

#[test]
fn what_a_request_can_do_without_is_ignored_if_it_cannot_be_read() {
    let expires = |value: &[u8]| request(invite_with(&[("Expires", value)])).headers.number(Name::Expires);
    for (value, seconds) in [("", None), ("abc", None), ("-1", None), ("3600s", None), ("0", Some(0))] {
        assert_eq!(expires(value.as_bytes()), seconds, "{value}");
    }
    for value in ["4294967295", "4294967296", "99999999999999", "99999999999999999999999"] {
        assert_eq!(expires(value.as_bytes()), Some(u32::MAX), "{value}");
    }
    taken("Route", &["junk", "", "<sip:"]);
    let invite = invite_with(&[("Contact", b"junk"), ("Record-Route", b"<"), ("CSeq", b"1 BYE")]);
    let bye = request(String::from_utf8(invite).unwrap().replacen("INVITE", "BYE", 1));
    assert!(bye.contact.is_none());
}

#[test]
fn what_a_response_can_do_without_is_ignored_if_it_cannot_be_read() {
    let whole = invite_with(&[
        ("Contact", b"junk, <sip:a@b>, <sip:"),
        ("Record-Route", b"<sip:"),
        ("Route", b""),
        ("Expires", b"abc"),
    ]);
    let whole = String::from_utf8(whole).unwrap();
    let refusal = whole.replacen("INVITE sip:bob@example.com SIP/2.0", "SIP/2.0 486 Busy Here", 1);
    let Ok(Message::Response(response)) = read(refusal.as_bytes()) else { panic!("a response") };
    assert_eq!(response.contact.expect("one").uri.as_str(), "sip:a@b");
}

#[test]
fn an_ack_is_never_answered() {
    let ack = String::from_utf8(invite_with(&[("From", b"<")])).unwrap().replace("INVITE", "ACK");
    assert!(matches!(read(ack.as_bytes()), Err(Unreadable::Dropped { .. })));
}

#[test]
fn elements_of_rfc_2543_are_understood() {
    let message = request(invite_with(&[("Via", b"SIP/2.0/UDP h;branch=1"), ("From", b"sip:a@b")]));
    assert_eq!((message.via.branch.is_none(), message.from.tag(), message.max_forwards), (true, None, None));
    let cookie = request(invite_with(&[("Via", b"SIP/2.0/UDP h;branch=z9hG4bK")]));
    assert!(cookie.via.branch.is_none());
}

#[test]
fn unknown_headers_are_carried_through_as_they_came() {
    let message =
        request(invite_with(&[("X-empolyee_id", b"1001"), ("x-EMPTY", b""), ("Date", b"yesterday")]));
    let fields: Vec<_> =
        message.headers.iter().skip(6).map(|header| (header.raw_name(), header.value)).collect();
    assert_eq!(fields, [("X-empolyee_id", &b"1001"[..]), ("x-EMPTY", b""), ("Date", b"yesterday")]);
    assert_eq!(message.headers.first(Name::Date).unwrap().text(), "yesterday");
}
