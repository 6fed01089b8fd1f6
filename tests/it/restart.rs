//! The agent is killed, or stopped, and started again with the same data: nothing that anybody has seen is lost, established
//! calls go on, and every call has one first event and one end.

use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::agent::{Agent, Events, PATIENCE};
use crate::peer::{Caller, Peer, established, offered, respond};
use crate::scratch::{Folder, free_ports};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Where an agent keeps its data, and where peers find it again.
struct Home {
    data: Folder,
    sip: String,
    address: SocketAddr,
}

impl Home {
    fn new() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_ports(1)));
        Self { data: Folder::new("restart"), sip: format!("tcp://{address}"), address }
    }

    fn start(&self, more: &[&str]) -> Agent {
        let data = self.data.path().to_str().unwrap();
        Agent::start_with(&[&["--sip-listen", &self.sip, "--data-dir", data], more].concat())
    }

    /// Fills the disk, as the agent sees it.
    fn fill(&self, agent: &Agent) -> Full {
        flush(agent);
        let files =
            (1..=64).map(|number: u64| -> PathBuf { self.data.file(&format!("tail-{number:016x}")).into() });
        Full(files.filter(|file| std::os::unix::fs::symlink("/dev/full", file).is_ok()).collect())
    }

    fn database(&self) -> Connection {
        Connection::open(self.data.file("journal.db")).unwrap()
    }
}

/// Files that take nothing, until this is dropped.
struct Full(Vec<PathBuf>);

impl Drop for Full {
    fn drop(&mut self) {
        self.0.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    }
}

fn kill(agent: Agent) {
    agent.signal("KILL");
    agent.ends();
}

/// Has the database take all that is committed: records come from there.
fn flush(agent: &Agent) {
    assert_eq!(agent.get("/v1/records").0, 200);
}

/// The position behind the last event, and where that is in its epoch.
fn last(agent: &Agent) -> (String, String, u64) {
    let id = agent.get("/v1/calls").1["last_event_id"].as_str().unwrap().to_owned();
    let (epoch, sequence) = id.split_once('-').unwrap();
    (id.clone(), epoch.to_owned(), sequence.parse().unwrap())
}

fn end_of(events: &mut Events) -> (Value, Value, Value) {
    let mut call = events.next_of("call.ended");
    (call["id"].take(), call["end"]["cause"].take(), call["end"]["by"].take())
}

#[test]
fn an_established_call_goes_on_after_a_kill_and_its_peer_hangs_up() {
    for durability in ["relaxed", "strict"] {
        let home = Home::new();
        let agent = home.start(&["--durability", durability]);
        let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
        let mut caller = Caller::at(peer.address);
        let id = established(&agent, &mut events, &mut peer, &mut caller);
        let (position, epoch, sequence) = last(&agent);
        let before = agent.get(&format!("/v1/calls/{id}")).1;
        kill(agent);

        let agent = home.start(&["--durability", durability]);
        let mut events = agent.events_after(&position);
        let recovered = events.next().unwrap();
        assert_eq!(recovered["type"], "call.recovered");
        assert_eq!(recovered["id"], format!("{epoch}-{}", sequence + 1), "no hole and no new epoch");
        let after = agent.get(&format!("/v1/calls/{id}")).1;
        for field in ["headers", "sdp", "sip", "from", "to", "established_at", "state", "actions"] {
            assert_eq!(after[field], before[field], "{field}");
        }
        let mut peer = Peer::connect(&agent);
        peer.send(caller.next("BYE", "", ""));
        peer.answer(200, "BYE");
        assert_eq!(end_of(&mut events), (json!(id), json!("hangup"), json!("remote")));
    }
}

