//! What Prometheus gets, and that documentation, dashboard and alerts speak of nothing else.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::agent::{Agent, Events};
use crate::caller::{Caller, Invite};
use crate::peer::{self, Peer};
use crate::receiver::Receiver;
use crate::registrar::{Registrar, account, registered};
use crate::scratch::Folder;

const OPERATIONS: &str = include_str!("../../docs/operations.md");
const DASHBOARD: &str = include_str!("../../docker/grafana/dashboards/call-agent.json");
const ALERTS: &str = include_str!("../../docker/prometheus/alerts.yml");

fn metrics(agent: &Agent) -> String {
    agent.read("/metrics").body
}

/// The value of a sample as it is written.
#[track_caller]
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample}:\n{text}")).parse().unwrap()
}

/// Waits until a sample has a value.
#[track_caller]
fn becomes(agent: &Agent, sample: &str, wanted: f64) {
    let begun = std::time::Instant::now();
    loop {
        let found = value(&metrics(agent), sample);
        if found == wanted {
            return;
        }
        assert!(begun.elapsed() < crate::agent::PATIENCE, "{sample}: {found}, not {wanted}");
        std::thread::yield_now();
    }
}

/// An agent that has everything that there are metrics of, and has seen a call.
fn agent_with_everything() -> (Agent, Folder, Receiver) {
    let (receiver, folder, registrar) = (Receiver::start(), Folder::new("metrics"), Registrar::start());
    let settings = receiver.settings("crm") + &account("1000", registrar.address);
    registrar.answer_all(registered);
    std::fs::write(folder.file("agent.toml"), settings).unwrap();
    let agent =
        Agent::start_with(&["--config", &folder.file("agent.toml"), "--data-dir", &folder.file("data")]);
    let mut events = agent.events_after("earliest");
    call(&agent, &mut events);
    becomes(&agent, "call_agent_account_registered{account=\"1000\"}", 1.0);
    (agent, folder, receiver)
}

/// A call that rings, is accepted and is hung up by its caller.
fn call(agent: &Agent, events: &mut Events) {
    let (mut peer, mut caller);
    peer = Peer::connect(agent);
    caller = peer::Caller::at(peer.address);
    let id = peer::offered(events, &mut peer, &caller);
    assert_eq!(agent.command(&id, "ring", json!({})).0, 200);
    peer.answer(180, "INVITE");
    assert_eq!(agent.command(&id, "accept", json!({"wait": "sent"})).0, 200);
    caller.learn(&peer.answer(200, "INVITE"));
    peer.send(caller.ack());
    events.next_of("call.established");
    peer.send(caller.next("BYE", "", ""));
    peer.answer(200, "BYE");
    events.next_of("call.ended");
    peer.leave();
}

/// The names of the metrics in the text.
fn exposed(text: &str) -> BTreeSet<String> {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// The names of metrics that some other text speaks of.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let is_metric = |word: &&str| {
        let starts = word.starts_with("call_agent_") || word.starts_with("process_");
        starts && !matches!(*word, "call_agent_key" | "call_agent_transport")
    };
    let of_histogram = |word: &str| {
        let suffixes = ["_bucket", "_count", "_sum"];
        suffixes.iter().find_map(|suffix| word.strip_suffix(suffix)).unwrap_or(word).to_owned()
    };
    words.filter(is_metric).map(of_histogram).collect()
}

