//! A stream comes in any pieces.

use super::*;
use crate::sip::Request;
use crate::sip::tests::file;

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\n\
    To: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n";

fn options(more: &str) -> String {
    format!("{OPTIONS}{more}")
}

fn framer() -> Framer {
    Framer::new(Limits::default())
}

fn all(framer: &mut Framer) -> Vec<Framed> {
    std::iter::from_fn(|| framer.next()).collect()
}

fn stream(bytes: &str) -> Vec<Framed> {
    let mut framer = framer();
    framer.push(bytes.as_bytes());
    all(&mut framer)
}

fn request(framed: Framed) -> Request {
    match framed {
        Framed::Message(Ok(Message::Request(request))) => *request,
        other => panic!("not a request: {other:?}"),
    }
}

fn lost(framed: &[Framed]) -> (u16, &str) {
    match framed {
        [Framed::Lost(Unreadable::Answerable { status, phrase, .. })] => (*status, phrase),
        other => panic!("not lost: {other:?}"),
    }
}

#[test]
fn a_message_cut_anywhere_is_the_same_message() {
    let invite = file("flows/1-invite.sip");
    let mut whole = framer();
    whole.push(&invite);
    let whole = format!("{:?}", all(&mut whole));
    for cut in 1..invite.len() {
        let mut framer = framer();
        framer.push(&invite[..cut]);
        assert!(framer.next().is_none(), "complete after {cut} bytes");
        framer.push(&invite[cut..]);
        assert_eq!(format!("{:?}", all(&mut framer)), whole, "cut at {cut}");
    }
}

#[test]
fn a_flow_that_comes_byte_by_byte_is_the_same_flow() {
    let flow: Vec<u8> = ["1-invite", "4-cancel", "2-trying", "6-terminated"]
        .iter()
        .flat_map(|name| file(&format!("flows/{name}.sip")))
        .collect();
    let mut at_once = framer();
    at_once.push(&flow);
    let mut slowly = framer();
    let framed = flow.iter().flat_map(|byte| {
        slowly.push(&[*byte]);
        all(&mut slowly)
    });
    let framed: Vec<Framed> = framed.collect();
    assert_eq!(framed.len(), 4);
    assert_eq!(format!("{framed:?}"), format!("{:?}", all(&mut at_once)));
}

#[test]
fn the_end_of_a_head_is_not_looked_for_twice_in_the_same_bytes() {
    let mut framer = framer();
    for pushed in 1..=20_000 {
        framer.push(b"x");
        assert!(framer.next().is_none());
        assert!(matches!(framer.state, State::Head { searched } if searched == pushed));
    }
}

#[test]
fn line_ends_between_messages_are_told_and_line_feeds_skipped() {
    let message = options("Content-Length: 0\r\n\r\n");
    let framed = stream(&format!("\r\n{message}\r\n{message}\n\n{message}\r\n"));
    let is_pong = |framed: &Framed| matches!(framed, Framed::Pong);
    let pongs: Vec<_> = framed.iter().map(is_pong).collect();
    assert_eq!(pongs, [true, false, true, false, false, true]);
    let messages = framed.into_iter().filter(|framed| !is_pong(framed));
    messages.for_each(|framed| assert_eq!(request(framed).call_id, "c"));
}

#[test]
fn every_double_line_end_between_messages_is_a_ping() {
    let message = options("Content-Length: 0\r\n\r\n");
    let framed = stream(&format!("\r\n\r\n\r\n\r\n\r\n{message}\r\n\r\n"));
    assert!(matches!(framed[..], [Framed::Ping, Framed::Ping, Framed::Pong, _, Framed::Ping]));
}