#[test]
fn an_established_call_is_hung_up_after_a_kill_by_a_new_connection() {
    let home = Home::new();
    let agent = home.start(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    // The peer is reached where it listens.
    let mut caller = Caller::at(listener.local_addr().unwrap());
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    kill(agent);

    let agent = home.start(&[]);
    let mut events = agent.events();
    std::thread::scope(|scope| {
        let hung_up = scope.spawn(|| agent.command(&id, "hangup", json!({})));
        let mut peer = Peer::accept(&listener);
        let bye = peer.request("BYE");
        assert_eq!(bye.call_id, caller.call_id);
        assert_eq!(bye.from.tag().map(ToString::to_string), caller.to_tag);
        assert_eq!(bye.to.tag().map(ToString::to_string).as_ref(), Some(&caller.tag));
        peer.send(respond(&bye, 200));
        assert_eq!(hung_up.join().unwrap().0, 200);
    });
    assert_eq!(end_of(&mut events), (json!(id), json!("hangup"), json!("api")));
}

#[test]
fn a_bye_that_was_not_answered_before_a_kill_is_sent_again_once() {
    let home = Home::new();
    let agent = home.start(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(listener.local_addr().unwrap());
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    assert_eq!(agent.command(&id, "hangup", json!({})).0, 200);
    let first = peer.request("BYE");
    let (position, ..) = last(&agent);
    let before = agent.get(&format!("/v1/calls/{id}")).1;
    kill(agent);

    let agent = home.start(&[]);
    let mut peer = Peer::accept(&listener);
    let again = peer.request("BYE");
    assert!(again.call_id == first.call_id && again.cseq > first.cseq);
    peer.send(respond(&again, 200));
    // Behind the answer.
    peer.send(caller.next("INFO", "", ""));
    peer.answer(481, "INFO");
    assert_eq!(
        (last(&agent).0, agent.get(&format!("/v1/calls/{id}")).1),
        (position, before),
        "nothing is told"
    );
    kill(agent);
    let agent = home.start(&[]);
    let caller = Caller::at(peer.address);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    offered(&mut events, &mut peer, &caller);
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "no BYE any more");
}

#[test]
fn a_call_that_was_answered_without_an_ack_before_a_kill_is_lost_and_its_peer_is_told_so() {
    let home = Home::new();
    let agent = home.start(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(listener.local_addr().unwrap());
    let id = offered(&mut events, &mut peer, &caller);
    assert_eq!(agent.command(&id, "accept", json!({ "wait": "sent" })).0, 200);
    peer.answer(200, "INVITE");
    let (position, ..) = last(&agent);
    kill(agent);

    let agent = home.start(&[]);
    assert_eq!(end_of(&mut agent.events_after(&position)), (json!(id), json!("lost"), json!("system")));
    let mut peer = Peer::accept(&listener);
    let bye = peer.request("BYE");
    assert_eq!(bye.call_id, caller.call_id);
    peer.send(respond(&bye, 200));
}

#[test]
fn an_unanswered_call_is_lost_and_stays_readable() {
    let home = Home::new();
    let agent = home.start(&[]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    let (position, ..) = last(&agent);
    kill(agent);

    let agent = home.start(&[]);
    let (status, call) = agent.get(&format!("/v1/calls/{id}"));
    assert_eq!(end_of(&mut agent.events_after(&position)), (json!(id), json!("lost"), json!("system")));
    assert_eq!((status, &call["state"], &call["end"]["cause"]), (200, &json!("ended"), &json!("lost")));
    assert_eq!(call["headers"].as_array().map(Vec::is_empty), Some(false));
    let mut peer = Peer::connect(&agent);
    peer.send(caller.cancel());
    peer.answer(481, "CANCEL");
}

#[test]
fn a_reader_finds_the_whole_past_after_a_drain_too() {
    let home = Home::new();
    let agent = home.start(&["--drain-time", "0"]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    agent.signal("TERM");
    assert_eq!(agent.ends().code(), Some(0));
    let agent = home.start(&[]);
    let mut events = agent.events_after("earliest");
    let types: Vec<_> = (0..3).map(|_| events.next().unwrap()["type"].as_str().unwrap().to_owned()).collect();
    assert!(types.contains(&"stream.draining".to_owned()), "{types:?}");
    assert_eq!(types[0], "call.offered");
    let mut of_call = agent.events_of(&id);
    assert_eq!(of_call.next().unwrap()["type"], "call.offered");
    assert_eq!(of_call.next().unwrap()["type"], "call.ended");
    assert!(of_call.next().is_none(), "its stream is over");
}

#[test]
fn a_command_that_was_done_before_a_kill_is_not_done_again() {
    let home = Home::new();
    let agent = home.start(&[]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    let key = ("Idempotency-Key", "crm-4711");
    let path = format!("/v1/calls/{id}/hangup");
    let first = std::thread::scope(|scope| {
        let sending = scope.spawn(|| agent.send("POST", &path, &[JSON, key], "{}"));
        let bye = peer.request("BYE");
        peer.send(respond(&bye, 200));
        sending.join().unwrap()
    });
    assert_eq!(first.status, 200);
    kill(agent);
    let agent = home.start(&[]);
    let again = agent.send("POST", &path, &[JSON, key], "{}");
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(agent.send("POST", &path, &[JSON], "{}").status, 409, "without the key it is another command");
}

/// The lines that `call-agent events` prints.
fn printed(home: &Home, more: &[&str]) -> Vec<Value> {
    let data = home.data.path().to_str().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_call-agent"));
    // It looks where the agent does.
    let program = program.env("CALL_AGENT_DATA_DIR", data);
    let output = program.arg("events").args(more).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_past_is_read_from_disk_beside_the_agent_and_without_it() {
    let home = Home::new();
    let agent = home.start(&[]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut caller = Caller::at(peer.address);
        ids.push(established(&agent, &mut events, &mut peer, &mut caller));
        peer.send(caller.next("BYE", "", ""));
        peer.answer(200, "BYE");
        events.next_of("call.ended");
    }
    // Told of a call that the agent has forgotten.
    assert_eq!(agent.patch(&ids[0], r#"{"labels": {"disposition": "sold"}}"#).status, 200);
    let all = printed(&home, &[]);
    assert_eq!((all.len(), &all[12]["type"]), (13, &json!("call.updated")));
    kill(agent);
    assert_eq!(printed(&home, &[]), all);
    let of_second = printed(&home, &["--call", &ids[1]]);
    assert!(of_second.len() == 4 && of_second.iter().all(|event| event["subject"] == ids[1]));
    let after = printed(&home, &["--after", all[9]["id"].as_str().unwrap(), "--limit", "1"]);
    assert_eq!(after, [all[10].clone()]);
    // What memory does not keep is still a record.
    let agent = home.start(&["--ended-calls", "0"]);
    let (status, page) = agent.get("/v1/records?limit=2&cause=hangup");
    assert_eq!(status, 200);
    let listed: Vec<_> = page["records"].as_array().unwrap().iter().map(|one| &one["call_id"]).collect();
    assert_eq!(listed, [&ids[2], &ids[1]]);
    let next = page["next_cursor"].as_str().unwrap();
    let last = agent.get(&format!("/v1/records?limit=2&cursor={next}")).1;
    assert_eq!(agent.get(&format!("/v1/calls/{}", ids[0])).0, 404, "only the record is left");
    assert_eq!((&last["records"][0]["call_id"], &last["next_cursor"]), (&json!(ids[0]), &Value::Null));
}

#[test]
fn a_data_directory_is_for_one_agent() {
    let home = Home::new();
    let _agent = home.start(&[]);
    let data = home.data.path().to_str().unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_call-agent"))
        .args(["--sip-listen", "tcp://127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--data-dir", data])
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("another process uses this data directory"), "{said}");
}

#[test]
fn while_the_disk_fails_new_calls_are_refused_and_what_runs_goes_on() {
    let home = Home::new();
    let agent = home.start(&[]);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let mut caller = Caller::at(peer.address);
    let id = established(&agent, &mut events, &mut peer, &mut caller);
    let (position, ..) = last(&agent);
    let full = home.fill(&agent);
    // What tells of this cannot be written; its answer comes all the same.
    assert_eq!(agent.patch(&id, r#"{"labels": {"k": "v"}}"#).status, 200);
    let (status, problem) = agent.get("/readyz");
    assert_eq!((status, &problem["code"]), (503, &json!("overloaded")), "{problem}");
    let refused = Caller::at(peer.address);
    peer.send(refused.invite());
    let refusal = peer.answer(503, "INVITE");
    peer.send(refused.ack_refusal(&refusal));
    assert_eq!(agent.ask("/v1/calls", json!({"to": "sip:x@127.0.0.1"})).0, 503);
    peer.send(caller.next("BYE", "", ""));
    peer.answer(200, "BYE");
    assert_eq!(last(&agent).0, position, "nothing is seen that is not on record");
    drop(full);
    for kind in ["call.updated", "call.ended"] {
        assert_eq!(events.next().unwrap()["type"], kind);
    }
    assert_eq!(agent.get("/readyz").0, 200);
    let next = Caller::at(peer.address);
    offered(&mut events, &mut peer, &next);
}

/// The events of a stream until the agent dies, by their ids.
fn follow(agent: &Agent) -> mpsc::Receiver<Value> {
    let mut events = agent.events();
    let (seen, all) = mpsc::channel();
    std::thread::spawn(move || {
        while let Some(event) = events.next_while_alive() {
            if seen.send(event).is_err() {
                return;
            }
        }
    });
    all
}

#[test]
fn a_kill_at_any_moment_under_load_leaves_every_call_with_one_beginning_and_one_end() {
    let home = Home::new();
    let mut seen: HashMap<String, Value> = HashMap::new();
    for round in 0..4u64 {
        let agent = home.start(&["--on-offer", "accept"]);
        let events = follow(&agent);
        let to = format!("sip:1000@{}", home.address);
        let mut load = Command::new(env!("CARGO_BIN_EXE_call-agent"))
            .args(["call", &to, "--transport", "tcp", "--calls", "1000", "--rate", "400"])
            .args(["--hangup-after", "100ms", "--timeout", "2s", "--log", "off"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // So many events in: each time another moment of the writer's and the driver's work.
        for _ in 0..200 + round * 131 {
            let event = events.recv_timeout(PATIENCE).expect("an event comes in time");
            seen.insert(event["id"].as_str().unwrap().to_owned(), event);
        }
        kill(agent);
        seen.extend(events.iter().map(|event| (event["id"].as_str().unwrap().to_owned(), event)));
        let _ = load.kill();
        load.wait().unwrap();
    }
    let agent = home.start(&[]);
    for call in open_calls(&agent) {
        let (status, answer) = agent.command(&call, "hangup", json!({}));
        assert!(matches!(status, 200 | 504), "{answer}");
    }
    assert!(open_calls(&agent).is_empty());
    let (_, epoch, last) = last(&agent);
    let mut all = agent.events_after("earliest");
    let (mut first, mut ended) = (BTreeMap::new(), BTreeMap::new());
    for sequence in 1..=last {
        let event = all.next().unwrap();
        let id = format!("{epoch}-{sequence}");
        assert_eq!(event["id"], id, "no hole");
        if let Some(before) = seen.remove(&id) {
            assert_eq!(event, before, "what was seen stays as it was");
        }
        let call = event["subject"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap() {
            "call.offered" => *first.entry(call).or_insert(0) += 1,
            "call.ended" => *ended.entry(call).or_insert(0) += 1,
            _ => {}
        }
    }
    assert!(seen.is_empty(), "what was seen is gone: {seen:?}");
    assert!(first.len() > 100, "{}", first.len());
    assert_eq!(first, ended, "each call has one first event and one end");
    assert!(first.values().all(|times| *times == 1));
}

fn open_calls(agent: &Agent) -> Vec<String> {
    let (_, list) = agent.get("/v1/calls?state=offered,ringing,accepted,established&limit=1000");
    list["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_no_longer_in_memory_is_read_from_disk_and_what_is_gone_from_there_is_said() {
    let home = Home::new();
    let flags = ["--log-events", "5"];
    let agent = home.start(&flags);
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let (position, epoch, _) = last(&agent);
    for _ in 0..10 {
        let mut caller = Caller::at(peer.address);
        let _id = established(&agent, &mut events, &mut peer, &mut caller);
        peer.send(caller.next("BYE", "", ""));
        peer.answer(200, "BYE");
    }
    let follows = |agent: &Agent| {
        let mut all = agent.events_after(&position);
        for sequence in 1..=40 {
            assert_eq!(all.next().unwrap()["id"], format!("{epoch}-{sequence}"));
        }
    };
    follows(&agent);
    kill(agent);
    let agent = home.start(&flags);
    follows(&agent);
    flush(&agent);
    kill(agent);
    home.database().execute("DELETE FROM event WHERE sequence < 20", []).unwrap();
    home.database().execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('floor', 20)", []).unwrap();
    let agent = home.start(&flags);
    let mut all = agent.events_after(&position);
    let gap = all.next().unwrap();
    assert_eq!((&gap["type"], &gap["data"]["oldest"]), (&json!("stream.gap"), &json!(format!("{epoch}-20"))));
    assert_eq!(all.next().unwrap()["id"], format!("{epoch}-20"));
}
