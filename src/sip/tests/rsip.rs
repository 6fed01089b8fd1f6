//! What rsip's own parser and printer get wrong (each line of the list is a test here) is right in ours.

use super::{invite_with, read, refusal, request, stream};
use crate::sip::{Framed, Known, Message, Method, Name, Transport, Unreadable, Writer, reason_phrase};

#[test]
fn a_body_is_as_long_as_content_length_says() {
    let message = request([&invite_with(&[("Content-Length", b"2")])[..], b"hello"].concat());
    assert_eq!(message.body, "he");
    assert_eq!(refusal(invite_with(&[("Content-Length", b"+2")])), "Bad Content-Length: not a number");
    assert_eq!(
        refusal(invite_with(&[("Content-Length", b"0"), ("l", b"1")])),
        "Bad Content-Length: two values that differ"
    );
}

#[test]
fn a_head_without_its_empty_line_is_no_message() {
    let message = invite_with(&[]);
    assert_eq!(refusal(&message[..message.len() - 2]), "Bad message: headers without an end");
    assert!(stream(&message[..message.len() - 2]).is_empty());
}

#[test]
fn leading_line_ends_folded_lines_spaces_before_the_colon_and_compact_names_are_read() {
    let message = b"\r\n\r\nINVITE sip:b@c SIP/2.0\r\nv : SIP/2.0/TCP h\r\nf:\r\n <sip:a@b>\r\n\t;tag=1\r\nt: <sip:b@c>\r\n\
        i: x\r\nCSEQ: 1\r\n INVITE\r\ns: a subject\r\n  on two lines\r\n\r\n";
    let message = request(message);
    assert_eq!(message.from.tag().unwrap(), "1");
    assert_eq!(message.call_id, "x");
    let subject = message.headers.first(Name::Subject).unwrap();
    assert_eq!((subject.raw_name(), subject.value), ("s", &b"a subject on two lines"[..]));
}

#[test]
fn what_was_folded_or_filled_in_can_be_kept_as_a_whole_and_in_parts() {
    let routes = b"<sip:one@a>,\r\n <sip:two@a>;x=\"a,\r\n\tb\"";
    let mut message = request(invite_with(&[
        ("Via", b"SIP/2.0/TCP 10.0.0.9;rport;branch=z9hG4bKa"),
        ("From", b"\"a\r\n b\"\r\n <sip:a@b>;tag=7"),
        ("Record-Route", routes),
    ]));
    message.stamp("192.0.2.1:5060".parse().unwrap());
    let first = |name| message.headers.first(name).unwrap().text();
    assert_eq!(first(Name::Via), "SIP/2.0/TCP 10.0.0.9;rport=5060;branch=z9hG4bKa;received=192.0.2.1");
    assert_eq!(first(Name::From), "\"a b\" <sip:a@b>;tag=7");
    let items: Vec<_> = message.headers.items(Name::RecordRoute).collect();
    assert_eq!(items, ["<sip:one@a>", "<sip:two@a>;x=\"a, b\""]);
    let routes: Vec<_> = message.headers.addresses(Name::RecordRoute);
    assert_eq!(routes.iter().map(|route| route.uri.as_str()).collect::<Vec<_>>(), ["sip:one@a", "sip:two@a"]);
    let written = Writer::response(200, None).copied(&message.headers, None).finish();
    assert!(String::from_utf8_lossy(&written).contains("\r\nFrom: \"a b\" <sip:a@b>;tag=7\r\n"));
}

#[test]
fn bytes_that_are_not_utf8_do_not_spoil_the_message() {
    let gb18030 = b"\"\xd5\xc5\xc8\xfd\" <sip:zhang@example.cn>;tag=1";
    let message = request(invite_with(&[("From", gb18030), ("X-Latin", b"\xe9t\xe9 \xff")]));
    assert_eq!(message.from.display_name.unwrap(), "张三");
    let latin = message.headers.named("x-latin").unwrap();
    assert_eq!(latin.value, b"\xe9t\xe9 \xff");
    assert!(latin.text().ends_with('\u{fffd}'));
    let answer = Writer::response(200, None).copied(&message.headers, Some("2")).finish();
    assert!(answer.windows(gb18030.len()).any(|window| window == gb18030));
}