#[test]
fn a_ping_that_comes_in_two_pieces_is_one_ping() {
    let mut framer = framer();
    framer.push(b"\r\n\r");
    assert!(framer.next().is_none());
    framer.push(b"\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Ping]));
}

#[test]
fn a_ping_that_comes_byte_by_byte_is_one_ping() {
    let mut framer = framer();
    for byte in b"\r\n\r" {
        framer.push(&[*byte]);
        assert!(framer.next().is_none());
    }
    framer.push(b"\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Ping]));
}

#[test]
fn a_pong_is_told_as_soon_as_it_is_here() {
    let mut framer = framer();
    for _ in 0..2 {
        framer.push(b"\r\n");
        assert!(matches!(all(&mut framer)[..], [Framed::Pong]));
    }
    framer.push(options("Content-Length: 0\r\n\r\n\r\n").as_bytes());
    assert!(matches!(all(&mut framer)[..], [Framed::Message(Ok(_)), Framed::Pong]));
    framer.push(b"\r\n\r\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Ping]));
}

#[test]
fn lines_may_end_with_lf_alone_if_all_do() {
    let message = options("Content-Length: 2\r\n\r\n").replace("\r\n", "\n") + "hi";
    let framed = stream(&message).remove(0);
    assert_eq!(request(framed).body, "hi");
}

#[test]
fn a_lone_lf_in_a_message_with_crlf_loses_the_stream() {
    let framed = stream(&options("X: a\n\nContent-Length: 0\r\n\r\n"));
    assert_eq!(lost(&framed), (400, "Bad message: lone CR or LF"));
    let framed = stream(&options("X: a\rContent-Length: 5\r\n\r\n"));
    assert_eq!(lost(&framed), (400, "Bad message: lone CR or LF"));
}

#[test]
fn content_length_is_read_in_any_form() {
    for header in ["Content-Length: 3", "l:3", "CONTENT-LENGTH  :\r\n 003", "l: 3\r\nContent-Length: 3"] {
        let mut framed = stream(&options(&format!("{header}\r\n\r\nabcSIP/2.0")));
        assert_eq!(framed.len(), 1, "{header}");
        assert_eq!(request(framed.remove(0)).body, "abc", "{header}");
    }
}

#[test]
fn a_content_length_that_is_none_loses_the_stream() {
    for value in ["-1", "+1", "1x", "0x1", "", "1, 1", "1 1"] {
        let framed = stream(&options(&format!("Content-Length: {value}\r\n\r\n")));
        assert_eq!(lost(&framed), (400, "Bad Content-Length: not a number"), "{value}");
    }
    let framed = stream(&options("Content-Length: 1\r\nl: 2\r\n\r\nab"));
    assert_eq!(lost(&framed), (400, "Bad Content-Length: two values that differ"));
}

#[test]
fn without_content_length_there_is_no_body_unless_there_is_its_type() {
    let mut framed = stream(&options("\r\n"));
    assert_eq!(request(framed.remove(0)).body, "");
    let framed = stream(&options("Content-Type: text/plain\r\n\r\nhello"));
    assert_eq!(lost(&framed), (400, "Bad message: no Content-Length"));
}

#[test]
fn a_body_over_the_limit_is_answered_413_before_it_comes() {
    let limits = Limits { head: 1000, body: 10 };
    for length in ["11", "4294967296", "99999999999999999999999999"] {
        let mut framer = Framer::new(limits);
        framer.push(options(&format!("Content-Length: {length}\r\n\r\n")).as_bytes());
        assert_eq!(lost(&all(&mut framer)), (413, "Request Entity Too Large"));
    }
    let mut framer = Framer::new(limits);
    framer.push(options("Content-Length: 10\r\n\r\n0123456789").as_bytes());
    assert!(matches!(all(&mut framer)[..], [Framed::Message(Ok(_))]));
}

#[test]
fn a_head_over_the_limit_is_answered_400_in_any_pieces() {
    let message = options(&format!("X: {}\r\n\r\n", "x".repeat(1000)));
    let limits = Limits { head: 1000, body: 10 };
    for size in [1, 7, 999, 1000, 1001, message.len()] {
        let mut framer = Framer::new(limits);
        let framed = message.as_bytes().chunks(size).flat_map(|piece| {
            framer.push(piece);
            all(&mut framer)
        });
        let framed: Vec<Framed> = framed.collect();
        assert_eq!(lost(&framed), (400, "Bad message: headers too large"), "in pieces of {size}");
    }
    let mut framer = Framer::new(Limits { head: message.len(), body: 10 });
    framer.push(message.as_bytes());
    assert!(matches!(all(&mut framer)[..], [Framed::Message(Ok(_))]));
}

#[test]
fn what_is_not_sip_loses_the_stream_unanswered() {
    for garbage in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\r\n\r\n",
        "v=0\r\no=- 0 0 IN IP4 1.1.1.1\r\n\r\n",
    ] {
        let framed = stream(garbage);
        assert!(matches!(framed[..], [Framed::Lost(Unreadable::Dropped { .. })]), "{framed:?}");
    }
}

#[test]
fn a_lost_stream_gives_nothing_more_and_keeps_nothing() {
    let mut framer = framer();
    framer.push(options("Content-Length: x\r\n\r\n").as_bytes());
    assert_eq!(all(&mut framer).len(), 1);
    framer.push(options("Content-Length: 0\r\n\r\n").as_bytes());
    assert!(framer.next().is_none());
    assert_eq!(framer.buffer.capacity(), 0);
}

#[test]
fn a_bad_message_that_is_whole_does_not_lose_the_stream() {
    let bad = options("no colon here\r\nContent-Length: 2\r\n\r\nhi");
    let framed = stream(&(bad + &options("Content-Length: 0\r\n\r\n")));
    let [Framed::Message(Err(Unreadable::Answerable { phrase, .. })), Framed::Message(Ok(_))] = &framed[..]
    else {
        panic!("{framed:?}");
    };
    assert_eq!(*phrase, "Bad message: header line without a name and a colon");
}

#[test]
fn a_message_with_too_many_headers_ends_where_it_says() {
    let body = options("Content-Length: 0\r\n\r\n");
    let many = options(&format!("{}Content-Length: {}\r\n\r\n{body}", "X: y\r\n".repeat(300), body.len()));
    let framed = stream(&many.repeat(2));
    let [Framed::Message(Err(first)), Framed::Message(Err(_))] = &framed[..] else { panic!("{framed:?}") };
    assert!(
        matches!(first, Unreadable::Answerable { phrase, .. } if *phrase == "Bad message: too many headers")
    );
}

#[test]
fn a_large_message_leaves_no_memory_behind() {
    let body = "x".repeat(200_000);
    let mut framer = framer();
    framer.push(options(&format!("Content-Length: {}\r\n\r\n{body}", body.len())).as_bytes());
    assert_eq!(request(framer.next().unwrap()).body.len(), body.len());
    assert!(framer.buffer.capacity() <= KEPT);
}

#[test]
fn what_is_held_is_one_message_and_the_last_push() {
    let limits = Limits { head: 1000, body: 1000 };
    let mut framer = Framer::new(limits);
    let message = options("Content-Length: 900\r\n\r\n") + &"b".repeat(900);
    for piece in message.repeat(50).as_bytes().chunks(100) {
        framer.push(piece);
        while framer.next().is_some() {}
        assert!(framer.pending().len() <= limits.head + limits.body);
        assert!(framer.buffer.len() <= limits.head + limits.body + 100);
    }
}

#[test]
fn a_message_holds_its_own_bytes_only() {
    let mut framer = framer();
    framer.push(options("Content-Length: 2\r\n\r\nhi").repeat(2).as_bytes());
    let body = request(framer.next().unwrap()).body;
    assert!(!framer.pending().is_empty());
    assert!(!framer.buffer.as_ptr_range().contains(&body.as_ptr()));
}

#[test]
fn only_bytes_of_a_message_that_is_not_whole_count_as_begun() {
    let mut framer = framer();
    let message = options("Content-Length: 3\r\n\r\nabc");
    framer.push(b"\r\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Pong]));
    assert_eq!(framer.begun(), 0);
    for (count, byte) in (1..).zip(&message.as_bytes()[..message.len() - 1]) {
        framer.push(&[*byte]);
        assert!(framer.next().is_none());
        assert_eq!(framer.begun(), count);
    }
    framer.push(b"c\r");
    assert!(framer.next().is_some());
    assert_eq!(framer.begun(), 0);
}
