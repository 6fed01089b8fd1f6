//! Text that comes by HTTP cannot begin a header or a message of SIP: it is refused, and nothing is sent.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::peer::{Caller, Peer, offered, respond};

/// What ends a line or a text somewhere, with what would be injected.
const ENDS: [&str; 7] = [
    "a\r\nX-Injected: 1",
    "a\nX-Injected: 1",
    "a\rX-Injected: 1",
    "a\r\n\r\nOPTIONS sip:injected SIP/2.0",
    "a\0b",
    "a\u{7f}b",
    "a\u{85}b",
];

/// The same, and what is too long.
fn bad_texts() -> Vec<String> {
    ENDS.iter().map(|text| (*text).to_owned()).chain(["x".repeat(5000)]).collect()
}

fn sdp_with(text: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns={text}\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
    )
}

/// Commands to a call that nobody has answered, each with the text in another place, and how they are refused.
fn commands(text: &str) -> Vec<(&'static str, Value, &'static str)> {
    let header = |command| (command, json!({"headers": [{"name": "X-A", "value": text}]}), "invalid-header");
    let named = |command| (command, json!({"headers": {text: "1"}}), "invalid-header");
    let mut commands: Vec<_> = ["ring", "accept", "reject", "hangup"]
        .into_iter()
        .flat_map(|command| [header(command), named(command)])
        .collect();
    commands.extend([
        ("reject", json!({"reason": text}), "invalid-field"),
        ("reject", json!({"status": 302, "contacts": [format!("sip:{text}@127.0.0.1")]}), "invalid-field"),
        ("reject", json!({"status": 302, "contacts": [format!("http://127.0.0.1/{text}")]}), "invalid-field"),
        ("hangup", json!({"reason": {"protocol": text}}), "invalid-field"),
        ("hangup", json!({"reason": {"protocol": "SIP", "cause": 200, "text": text}}), "invalid-field"),
        ("claim", json!({"owner": text, "ttl_seconds": 60}), "invalid-field"),
    ]);
    commands
}

#[test]
fn a_command_cannot_inject_into_a_response() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    for text in bad_texts() {
        for (command, body, code) in commands(&text) {
            let answer = agent.tell(&id, command, &body.to_string());
            let detail = answer.detail();
            assert_eq!(answer.problem(), (422, code.to_owned()), "{command} {body}");
            assert!(!detail.contains(['\r', '\n', '\0']) && detail.len() < 500, "{command} {body}: {detail}");
        }
    }
    for command in ["ring", "accept"] {
        let answer = agent.tell(&id, command, &json!({"sdp": sdp_with("a\0b")}).to_string());
        assert_eq!(answer.problem(), (422, "invalid-sdp".to_owned()));
    }
    for (name, value) in
        [("Via", "x"), ("v", "x"), ("Content-Length", "0"), ("a b", "x"), ("X-A:", "x"), ("", "x")]
    {
        let answer =
            agent.tell(&id, "ring", &json!({"headers": [{"name": name, "value": value}]}).to_string());
        assert_eq!(answer.problem(), (422, "invalid-header".to_owned()), "{name}");
    }
    for contact in
        ["sip:a@127.0.0.1>;q=1,<sip:evil@127.0.0.1", "<sip:a@127.0.0.1>", "sip:a b@127.0.0.1", "sip:a@h\"x\""]
    {
        let answer = agent.tell(&id, "reject", &json!({"status": 302, "contacts": [contact]}).to_string());
        assert_eq!(answer.problem(), (422, "invalid-field".to_owned()), "{contact}");
    }
    // Of all that nothing was sent: the next message is the answer to what comes now.
    peer.hears_nothing_but_options();
    assert_eq!(agent.tell(&id, "reject", "").status, 200);
    peer.answer(486, "INVITE");
}

#[test]
fn a_new_call_cannot_inject_into_a_request() {
    let agent = Agent::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let to = format!("sip:1001@{at};transport=tcp");
    for text in bad_texts() {
        for (field, value, code) in [
            ("headers", json!({"X-A": text}), "invalid-header"),
            ("headers", json!({&text: "1"}), "invalid-header"),
            ("to", json!(format!("sip:{text}@{at};transport=tcp")), "invalid-field"),
            ("to", json!(format!("sip:1001@{at};transport=tcp;x={text}")), "invalid-field"),
            ("to", json!(format!("sip:1001@{at};transport=tcp?X-A={text}")), "invalid-field"),
            ("from", json!(format!("sip:{text}@pbx.example.com")), "invalid-field"),
            ("from", json!(format!("\"{text}\" <sip:1000@pbx.example.com>")), "invalid-field"),
            ("account", json!(text), "invalid-field"),
        ] {
            let mut body = json!({"to": to});
            body[field] = value;
            let answer = agent.post("/v1/calls", &body.to_string());
            assert_eq!(answer.problem(), (422, code.to_owned()), "{field} {text:?}");
        }
    }
    let sdp = json!({"to": to, "sdp": sdp_with("a\0b")});
    assert_eq!(agent.post("/v1/calls", &sdp.to_string()).problem(), (422, "invalid-sdp".to_owned()));
    for (field, value) in [
        ("to", format!("sip:1001@{at}>;tag=evil")),
        ("from", "\"a\" <sip:1000@pbx.example.com>;tag=evil".to_owned()),
        ("from", "\"a\" <sip:1000@pbx.example.com>, <sip:evil@pbx.example.com>".to_owned()),
        ("from", "\"a <sip:1000@pbx.example.com>".to_owned()),
    ] {
        let mut body = json!({"to": to});
        body[field] = json!(value);
        assert_eq!(agent.post("/v1/calls", &body.to_string()).status, 422, "{field} {value}");
    }
    // Of all that nothing was sent, and nobody was connected to: the first to come is the good one.
    let good = json!({"to": to, "headers": {"X-Good": "1"}});
    assert_eq!(agent.post("/v1/calls", &good.to_string()).status, 201);
    let mut peer = Peer::accept(&listener);
    let invite = peer.request("INVITE");
    assert_eq!(invite.headers.named("X-Good").unwrap().text().to_string(), "1");
    peer.send(respond(&invite, 486));
    peer.request("ACK");
}
