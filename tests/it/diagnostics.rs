//! The agent in one page.

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::caller::{Caller, Invite};
use crate::receiver::Receiver;
use crate::registrar::{account, nobody};
use crate::scratch::Folder;

fn diagnostics(agent: &Agent) -> Value {
    agent.read("/v1/diagnostics").json()
}

fn limit<'a>(page: &'a Value, name: &str) -> &'a Value {
    page["limits"].as_array().unwrap().iter().find(|limit| limit["name"] == name).unwrap()
}

fn warns(page: &Value, words: &str) -> bool {
    page["warnings"].as_array().unwrap().iter().any(|warning| warning.as_str().unwrap().contains(words))
}

#[test]
fn listeners_peers_and_limits_are_shown_as_they_are() {
    let agent = Agent::start_with(&[
        "--sip-listen",
        "tcp://127.0.0.1:0?advertise=pbx.example.com,udp://127.0.0.1:0",
        "--max-calls",
        "7",
    ]);
    let mut events = agent.follow("/v1/events");
    let _caller = Caller::invite(&agent, &Invite::default());
    events.next_of("call.offered");
    let page = diagnostics(&agent);
    let (tcp, udp) = (agent.listens("tcp"), agent.listens("udp"));
    let advertised = format!("pbx.example.com:{}", tcp.port());
    let listener = |protocol: &str, transport: &str, address: String, advertised: Value| json!({"protocol": protocol, "transport": transport, "address": address, "advertised": advertised});
    assert_eq!(
        page["listeners"],
        json!([
            listener("sip", "tcp", tcp.to_string(), json!(advertised)),
            listener("sip", "udp", udp.to_string(), json!(null)),
            listener("http", "tcp", agent.http.to_string(), json!(null)),
        ])
    );
    let peer = &page["peers"][0];
    assert_eq!((&peer["address"], &peer["transport"]), (&json!("127.0.0.1"), &json!("tcp")));
    assert_eq!((&peer["connections"], &peer["messages"]), (&json!(1), &json!(1)));
    assert_eq!(*limit(&page, "calls"), json!({"name": "calls", "used": 1, "limit": 7}));
    assert_eq!(limit(&page, "sip_connections")["used"], 1);
    assert_eq!(limit(&page, "stream_readers")["used"], 1);
    assert!(limit(&page, "open_files")["used"].as_u64().unwrap() > 3);
    assert_eq!((&page["ready"], &page["journal"]), (&json!(true), &json!(null)));
    assert_eq!(page["epoch"], events_epoch(&agent));
}

fn events_epoch(agent: &Agent) -> Value {
    let last = agent.read("/v1/calls").json()["last_event_id"].clone();
    json!(last.as_str().unwrap().split_once('-').unwrap().0)
}

#[test]
fn what_may_not_work_as_wished_is_said() {
    let (receiver, folder) = (Receiver::start(), Folder::new("diagnostics"));
    let settings = receiver.settings("crm") + &account("1000", nobody());
    std::fs::write(folder.file("agent.toml"), settings).unwrap();
    let data = folder.file("data");
    let agent = Agent::start_with(&["--config", &folder.file("agent.toml"), "--data-dir", &data]);
    let mut events = agent.events_after("earliest");
    while events.next_with("registration.changed", "account")["state"] != "failed" {}
    let page = diagnostics(&agent);
    assert_eq!(page["accounts"], json!({"total": 1, "registered": 0, "failed": 1}));
    assert!(warns(&page, "account 1000 is not registered"), "{page:#}");
    assert!(warns(&page, "--media-address") && warns(&page, "no API key"), "{page:#}");
    assert!(!warns(&page, "--data-dir"), "{page:#}");
    assert_eq!(page["webhooks"][0]["id"], "crm");
    assert_eq!(
        (&page["journal"]["durability"], &page["journal"]["fault"]),
        (&json!("relaxed"), &json!(null))
    );
    assert!(
        page["journal"]["bytes"].as_u64().unwrap() > 0 && page["journal"]["events"].as_u64().unwrap() > 0
    );

    let other = Agent::start_under(&[("CALL_AGENT_API_KEY", "k")], &["--media-address", "127.0.0.1:4000"]);
    let page = other.send("GET", "/v1/diagnostics", &[("Authorization", "Bearer k")], "").json();
    assert!(warns(&page, "--data-dir"), "{page:#}");
    assert!(!warns(&page, "--media-address") && !warns(&page, "no API key"), "{page:#}");
}
