//! What stands between two messages: pings, pongs, and line ends that mean nothing (RFC 5626 §3.5.1).

use super::*;

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
    framer.push(b"\r\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Pong]));
    framer.push(options("Content-Length: 0\r\n\r\n\r\n").as_bytes());
    assert!(matches!(all(&mut framer)[..], [Framed::Message(Ok(_)), Framed::Pong]));
    framer.push(b"\r\n\r\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Ping, Framed::Pong, Framed::Pong]), "three line ends");
}

#[test]
fn a_ping_is_one_in_any_pieces() {
    for pieces in [&["\r\n", "\r\n"][..], &["\r\n", "\r", "\n"], &["\r", "\n\r\n"], &["\r", "\n\r", "\n"]] {
        let mut framer = framer();
        for _ in 0..2 {
            let framed: Vec<_> = pieces
                .iter()
                .flat_map(|piece| {
                    framer.push(piece.as_bytes());
                    all(&mut framer)
                })
                .collect();
            let pings = framed.iter().filter(|framed| matches!(framed, Framed::Ping)).count();
            assert_eq!(pings, 1, "{pieces:?}: {framed:?}");
        }
    }
}

#[test]
fn the_second_of_two_line_ends_may_be_a_pong_too() {
    let mut framer = framer();
    framer.push(b"\r\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Pong]));
    framer.push(b"\r\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Ping, Framed::Pong]));
    framer.push(b"\r\n");
    assert!(matches!(all(&mut framer)[..], [Framed::Pong]), "a third one is none of them");
    framer.push(options("Content-Length: 0\r\n\r\n\r\n").as_bytes());
    assert!(
        matches!(all(&mut framer)[..], [Framed::Message(Ok(_)), Framed::Pong]),
        "nor one behind a message"
    );
}
