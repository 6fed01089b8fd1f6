//! The torture messages of RFC 4475 and RFC 5118 over a real connection each: `tests/torture/README.md` says what is answered.

use std::io::{BufRead, BufReader, Read};
use std::net::{Shutdown, TcpStream};
use std::path::Path;

use crate::agent::Agent;
use crate::peer::{Caller, Peer};

/// What comes back for a message, in order.
enum Heard {
    /// These, and the connection goes on.
    Answers(&'static [u16]),
    /// These, and the connection is closed: where the next message begins cannot be known.
    LastAnswers(&'static [u16]),
    /// Nothing until the rest of the body comes, which never does.
    Waits,
}

use Heard::{Answers, LastAnswers, Waits};

const TABLE: [(&str, Heard); 49] = [
    // It has a To tag, of no dialog.
    ("wsinv", Answers(&[481])),
    ("intmeth", Answers(&[501])),
    ("esc01", Answers(&[100])),
    ("escnull", Answers(&[405])),
    ("esc02", Answers(&[501])),
    ("lwsdisp", Answers(&[200])),
    ("longreq", Answers(&[100])),
    // The second one's description has a line `m =video`, and what stands behind it is no message.
    ("dblreq", LastAnswers(&[405, 400])),
    ("semiuri", Answers(&[200])),
    ("transports", Answers(&[200])),
    ("mpart01", Answers(&[405])),
    ("unreason", Answers(&[])),
    ("noreason", Answers(&[])),
    ("badinv01", Answers(&[400])),
    ("clerr", Waits),
    ("ncl", LastAnswers(&[400])),
    ("scalar02", Answers(&[400])),
    ("scalarlg", Answers(&[])),
    ("quotbal", Answers(&[400])),
    ("ltgtruri", Answers(&[400])),
    ("lwsruri", Answers(&[400])),
    ("lwsstart", Answers(&[400])),
    ("trws", Answers(&[400])),
    ("escruri", Answers(&[400])),
    ("baddate", Answers(&[100])),
    ("regbadct", Answers(&[400])),
    ("badaspec", Answers(&[400])),
    ("baddn", Answers(&[400])),
    ("badvers", Answers(&[505])),
    ("mismatch01", Answers(&[400])),
    ("mismatch02", Answers(&[400])),
    ("bigcode", Answers(&[])),
    ("badbranch", Answers(&[200])),
    ("insuf", Answers(&[400])),
    ("unkscm", Answers(&[416])),
    ("novelsc", Answers(&[416])),
    ("unksm2", Answers(&[405])),
    ("bext01", Answers(&[420])),
    ("invut", Answers(&[415])),
    ("regaut01", Answers(&[405])),
    ("multi01", Answers(&[400])),
    ("mcl01", LastAnswers(&[400])),
    ("bcast", Answers(&[])),
    ("zeromf", Answers(&[200])),
    ("cparam01", Answers(&[405])),
    ("cparam02", Answers(&[405])),
    ("regescrt", Answers(&[405])),
    ("sdp01", Answers(&[406])),
    // On a stream nothing says how long its body is.
    ("inv2543", LastAnswers(&[400])),
];

const IPV6: [(&str, Heard); 12] = [
    ("ipv6-good", Answers(&[405])),
    ("ipv6-bad", Answers(&[400])),
    ("port-ambiguous", Answers(&[405])),
    ("port-unambiguous", Answers(&[405])),
    ("via-received-param-with-delim", Answers(&[481])),
    ("via-received-param-no-delim", Answers(&[200])),
    ("ipv6-in-sdp", Answers(&[100])),
    ("mult-ip-in-header", Answers(&[481])),
    ("mult-ip-in-sdp", Answers(&[100])),
    ("ipv4-mapped-ipv6", Answers(&[100])),
    ("ipv6-bug-abnf-3-colons", Answers(&[200])),
    ("ipv6-correct-abnf-2-colons", Answers(&[200])),
];

/// The head of the next response; `None` at the end of the stream. As text, because some of what is answered has not what
/// every message has, and neither has its answer.
fn next_head(stream: &mut BufReader<&mut TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).unwrap() == 0 {
            assert_eq!(head, "");
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
    Some(head)
}

fn status(head: &str) -> u16 {
    head.strip_prefix("SIP/2.0 ")
        .and_then(|rest| rest.get(..3))
        .unwrap_or_else(|| panic!("{head}"))
        .parse()
        .unwrap()
}

/// Sends a message of an RFC on a connection of its own and gives what is heard on it: the heads of the answers.
fn play(agent: &Agent, (rfc, name): (&str, &str), heard: &Heard) -> Vec<String> {
    let message = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/torture/{rfc}/{name}.dat"));
    let mut peer = Peer::connect(agent);
    peer.send(std::fs::read(message).unwrap());
    let probe = Caller::at(peer.address);
    match heard {
        Answers(_) => peer.send(probe.options()),
        LastAnswers(_) => {}
        Waits => {
            Peer::connect(agent).hears_nothing_but_options();
            peer.socket().shutdown(Shutdown::Write).unwrap();
        }
    }
    let mut stream = BufReader::new(peer.socket());
    let mut heads = Vec::new();
    while let Some(head) = next_head(&mut stream) {
        if head.contains(&probe.call_id) {
            assert_eq!(status(&head), 200, "{name}: the connection goes on");
            return heads;
        }
        heads.push(head);
    }
    assert!(!matches!(heard, Answers(_)), "{name}: the connection was closed after {heads:#?}");
    heads
}

#[test]
fn every_torture_message_is_answered_as_the_rfc_says_and_the_agent_works_on() {
    let agent = Agent::start();
    let mut events = agent.events();
    let mut calls = 0;
    let rfc4475 = TABLE.iter().map(|(name, heard)| ("rfc4475", name, heard));
    let rfc5118 = IPV6.iter().map(|(name, heard)| ("rfc5118", name, heard));
    for (rfc, name, heard) in rfc4475.chain(rfc5118) {
        let expected: &[u16] = match heard {
            Answers(expected) | LastAnswers(expected) => expected,
            Waits => &[],
        };
        let heads = play(&agent, (rfc, name), heard);
        let statuses: Vec<_> = heads.iter().map(|head| status(head)).collect();
        assert_eq!(statuses, expected, "{name}: {heads:#?}");
        calls += expected.iter().filter(|status| **status == 100).count();
    }
    for _ in 0..calls {
        events.next_of("call.offered");
    }
    let mut peer = Peer::connect(&agent);
    let caller = Caller::at(peer.address);
    peer.send(caller.invite());
    peer.answer(100, "INVITE");
    assert_eq!(events.next_of("call.offered")["sip"]["call_id"], caller.call_id);
}

#[test]
fn the_answer_to_a_torture_message_says_what_is_missing() {
    let agent = Agent::start();
    let said = [
        ("bext01", "\r\nUnsupported: nothingSupportsThis, nothingSupportsThisEither\r\n"),
        ("invut", "\r\nAccept: application/sdp, multipart/mixed\r\n"),
        ("escnull", "\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE\r\n"),
        ("insuf", "SIP/2.0 400 Bad message: no From\r\n"),
        ("mismatch01", "SIP/2.0 400 Bad CSeq: not the method of the request\r\n"),
        ("sdp01", "\r\nAccept: application/sdp\r\n"),
        ("badvers", "SIP/2.0 505 SIP Version Not Supported\r\n"),
    ];
    for (name, line) in said {
        let heads = play(&agent, ("rfc4475", name), &Answers(&[]));
        assert!(heads[0].contains(line), "{name}: {heads:#?}");
    }
}