#[test]
fn a_call_is_counted_and_timed_from_its_invite_to_its_bye() {
    let agent = Agent::start();
    let mut events = agent.events();
    call(&agent, &mut events);
    becomes(&agent, "call_agent_sip_connections{transport=\"tcp\"}", 0.0);
    let text = metrics(&agent);
    for (sample, count) in [
        ("call_agent_sip_requests_total{direction=\"received\",method=\"INVITE\"}", 1.0),
        ("call_agent_sip_requests_total{direction=\"received\",method=\"ACK\"}", 1.0),
        ("call_agent_sip_requests_total{direction=\"received\",method=\"BYE\"}", 1.0),
        ("call_agent_sip_responses_total{direction=\"sent\",status=\"100\"}", 1.0),
        ("call_agent_sip_responses_total{direction=\"sent\",status=\"180\"}", 1.0),
        ("call_agent_sip_responses_total{direction=\"sent\",status=\"200\"}", 2.0),
        ("call_agent_calls_started_total{direction=\"inbound\"}", 1.0),
        ("call_agent_calls_ended_total{by=\"remote\",cause=\"hangup\"}", 1.0),
        ("call_agent_calls{state=\"ended\"}", 1.0),
        ("call_agent_calls{state=\"established\"}", 0.0),
        ("call_agent_call_duration_seconds_count", 1.0),
        ("call_agent_sip_to_event_seconds_count", 3.0),
        ("call_agent_command_to_wire_seconds_count", 2.0),
        ("call_agent_stream_readers", 1.0),
        ("call_agent_stream_lag_events", 0.0),
        ("call_agent_events_total", 5.0),
        ("call_agent_ready", 1.0),
        ("call_agent_http_requests_total{method=\"POST\",route=\"/v1/calls/{id}/ring\",status=\"200\"}", 1.0),
    ] {
        assert_eq!(value(&text, sample), count, "{sample}");
    }
    assert!(value(&text, "call_agent_sip_to_event_seconds_sum") > 0.0);
}

#[test]
fn an_invite_that_comes_again_and_what_cannot_be_read_are_counted() {
    let agent = Agent::start();
    let mut peer = Peer::connect(&agent);
    let caller = peer::Caller::at(peer.address);
    for _ in 0..2 {
        peer.send(caller.invite());
        peer.answer(100, "INVITE");
    }
    peer.send("SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n");
    becomes(&agent, "call_agent_sip_unparsable_total", 1.0);
    let text = metrics(&agent);
    assert_eq!(value(&text, "call_agent_sip_retransmissions_total{direction=\"received\"}"), 1.0);
    assert_eq!(value(&text, "call_agent_sip_retransmissions_total{direction=\"sent\"}"), 1.0);
    assert_eq!(value(&text, "call_agent_sip_connections{transport=\"tcp\"}"), 1.0);
}

#[test]
fn a_stream_counts_for_as_long_as_it_is_open() {
    let agent = Agent::start();
    let streams = [agent.events(), agent.events()];
    becomes(&agent, "call_agent_stream_readers", 2.0);
    drop(streams);
    // The agent sees that nobody reads when it has something to say.
    let mut events = agent.events();
    let _caller = Caller::invite(&agent, &Invite::default());
    events.next_of("call.offered");
    becomes(&agent, "call_agent_stream_readers", 1.0);
}

#[test]
fn prometheus_itself_finds_no_fault_with_what_it_gets() {
    let (agent, _folder, _receiver) = agent_with_everything();
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool (scripts/test installs it)");
    promtool.stdin.take().unwrap().write_all(metrics(&agent).as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn the_documentation_describes_every_metric_and_no_other_and_dashboard_and_alerts_name_what_there_is() {
    let (agent, _folder, receiver) = agent_with_everything();
    receiver.next_of("call.ended");
    let exposed = exposed(&metrics(&agent));
    let table = OPERATIONS.split("## Metrics").nth(1).unwrap().split("\n## ").next().unwrap();
    assert_eq!(named(table), exposed);
    for (place, text) in [("dashboard", DASHBOARD), ("alerts", ALERTS)] {
        let unknown: Vec<_> = named(text).difference(&exposed).cloned().collect();
        assert!(unknown.is_empty(), "{place}: {unknown:?}");
    }
    let shown = named(DASHBOARD);
    let apart = ["call_agent_log_lines_dropped_total", "process_start_time_seconds"];
    let unseen: Vec<_> = exposed.difference(&shown).filter(|name| !apart.contains(&name.as_str())).collect();
    assert!(unseen.is_empty(), "not on the dashboard: {unseen:?}");
}

#[test]
fn the_dashboard_takes_whatever_prometheus_there_is() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let [source, others @ ..] = &variables[..] else { panic!("no variables") };
    assert_eq!((&source["name"], &source["type"]), (&json!("datasource"), &json!("datasource")));
    let panels = dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    for part in others.iter().chain(panels) {
        assert_eq!(part["datasource"]["uid"], "${datasource}", "{}", part["title"]);
    }
}
