//! What is written can be read, and responses copy what they must.

use super::{file, invite_with, read, request};
use crate::sip::{Known, Message, Name, Unreadable, Uri, Writer};

#[test]
fn a_response_copies_vias_from_to_call_id_and_cseq() {
    let invite = request(file("flows/1-invite.sip"));
    let written = Writer::response(180, None)
        .copied(&invite.headers, Some("ours"))
        .header("Server", "call-agent")
        .finish_with("application/sdp", b"v=0\r\n");
    let expected = "SIP/2.0 180 Ringing\r\n\
        Via: SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bKxxxx;rport=5060\r\n\
        From: \"Extension 1001\" <sip:1001@172.17.0.1>;tag=Q79QQcg41UBpe\r\n\
        To: <sip:1000@10.0.0.1:10000;transport=tcp>;tag=ours\r\n\
        Call-ID: e040d830-a8aa-123d-0a8e-11111111111b\r\n\
        CSeq: 84836083 INVITE\r\n\
        Server: call-agent\r\n\
        Content-Type: application/sdp\r\n\
        Content-Length: 5\r\n\r\nv=0\r\n";
    assert_eq!(written, expected);
}

#[test]
fn every_via_is_copied_in_order() {
    let invite = request(invite_with(&[("Via", b"SIP/2.0/TCP a, SIP/2.0/UDP b"), ("v", b"SIP/2.0/TLS c")]));
    let written = Writer::response(200, None).copied(&invite.headers, None).finish();
    let Ok(Message::Response(response)) = read(&written) else { panic!() };
    let vias: Vec<String> = response.headers.items(Name::Via).map(|via| via.to_string()).collect();
    assert_eq!(vias, ["SIP/2.0/TCP a", "SIP/2.0/UDP b", "SIP/2.0/TLS c"]);
    assert_eq!(response.headers.all(Name::Via).count(), 2);
}

#[test]
fn a_tag_is_added_only_to_a_to_that_has_none() {
    let tag_of = |to: &str| {
        let invite = request(invite_with(&[("To", to.as_bytes())]));
        let Ok(Message::Response(response)) =
            read(&Writer::response(200, None).copied(&invite.headers, Some("new")).finish())
        else {
            panic!("{to}")
        };
        response.to.tag().unwrap().to_string()
    };
    for without in ["<sip:a@b;tag=x>", "sip:a@b", "\";tag=x\" <sip:a@b>;y", "\"\\\";tag=x\" <sip:a@b>"] {
        assert_eq!(tag_of(without), "new", "{without}");
    }
    for with in ["<sip:a@b>;tag=old", "sip:a@b;TAG = old", "\"<\" <sip:a@b>;x=\";\";tag=old"] {
        assert_eq!(tag_of(with), "old", "{with}");
    }
}

#[test]
fn what_is_refused_can_be_answered_with_its_own_headers() {
    let Err(Unreadable::Answerable { status, phrase, headers, .. }) =
        read(&file("torture/rfc4475/badinv01.dat"))
    else {
        panic!()
    };
    let written = Writer::response(status, Some(&phrase)).copied(&headers, Some("t")).finish();
    assert!(
        written.starts_with(b"SIP/2.0 400 Bad Via: empty parameter\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n")
    );
}

#[test]
fn a_request_is_read_as_it_was_written() {
    let uri = Uri::parse("sip:bob@192.0.2.4;transport=tcp".into()).unwrap();
    let written = Writer::request(Known::Bye, &uri)
        .header("Via", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKb")
        .header("From", "<sip:a@b>;tag=1")
        .header("To", "<sip:b@c>;tag=2")
        .header("Call-ID", "x")
        .header("CSeq", "2 BYE")
        .header("Reason", "SIP;cause=200")
        .finish_with("text/plain", b"so long");
    let bye = request(&written);
    assert_eq!((bye.method.known(), &bye.uri, bye.cseq), (Some(Known::Bye), &uri, 2));
    assert_eq!((bye.to.tag().unwrap().as_ref(), &bye.body[..]), ("2", &b"so long"[..]));
}

#[test]
fn every_good_message_written_again_reads_the_same() {
    for path in [
        "flows/1-invite.sip",
        "torture/rfc4475/wsinv.dat",
        "torture/rfc4475/intmeth.dat",
        "torture/rfc4475/longreq.dat",
    ] {
        let first = request(file(path));
        let mut writer = Writer::request(Known::Invite, &first.uri);
        for header in
            first.headers.iter().filter(|header| !matches!(header.name, Name::CSeq | Name::ContentLength))
        {
            writer = writer.header(header.raw_name(), header.value);
        }
        let second = request(writer.header("CSeq", format!("{} INVITE", first.cseq)).finish());
        assert_eq!(first.from.uri, second.from.uri, "{path}");
        assert_eq!(format!("{:?}", first.from), format!("{:?}", second.from), "{path}");
        assert_eq!(first.call_id, second.call_id, "{path}");
        assert_eq!(
            first.headers.items(Name::Via).collect::<Vec<_>>(),
            second.headers.items(Name::Via).collect::<Vec<_>>()
        );
    }
}
