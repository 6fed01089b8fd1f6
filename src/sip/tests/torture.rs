//! The torture messages of RFC 4475 and RFC 5118, each with the verdict of `tests/torture/README.md`.

use super::{file, read, request, stream};
use crate::sip::{Framed, Message, Request as Asked, Unreadable, sdp};

/// What becomes of a message.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// A good request of that method.
    Request(&'static str),
    /// A good response of that status.
    Response(u16),
    /// Answered with that status and a phrase that begins so.
    Refused(u16, &'static str),
    Dropped,
}
use Verdict::{Dropped, Refused, Request, Response};

const TABLE: [(&str, Verdict); 49] = [
    ("wsinv", Request("INVITE")),
    ("intmeth", Request("!interesting-Method0123456789_*+`.%indeed'~")),
    ("esc01", Request("INVITE")),
    ("escnull", Request("REGISTER")),
    ("esc02", Request("RE%47IST%45R")),
    ("lwsdisp", Request("OPTIONS")),
    ("longreq", Request("INVITE")),
    ("dblreq", Request("REGISTER")),
    ("semiuri", Request("OPTIONS")),
    ("transports", Request("OPTIONS")),
    ("mpart01", Request("MESSAGE")),
    ("unreason", Response(200)),
    ("noreason", Response(100)),
    ("badinv01", Refused(400, "Bad Via: empty parameter")),
    ("clerr", Refused(400, "Bad Content-Length: larger than the body")),
    ("ncl", Refused(400, "Bad Content-Length: not a number")),
    ("scalar02", Refused(400, "Bad CSeq: not a number below 2**31")),
    ("scalarlg", Dropped),
    ("quotbal", Refused(400, "Bad To: unterminated quote")),
    ("ltgtruri", Refused(400, "Bad Request-URI: bad URI scheme")),
    ("lwsruri", Refused(400, "Bad Request-Line: ")),
    ("lwsstart", Refused(400, "Bad Request-Line: ")),
    ("trws", Refused(400, "Bad Request-Line: ")),
    ("escruri", Refused(400, "Bad Request-URI: headers")),
    ("baddate", Request("INVITE")),
    ("regbadct", Refused(400, "Bad Contact: address needs <>")),
    ("badaspec", Refused(400, "Bad To: ")),
    ("baddn", Refused(400, "Bad From: ")),
    ("badvers", Refused(505, "SIP Version Not Supported")),
    ("mismatch01", Refused(400, "Bad CSeq: not the method of the request")),
    ("mismatch02", Refused(400, "Bad CSeq: not the method of the request")),
    ("bigcode", Dropped),
    ("badbranch", Request("OPTIONS")),
    ("insuf", Refused(400, "Bad message: no From")),
    ("unkscm", Request("OPTIONS")),
    ("novelsc", Request("OPTIONS")),
    ("unksm2", Request("REGISTER")),
    ("bext01", Request("OPTIONS")),
    ("invut", Request("INVITE")),
    ("regaut01", Request("REGISTER")),
    ("multi01", Refused(400, "Bad From: there more than once")),
    ("mcl01", Refused(400, "Bad Content-Length: two values that differ")),
    ("bcast", Response(200)),
    ("zeromf", Request("OPTIONS")),
    ("cparam01", Request("REGISTER")),
    ("cparam02", Request("REGISTER")),
    ("regescrt", Request("REGISTER")),
    ("sdp01", Request("INVITE")),
    ("inv2543", Request("INVITE")),
];

/// Those of RFC 5118.
const IPV6: [(&str, Verdict); 12] = [
    ("ipv6-good", Request("REGISTER")),
    ("ipv6-bad", Refused(400, "Bad Request-URI: bad port")),
    ("port-ambiguous", Request("REGISTER")),
    ("port-unambiguous", Request("REGISTER")),
    ("via-received-param-with-delim", Request("BYE")),
    ("via-received-param-no-delim", Request("OPTIONS")),
    ("ipv6-in-sdp", Request("INVITE")),
    ("mult-ip-in-header", Request("BYE")),
    ("mult-ip-in-sdp", Request("INVITE")),
    ("ipv4-mapped-ipv6", Request("INVITE")),
    ("ipv6-bug-abnf-3-colons", Request("OPTIONS")),
    ("ipv6-correct-abnf-2-colons", Request("OPTIONS")),
];

fn message(name: &str) -> Vec<u8> {
    file(&format!("torture/rfc4475/{name}.dat"))
}

fn ipv6_message(name: &str) -> Vec<u8> {
    file(&format!("torture/rfc5118/{name}.dat"))
}

fn ipv6_request(name: &str) -> Asked {
    request(ipv6_message(name))
}

fn assert_is(name: &str, read: &Result<Message, Unreadable>, verdict: &Verdict) {
    let right = match (read, verdict) {
        (Ok(Message::Request(request)), Request(method)) => request.method.as_str() == *method,
        (Ok(Message::Response(response)), Response(status)) => response.status == *status,
        (Err(Unreadable::Answerable { status, phrase, .. }), Refused(expected, start)) => {
            status == expected && phrase.starts_with(start)
        }
        (Err(Unreadable::Dropped { .. }), Dropped) => true,
        _ => false,
    };
    assert!(right, "{name} should be {verdict:?}, but is {read:?}");
}

#[test]
fn every_torture_message_is_judged_right_as_a_datagram() {
    for (name, verdict) in &TABLE {
        assert_is(name, &read(&message(name)), verdict);
    }
}

/// Where a stream differs from a datagram: clerr waits for its body, dblreq is followed by a second message, a faulty or
/// missing Content-Length loses the stream.
#[test]
fn every_torture_message_is_judged_right_on_a_stream() {
    for (name, verdict) in &TABLE {
        let mut framed = stream(&message(name));
        // The line end behind some of them.
        framed.retain(|framed| !matches!(framed, Framed::Pong));
        match (*name, &framed[..]) {
            ("clerr", []) => {}
            ("inv2543", [Framed::Lost(lost)]) => {
                assert_is(name, &Err(lost.clone()), &Refused(400, "Bad message: no Content-Length"));
            }
            ("ncl" | "mcl01", [Framed::Lost(lost)]) => assert_is(name, &Err(lost.clone()), verdict),
            // The second one's body is two bytes longer than it says.
            ("dblreq", [Framed::Message(first), Framed::Message(second), Framed::Lost(_)]) => {
                assert_is(name, first, verdict);
                assert_is(name, second, &Request("INVITE"));
            }
            (_, [Framed::Message(read)]) => assert_is(name, read, verdict),
            _ => panic!("{name}: {framed:?}"),
        }
    }
}

#[test]
fn every_ipv6_torture_message_is_judged_right_as_a_datagram_and_on_a_stream() {
    for (name, verdict) in &IPV6 {
        assert_is(name, &read(&ipv6_message(name)), verdict);
        let framed = stream(&ipv6_message(name));
        let [Framed::Message(read)] = &framed[..] else { panic!("{name}: {framed:?}") };
        assert_is(name, read, verdict);
    }
}

#[test]
fn what_stands_in_brackets_is_the_address_and_what_stands_behind_them_is_the_port() {
    for (name, host, port) in [
        ("ipv6-good", "2001:db8::10", None),
        ("port-ambiguous", "2001:db8::10:5070", None),
        ("port-unambiguous", "2001:db8::10", Some(5070)),
        ("ipv6-correct-abnf-2-colons", "2001:db8::c000:201", None),
    ] {
        let request = ipv6_request(name);
        assert_eq!((&*request.uri.host(), request.uri.port()), (host, port), "{name}");
    }
    let via = ipv6_request("ipv4-mapped-ipv6").via;
    assert_eq!((&*via.host, via.port), ("::ffff:192.0.2.10", Some(19823)));
}

#[test]
fn a_received_is_an_ipv6_address_with_and_without_brackets() {
    for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
        assert_eq!(ipv6_request(name).via.received.as_deref(), Some("2001:db8::9:255"), "{name}");
    }
}

