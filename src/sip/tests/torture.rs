//! The torture messages of RFC 4475, each with the verdict of `tests/torture/README.md`.

use super::{file, read, stream};
use crate::sip::{Framed, Message, Unreadable};

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

fn message(name: &str) -> Vec<u8> {
    file(&format!("torture/rfc4475/{name}.dat"))
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
