//! What happened to a call, on one clock, as people and Wireshark read it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::{Value, json};

use crate::agent::{Agent, PATIENCE};
use crate::kamailio::Kamailio;
use crate::peer::{Caller, OFFER, Peer, offered};
use crate::scratch::Folder;

/// A resource, read whole: its head and its body.
fn fetch(agent: &Agent, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(agent.http).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

fn timeline(agent: &Agent, call: &str, format: &str) -> (String, String) {
    let (head, body) = fetch(agent, &format!("/v1/calls/{call}/timeline?format={format}"));
    assert!(head.starts_with("HTTP/1.0 200") || head.starts_with("HTTP/1.1 200"), "{head}");
    (head, String::from_utf8_lossy(&body).into_owned())
}

/// The SIP messages that Wireshark sees in a call's capture: methods and statuses.
fn dissected(agent: &Agent, call: &str) -> Vec<String> {
    let folder = Folder::new("timeline");
    let file = folder.file("call.pcapng");
    std::fs::write(&file, fetch(agent, &format!("/v1/calls/{call}/timeline?format=pcapng")).1).unwrap();
    let checks =
        ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];
    let fields = ["-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code", "-e", "_ws.expert.message"];
    let output = Command::new("tshark").args(["-r", &file]).args(checks).args(fields).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(
        !lines.to_lowercase().contains("bad checksum") && !lines.to_lowercase().contains("malformed"),
        "{lines}"
    );
    lines.lines().map(|line| line.split('\t').take(2).collect::<String>()).collect()
}

/// What it is in one word.
fn word(entry: &Value) -> String {
    let text = match entry["kind"].as_str().unwrap() {
        "sip" => entry["summary"].as_str().unwrap().split(' ').next().unwrap(),
        "command" => entry["name"].as_str().unwrap(),
        _ => entry["type"].as_str().unwrap(),
    };
    text.to_owned()
}

#[test]
fn a_call_from_its_invite_to_its_bye() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let invite = caller.invite();
    let id = offered(&mut events, &mut peer, &caller);
    assert_eq!(agent.command(&id, "ring", json!({})).0, 200);
    peer.answer(180, "INVITE");
    assert_eq!(agent.command(&id, "accept", json!({"wait": "sent"})).0, 200);
    caller.learn(&peer.answer(200, "INVITE"));
    peer.send(caller.ack());
    events.next_of("call.established");
    assert_eq!(agent.command(&id, "ring", json!({})).0, 409);
    peer.send(caller.next("BYE", "", ""));
    peer.answer(200, "BYE");
    events.next_of("call.ended");

    let story = agent.read(&format!("/v1/calls/{id}/timeline")).json();
    let entries = story["entries"].as_array().unwrap();
    let words: Vec<_> = entries.iter().map(word).collect();
    assert_eq!(
        words,
        [
            "INVITE",
            "call.offered",
            "100",
            "ring",
            "call.ringing",
            "180",
            "accept",
            "call.accepted",
            "200",
            "ACK",
            "call.established",
            "ring",
            "BYE",
            "call.ended",
            "200"
        ]
    );
    assert!(entries.iter().map(|entry| entry["at"].as_str().unwrap()).is_sorted());
    assert_eq!(story["sip_call_id"], caller.call_id);
    assert_eq!(entries[0]["message"], invite);
    assert_eq!(
        (&entries[0]["peer"], &entries[0]["transport"]),
        (&json!(peer.address.to_string()), &json!("tcp"))
    );
    assert!(entries[3]["refusal"].is_null() && entries[11]["refusal"].is_string(), "{entries:?}");

    let on_the_wire = ["INVITE", "100", "180", "200", "ACK", "BYE", "200"];
    assert_eq!(dissected(&agent, &id), on_the_wire);
    let (head, text) = timeline(&agent, &id, "text");
    assert!(head.contains("text/plain") && text.contains("── INVITE (SDP) ─"), "{text}");
    let (head, diagram) = timeline(&agent, &id, "mermaid");
    assert!(head.contains("text/vnd.mermaid") && diagram.starts_with("sequenceDiagram\n"), "{diagram}");
    let (head, _) = timeline(&agent, &id, "pcapng");
    assert!(head.contains(&format!("filename=\"{id}.pcapng\"")), "{head}");
    let wrong = agent.read(&format!("/v1/calls/{id}/timeline?format=xml"));
    assert_eq!(wrong.problem(), (400, "malformed".to_owned()));
    assert!(wrong.detail().contains("pcapng"), "{}", wrong.body);
}