#[test]
fn an_ipv6_address_by_the_grammar_of_rfc_3261_is_the_one_that_was_meant() {
    let (three, two) = (ipv6_request("ipv6-bug-abnf-3-colons"), ipv6_request("ipv6-correct-abnf-2-colons"));
    assert!(three.uri.is_same(&two.uri) && three.to.uri.is_same(&two.to.uri));
    assert_eq!(three.uri.host(), two.uri.host());
    assert_eq!(three.uri.as_str(), "sip:user@[2001:db8:::192.0.2.1]", "but it is carried as it came");
}

#[test]
fn descriptions_with_ipv6_addresses_are_answered() {
    let local = |codec: &str| sdp::Local {
        media: None,
        fallback: "2001:db8::10".parse().unwrap(),
        codecs: vec![codec.to_owned()].into(),
        session_id: 1,
        version: 1,
    };
    for (name, codec) in
        [("ipv6-in-sdp", "G726-32"), ("mult-ip-in-sdp", "PCMU"), ("ipv4-mapped-ipv6", "G726-32")]
    {
        let offer = ipv6_request(name).body;
        let answer = sdp::answer(&offer, &local(codec)).unwrap();
        assert_eq!(sdp::check(&answer, Some(&offer)), Ok(()), "{name}");
        assert!(answer.contains("c=IN IP6 2001:db8::10\r\n"), "{answer}");
    }
}
