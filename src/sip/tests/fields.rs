//! Reason, media types, numbers, Contact lists.

use super::{file, invite_with, request};
use crate::sip::{Name, NameAddr, Reason};

fn reasons(value: &str) -> Vec<Reason> {
    request(invite_with(&[("Reason", value.as_bytes())])).headers.reasons().collect()
}

#[test]
fn reasons_are_read_into_protocol_cause_and_text() {
    let cancel = request(file("flows/4-cancel.sip"));
    let reason = cancel.headers.reasons().next().unwrap();
    assert_eq!(
        (&*reason.protocol, reason.cause, reason.text.as_deref()),
        ("SIP", Some(487), Some("ORIGINATOR_CANCEL"))
    );
}

#[test]
fn a_reason_header_may_have_several_values_and_bare_ones() {
    let all = reasons("Q.850 ;cause=16 ;text=\"a, \\\"b\\\"\", SIP;text=Bye;cause=x, Preemption");
    let all: Vec<_> =
        all.iter().map(|reason| (&*reason.protocol, reason.cause, reason.text.as_deref())).collect();
    assert_eq!(
        all,
        [("Q.850", Some(16), Some("a, \"b\"")), ("SIP", None, Some("Bye")), ("Preemption", None, None)]
    );
    assert!(reasons(";cause=16").is_empty());
}

#[test]
fn media_types_are_compared_without_case_and_parameters() {
    for value in
        ["application/sdp", "Application / SDP", "application/sdp;charset=utf-8", "application/sdp ; x"]
    {
        assert!(
            request(invite_with(&[("c", value.as_bytes())])).headers.content_is("application/sdp"),
            "{value}"
        );
    }
    for value in ["application/sdpx", "application", "text/sdp", "application/sdp x", ""] {
        assert!(
            !request(invite_with(&[("c", value.as_bytes())])).headers.content_is("application/sdp"),
            "{value}"
        );
    }
}

#[test]
fn accept_takes_ranges_and_sdp_if_it_is_missing() {
    let accepts = |value: &str| {
        request(invite_with(&[("Accept", value.as_bytes())])).headers.accepts("application/sdp")
    };
    assert!(accepts("application/sdp;level=1, application/x-private"));
    assert!(accepts("text/plain, application/*") && accepts("*/*;q=0.1"));
    assert!(!accepts("text/nobodyKnowsThis") && !accepts(""));
    assert!(request(invite_with(&[])).headers.accepts("application/sdp"));
}

#[test]
fn numbers_are_read_to_the_end_of_the_number() {
    let number = |value: &str| {
        request(invite_with(&[("Retry-After", value.as_bytes())])).headers.number(Name::RetryAfter)
    };
    assert_eq!(number("18000;duration=3600"), Some(18000));
    assert_eq!(number("120 (I'm in a meeting)"), Some(120));
    assert_eq!((number("12x"), number("x"), number("")), (None, None, None));
    assert_eq!((number("99999999999"), number("99999999999x")), (Some(u32::MAX), None));
}

fn contacts(values: &[&str]) -> Vec<NameAddr> {
    let headers: Vec<_> = values.iter().map(|value| ("Contact", value.as_bytes())).collect();
    request(invite_with(&headers)).headers.addresses(Name::Contact)
}

#[test]
fn every_contact_is_read_with_its_parameters() {
    let all = contacts(&[
        "\"a, b\" <sip:a@192.0.2.1:5060;ob>;expires=3600;+sip.instance=\"<urn:uuid:1>\", sip:b@c;EXPIRES = 60 ;q=0.5",
        "<sip:d@e>;x;expires",
    ]);
    let read: Vec<_> = all.iter().map(|contact| (contact.uri.as_str(), contact.expires())).collect();
    assert_eq!(read, [("sip:a@192.0.2.1:5060;ob", Some(3600)), ("sip:b@c", Some(60)), ("sip:d@e", None)]);
    assert_eq!(
        [all[0].param("+SIP.Instance"), all[1].param("Q")],
        ["<urn:uuid:1>", "0.5"].map(|text| Some(text.into()))
    );
    assert_eq!([all[2].param("x"), all[2].param("y"), all[0].param("ob")], [Some("".into()), None, None]);
    assert!(contacts(&["*"]).is_empty());
}

#[test]
fn a_parameter_is_read_as_the_whole_value_is() {
    // Wide by its display name, in which each character has two bytes: so is what looks like UTF-8 behind it.
    let value = [&b"\"\xd5\xc5\" <sip:a@b>;x=\""[..], "中".as_bytes(), b"\\\";expires=60;y=\"q\""].concat();
    let message = request(invite_with(&[("Contact", &value)]));
    assert_eq!(message.contact.expect("a contact").expires(), Some(60));
}

#[test]
fn an_expiry_that_is_no_number_is_none() {
    let expires = |value: &str| contacts(&[&format!("<sip:a@b>;expires={value}")])[0].expires();
    assert_eq!((expires("0"), expires("4294967295"), expires("\"60\"")), (Some(0), Some(u32::MAX), Some(60)));
    assert_eq!((expires("4294967296"), expires("-1"), expires("1h"), expires("")), (None, None, None, None));
}

#[test]
fn many_contacts_are_all_read_in_order() {
    let many: Vec<String> =
        (0..1000).map(|number| format!("<sip:alice@192.0.2.1:{}>;expires={number}", 1024 + number)).collect();
    let (first, second) = many.split_at(400);
    let read = contacts(&[&first.join(","), &second.join(" , ")]);
    let expires: Vec<_> = read.iter().filter_map(NameAddr::expires).collect();
    assert_eq!(expires, (0..1000).collect::<Vec<u32>>());
}