#[test]
fn a_backslash_inside_a_gb18030_character_escapes_nothing() {
    // 0x5C is the second byte of this character; the quote behind it ends the name.
    let message = request(invite_with(&[("From", b"\"\x81\\\" <sip:a@b>;tag=1")]));
    assert_eq!(message.from.display_name.unwrap(), "乗");
}

#[test]
fn lone_cr_lf_and_nul_inside_a_value_are_refused() {
    for value in [&b"a\rb"[..], b"a\nb: c", b"a\0b", b"a\r\n \0"] {
        let phrase = refusal(invite_with(&[("X-Value", value)]));
        assert!(
            phrase == "Bad message: lone CR or LF" || phrase == "Bad message: NUL in a header",
            "{phrase}"
        );
    }
    assert_eq!(request(invite_with(&[("To", b"\"\\\0\" <sip:a@b>")])).to.display_name.unwrap(), "\0");
}

#[test]
fn a_message_has_at_most_256_headers() {
    let more = |count| vec![("X", &b"y"[..]); count];
    assert_eq!(request(invite_with(&more(250))).headers.iter().count(), 256);
    assert_eq!(refusal(invite_with(&more(251))), "Bad message: too many headers");
}

#[test]
fn methods_are_tokens_and_differ_by_case() {
    let method = |token: &str| {
        let message = format!(
            "{token} sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nFrom: sip:a\r\nTo: sip:b\r\nCall-ID: x\r\nCSeq: 1 {token}\r\n\r\n"
        );
        request(message).method
    };
    assert_eq!(method("INVITE"), Method::Known(Known::Invite));
    assert_eq!(method("PRACK").known(), Some(Known::PRack));
    assert_eq!(method("PRACK").as_str(), "PRACK");
    assert_eq!(method("invite"), Method::Other("invite".into()));
    assert_eq!(method("FLY").as_str(), "FLY");
}

#[test]
fn another_version_is_answered_505() {
    for version in ["SIP/2.7", "SIP/3.0", "SIP/1.0"] {
        let message =
            String::from_utf8(invite_with(&[])).unwrap().replacen(" SIP/2.0", &format!(" {version}"), 1);
        let Err(Unreadable::Answerable { status, .. }) = read(message.as_bytes()) else {
            panic!("{version}")
        };
        assert_eq!(status, 505);
    }
    assert_eq!(request(String::from_utf8(invite_with(&[])).unwrap().replacen(" SIP/", " sip/", 1)).cseq, 1);
}

#[test]
fn status_lines_have_the_phrases_of_the_rfc_and_keep_those_received() {
    assert!(Writer::response(486, None).finish().starts_with(b"SIP/2.0 486 Busy Here\r\n"));
    assert!(Writer::response(200, Some("Fine")).finish().starts_with(b"SIP/2.0 200 Fine\r\n"));
    assert_eq!(
        (reason_phrase(481), reason_phrase(699)),
        ("Call/Transaction Does Not Exist", "Global Failure")
    );
    let received = String::from_utf8(invite_with(&[])).unwrap().replacen(
        "INVITE sip:bob@example.com SIP/2.0",
        "SIP/2.0 200 Fine",
        1,
    );
    let Ok(Message::Response(response)) = read(received.as_bytes()) else { panic!() };
    assert_eq!((response.status, &*response.reason_phrase), (200, "Fine"));
}

#[test]
fn bodies_are_bytes() {
    let body = b"\xff\x00\r\n\r\n\xfe";
    let message = request([&invite_with(&[("Content-Length", b"7")])[..], body].concat());
    assert_eq!(&message.body[..], body);
    assert!(Writer::response(200, None).finish_with("x/y", body).ends_with(body));
}