#[test]
fn what_comes_behind_a_message_that_was_too_long_to_keep_is_still_read() {
    let agent = Agent::start();
    for length in [20_000, 100_000] {
        let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
        let mut caller = Caller::at(peer.address);
        let offer = format!("{OFFER}a=x-pad:{}\r\n", "x".repeat(length));
        peer.send(caller.request("INVITE", "Content-Type: application/sdp\r\n", &offer));
        peer.answer(100, "INVITE");
        let id = events.next_of("call.offered")["id"].as_str().unwrap().to_owned();
        assert_eq!(agent.command(&id, "accept", json!({"wait": "sent"})).0, 200);
        caller.learn(&peer.answer(200, "INVITE"));
        peer.send(caller.ack());
        peer.send(caller.next("BYE", "", ""));
        peer.answer(200, "BYE");
        events.next_of("call.ended");
        assert_eq!(dissected(&agent, &id), ["INVITE", "100", "200", "ACK", "BYE", "200"], "{length}");
    }
}

#[test]
fn what_answers_a_challenge_is_in_none_of_the_forms_whatever_the_transport() {
    let kamailio = Kamailio::start();
    for transport in ["udp", "tcp", "tls"] {
        let folder = Folder::new("timeline");
        let registrar = if transport == "tls" { kamailio.tls } else { kamailio.sip };
        let settings = format!(
            "tls_ca = \"{}\"\n[[account]]\nid = \"desk\"\nregistrar = \"sip:{registrar};transport={transport}\"\n\
             user = \"1000\"\npassword = \"{}\"\n",
            kamailio.authority.file(),
            Kamailio::password("1000")
        );
        std::fs::write(folder.file("agent.toml"), settings).unwrap();
        let listen = "tcp://127.0.0.1:0,udp://127.0.0.1:0";
        let agent = Agent::start_with(&["--sip-listen", listen, "--config", &folder.file("agent.toml")]);
        let mut events = agent.events_after("earliest");
        while events.next_with("registration.changed", "account")["state"] != "registered" {}
        let (status, call) = agent.ask("/v1/calls", json!({"to": "1999"}));
        assert_eq!(status, 201, "{call}");
        let id = call["id"].as_str().unwrap();
        events.next_of("call.ended");
        let words = dissected(&agent, id);
        assert_eq!(words.iter().filter(|word| *word == "INVITE").count(), 2, "{words:?}");
        assert!(words.contains(&"407".to_owned()), "{transport}: {words:?}");
        for format in ["json", "text", "mermaid", "pcapng"] {
            let (_, body) = timeline(&agent, id, format);
            assert!(!body.contains("response=") && !body.contains(&Kamailio::password("1000")), "{body}");
        }
        assert!(timeline(&agent, id, "json").1.contains("Proxy-Authorization: ****"));
    }
}

#[test]
fn without_memory_for_it_and_after_a_restart_there_are_the_events() {
    let folder = Folder::new("timeline");
    let data = folder.file("data");
    for (flags, expected) in [
        (vec!["--timeline-bytes", "0"], vec!["call.offered"]),
        (vec!["--data-dir", data.as_str()], vec!["INVITE", "call.offered", "100"]),
    ] {
        let agent = Agent::start_with(&flags);
        let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
        let caller = Caller::at(peer.address);
        let id = offered(&mut events, &mut peer, &caller);
        let words = |agent: &Agent| {
            let story = agent.read(&format!("/v1/calls/{id}/timeline")).json();
            story["entries"].as_array().unwrap().iter().map(word).collect::<Vec<_>>()
        };
        assert_eq!(words(&agent), expected);
        if flags[0] == "--data-dir" {
            agent.signal("KILL");
            agent.ends();
            let agent = Agent::start_with(&flags);
            agent.events_after("earliest").next_of("call.ended");
            assert_eq!(words(&agent), ["call.offered", "call.ended"]);
        }
    }
}
