//! Webhooks of the running agent: nothing is lost by a receiver that fails, nor by a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::agent::{Agent, PATIENCE};
use crate::peer::{Caller, Peer, established, offered};
use crate::receiver::{Receiver, SECRET};
use crate::scratch::{Folder, free_ports};

/// An agent with a file of settings, and data if that is wanted.
fn start(folder: &Folder, settings: &str, flags: &[&str]) -> Agent {
    let file = folder.file("call-agent.toml");
    std::fs::write(&file, settings).unwrap();
    Agent::start_with(&[&["--config", &file], flags].concat())
}

/// Waits until the webhook is as wanted; as it then is.
fn until(agent: &Agent, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let webhook = agent.read(&format!("/v1/webhooks/{id}")).json();
        if is_so(&webhook) {
            return webhook;
        }
        assert!(std::time::Instant::now() < deadline, "{webhook}");
    }
}

#[test]
fn a_call_is_told_to_a_webhook_of_the_file_from_its_beginning_to_its_end_in_order() {
    let (receiver, folder) = (Receiver::start(), Folder::new("webhooks"));
    let agent = start(&folder, &receiver.settings("crm"), &[]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    peer.send(caller.next("BYE", "", ""));
    peer.answer(200, "BYE");
    let mut positions = Vec::new();
    for kind in ["call.offered", "call.accepted", "call.established", "call.ended"] {
        let (message, event) = receiver.next();
        assert_eq!((&event["type"], &event["subject"]), (&json!(kind), &json!(id)));
        positions.push(message);
    }
    assert!(positions.is_sorted(), "{positions:?}");
    let webhook = until(&agent, "crm", |webhook| webhook["delivered"] == 4);
    assert_eq!((&webhook["state"], &webhook["source"]), (&json!("working"), &json!("file")));
}

#[test]
fn a_receiver_that_is_down_delays_no_call_and_gets_all_of_it_when_it_is_back() {
    let port = free_ports(1);
    let folder = Folder::new("webhooks");
    let settings = format!(
        "[[webhook]]\nid = \"crm\"\nurl = \"http://127.0.0.1:{port}/hooks\"\nsecret = \"{SECRET}\"\n"
    );
    let agent = start(&folder, &settings, &[]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    for _ in 0..20 {
        let mut caller = Caller::at(peer.address);
        let _id = established(&agent, &mut events, &mut peer, &mut caller);
        peer.send(caller.next("BYE", "", ""));
        peer.answer(200, "BYE");
    }
    let failing = until(&agent, "crm", |webhook| webhook["state"] == "failing");
    assert!(failing["failure"]["detail"].as_str().unwrap().contains("refused"), "{failing}");
    assert!(failing["failure"]["status"].is_null() && failing["delivered"] == 0);
    let receiver = Receiver::start_at(([127, 0, 0, 1], port).into());
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    while ids.len() < 80 {
        let (id, event) = receiver.next();
        let call = event["subject"].as_str().unwrap().to_owned();
        told.entry(call).or_default().push(event["type"].as_str().unwrap().to_owned());
        assert!(ids.insert(id), "each once");
    }
    let whole = ["call.offered", "call.accepted", "call.established", "call.ended"];
    assert!(told.len() == 20 && told.values().all(|call| call == &whole), "{told:?}");
    until(&agent, "crm", |webhook| webhook["state"] == "working" && webhook["pending"] == 0);
}

#[test]
fn nobody_listens_when_the_only_webhook_is_down() {
    let folder = Folder::new("webhooks");
    let settings = format!(
        "no_listener_seconds = 1\n[[webhook]]\nid = \"crm\"\nurl = \"http://127.0.0.1:{}\"\nsecret = \"{SECRET}\"\n",
        free_ports(1)
    );
    let agent = start(&folder, &settings, &[]);
    let mut peer = Peer::connect(&agent);
    // The first calls show that it is down; a second after that nobody listens any more.
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut calls = 0;
    loop {
        assert!(std::time::Instant::now() < deadline, "{calls} calls were taken");
        let caller = Caller::at(peer.address);
        peer.send(caller.invite());
        let answer = peer.response();
        if answer.status == 503 {
            peer.send(caller.ack_refusal(&answer));
            break;
        }
        assert_eq!(answer.status, 100);
        peer.send(caller.cancel());
        peer.answer(200, "CANCEL");
        let ended = peer.answer(487, "INVITE");
        peer.send(caller.ack_refusal(&ended));
        calls += 1;
    }
    assert!(calls > 0, "until it was called it counted as working");
}

#[test]
fn a_webhook_that_was_added_stays_over_a_kill_until_it_is_removed() {
    let (receiver, folder) = (Receiver::start(), Folder::new("webhooks"));
    let data = folder.file("data");
    let flags = ["--data-dir", data.as_str()];
    let agent = start(&folder, "", &flags);
    let new = json!({"id": "crm", "url": format!("http://{}/hooks", receiver.address), "secret": SECRET,
                     "types": ["call.*"]});
    let added = agent.post("/v1/webhooks", &new.to_string());
    assert_eq!((added.status, added.header("location")), (201, "/v1/webhooks/crm"));
    assert_eq!(added.json()["secret"], SECRET);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let call = offered(&mut events, &mut peer, &caller);
    assert_eq!(receiver.next_of("call.offered").1["subject"], call);
    agent.signal("KILL");
    agent.ends();

    let agent = start(&folder, "", &flags);
    let ended = receiver.next_of("call.ended").1;
    assert_eq!((&ended["subject"], &ended["data"]["call"]["end"]["cause"]), (&json!(call), &json!("lost")));
    assert!(!agent.read("/v1/webhooks").body.contains("whsec_"));
    assert_eq!(agent.send("DELETE", "/v1/webhooks/crm", &[], "").status, 204);
    agent.signal("KILL");
    agent.ends();
    let agent = start(&folder, "", &flags);
    assert_eq!(agent.read("/v1/webhooks").json()["webhooks"], json!([]));
}

#[test]
fn a_kill_at_any_moment_under_load_loses_no_delivery() {
    let (receiver, folder) = (Receiver::start(), Folder::new("webhooks"));
    let (data, address) = (folder.file("data"), format!("127.0.0.1:{}", free_ports(1)));
    let sip = format!("tcp://{address}");
    let flags = ["--data-dir", &data, "--sip-listen", &sip, "--on-offer", "accept"];
    let settings = receiver.settings("crm");
    let mut told: BTreeMap<String, Value> = BTreeMap::new();
    for round in 0..3u64 {
        let agent = start(&folder, &settings, &flags);
        let mut load = Command::new(env!("CARGO_BIN_EXE_call-agent"))
            .args(["call", &format!("sip:1000@{address}"), "--transport", "tcp", "--calls", "1000"])
            .args(["--rate", "200", "--hangup-after", "100ms", "--timeout", "2s", "--log", "off"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..150 + round * 97 {
            let (id, event) = receiver.next();
            told.insert(id, event);
        }
        // Some are refused, and are open when it dies.
        receiver.will_answer([500, 500, 500]);
        agent.signal("KILL");
        agent.ends();
        let _ = load.kill();
        load.wait().unwrap();
    }
    let agent = start(&folder, &settings, &flags);
    let list = agent.read("/v1/calls").json();
    let (epoch, last) = list["last_event_id"].as_str().unwrap().split_once('-').unwrap();
    let all: BTreeSet<_> =
        (1..=last.parse::<u64>().unwrap()).map(|number| format!("{epoch}-{number}")).collect();
    while !all.iter().all(|id| told.contains_key(id)) {
        let (id, event) = receiver.next();
        if let Some(before) = told.insert(id, event.clone()) {
            assert_eq!(before, event, "what comes again is the same");
        }
    }
}

#[test]
fn what_was_given_up_is_listed_over_a_kill_and_sent_again_when_asked_for() {
    let (receiver, folder) = (Receiver::start(), Folder::new("webhooks"));
    let data = folder.file("data");
    let flags = ["--data-dir", &data, "--webhook-retry-seconds", "1"];
    let settings = receiver.settings("crm") + "types = [\"call.offered\"]\n";
    receiver.will_answer([500; 20]);
    let agent = start(&folder, &settings, &flags);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let call = offered(&mut events, &mut peer, &caller);
    let (id, event) = receiver.next();
    let webhook = until(&agent, "crm", |webhook| webhook["dead_letters"] == 1 && webhook["pending"] == 0);
    assert_eq!(webhook["failure"]["status"], 500);
    agent.signal("KILL");
    agent.ends();

    // It may be on record as open, too, and be tried once more.
    let agent = start(&folder, &settings, &flags);
    until(&agent, "crm", |webhook| webhook["dead_letters"] == 1 && webhook["pending"] == 0);
    receiver.will_take_all();
    let letters = agent.read("/v1/webhooks/crm/dead-letters").json();
    let letter = &letters["dead_letters"][0];
    assert_eq!(
        (&letter["event_id"], &letter["type"], &letter["subject"]),
        (&json!(id), &json!("call.offered"), &json!(call))
    );
    assert!(letter["attempts"].as_u64().unwrap() >= 2, "{letter}");
    let body = json!({"event_id": id}).to_string();
    let again = agent.post("/v1/webhooks/crm/redeliver", &body);
    assert_eq!((again.status, again.json()), (202, json!({"redelivering": 1, "dead_letters": 0})));
    until(&agent, "crm", |webhook| webhook["delivered"] == 1 && webhook["dead_letters"] == 0);
    let last = std::iter::from_fn(|| receiver.try_next()).last().unwrap();
    assert_eq!(last, (id, event), "the same to the letter");
    assert_eq!(agent.post("/v1/webhooks/crm/redeliver", &body).problem().0, 404);
}

#[test]
fn a_hundred_receivers_that_are_silent_or_gone_delay_no_call_under_load() {
    let folder = Folder::new("webhooks");
    // Takes connections into its queue, and never looks at them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ports = [silent.local_addr().unwrap().port(), free_ports(1)];
    let webhook = |number: usize| {
        let port = ports[number % 2];
        format!("[[webhook]]\nid = \"{number}\"\nurl = \"http://127.0.0.1:{port}\"\nsecret = \"{SECRET}\"\n")
    };
    let settings: String = (0..100).map(webhook).collect();
    let agent = start(&folder, &settings, &["--on-offer", "accept"]);
    // A call that is not answered within five seconds fails, and the caller says so.
    let load = Command::new(env!("CARGO_BIN_EXE_call-agent"))
        .args(["call", &format!("sip:1000@{}", agent.sip), "--transport", "tcp", "--calls", "150"])
        .args(["--rate", "25", "--hangup-after", "100ms", "--timeout", "5s", "--log", "off"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&load.stdout).into_owned() + &String::from_utf8_lossy(&load.stderr);
    assert!(load.status.success(), "{}", said.lines().rev().take(5).collect::<Vec<_>>().join("\n"));
    for webhook in agent.read("/v1/webhooks").json()["webhooks"].as_array().unwrap() {
        assert_eq!(webhook["delivered"], 0, "{webhook}");
        // What is tried at first and some to choose from, not all 600.
        assert!(webhook["pending"].as_u64().unwrap() < 300, "{webhook}");
    }
    until(&agent, "1", |webhook| webhook["state"] == "failing");
    until(&agent, "0", |webhook| webhook["state"] == "failing");
}