#[test]
fn uris_keep_their_parts_and_their_text() {
    let message = request(invite_with(&[(
        "Contact",
        b"<sip:john.doe:pw@[2001:db8::1]:5070;Transport=TCP;x=Y;lr?Subject=hi>",
    )]));
    let uri = message.contact.unwrap().uri;
    assert_eq!((uri.user(), uri.host().as_ref(), uri.port()), (Some("john.doe"), "2001:db8::1", Some(5070)));
    assert_eq!((uri.transport(), uri.param("X"), uri.is_loose()), (Some(Transport::Tcp), Some("Y"), true));
    assert!(uri.as_str().contains(";Transport=TCP;"));
    let tel = request(invite_with(&[("To", b"<tel:110>")])).to.uri;
    assert_eq!((tel.is_sip(), tel.host().as_ref(), tel.as_str()), (false, "", "tel:110"));
}

#[test]
fn a_via_may_have_spaces_and_others_behind_it() {
    let via = request(invite_with(&[(
        "Via",
        b"SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ; branch=z9hG4bKx, SIP/2.0/TCP b",
    )]))
    .via;
    assert_eq!((&*via.transport, &*via.host, via.port), ("UDP", "first.example.com", Some(4000)));
    assert_eq!(via.branch.unwrap(), "z9hG4bKx");
}

#[test]
fn display_names_contact_lists_and_instance_ids_are_read() {
    let message = request(invite_with(&[
        ("From", b"\"a <b> \\\"c\\\", d\" <sip:a@b>;tag=1"),
        ("Contact", b"<sip:a@b;x=,>;+sip.instance=\"<urn:uuid:1>\";q=0.5, \"B, b\" <sip:b@c>"),
    ]));
    assert_eq!(message.from.display_name.unwrap(), "a <b> \"c\", d");
    let contact = message.contact.unwrap();
    assert_eq!(contact.param("+SIP.instance").unwrap(), "<urn:uuid:1>");
    assert_eq!((contact.param("q").unwrap(), contact.param("x")), ("0.5".into(), None));
    assert_eq!(message.headers.items(Name::Contact).count(), 2);
}

#[test]
fn scalars_are_read_whatever_the_space_around_them() {
    let message =
        request(invite_with(&[("CSeq", b" 2147483647 \t INVITE "), ("Allow", b"INVITE, FLY, BYE")]));
    assert_eq!(message.cseq, (1 << 31) - 1);
    assert_eq!(message.headers.items(Name::Allow).last().unwrap(), "BYE");
}

#[test]
fn headers_that_rsip_does_not_know_have_names() {
    let message =
        request(invite_with(&[("x", b"1800;refresher=uac"), ("RSeq", b"7"), ("Reason", b"SIP;cause=200")]));
    assert_eq!(message.headers.number(Name::SessionExpires), Some(1800));
    assert_eq!(message.headers.number(Name::RSeq), Some(7));
    assert_eq!(message.headers.reasons().next().unwrap().cause, Some(200));
}

#[test]
fn a_value_cannot_start_a_header_or_a_message() {
    let written = Writer::response(200, Some("OK\r\nX: y"))
        .header("X\r\nY", "a\r\n\r\nb\0c")
        .finish_with("text/plain\r\nZ: z", b"");
    let expected =
        "SIP/2.0 200 OK  X: y\r\nXY: a    b c\r\nContent-Type: text/plain  Z: z\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(written, expected);
}

#[test]
fn what_is_parsed_once_shares_the_bytes_of_the_message() {
    let framed = stream(&invite_with(&[])).remove(0);
    let Framed::Message(Ok(Message::Request(message))) = framed else { panic!() };
    let header = &message.headers.first(Name::CallId).unwrap().value;
    assert_eq!(header.as_ptr(), message.call_id.as_ptr());
}
