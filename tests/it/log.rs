//! What the log says of calls and registrations, and what it must not say.

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::caller::{Caller, Invite};
use crate::peer::{Peer, respond};
use crate::registrar::{Registrar, agent_with, nobody};

/// Somebody's number, as it must not be in the log.
const NUMBER: &str = "18300001234";

/// An inbound call of that number, refused; gives its id and its Call-ID.
fn inbound(agent: &Agent) -> (String, String) {
    let mut events = agent.follow("/v1/events");
    let headers = format!(
        "X-voice_call_number: {NUMBER}\r\nP-Asserted-Identity: \"{NUMBER}\" <sip:{NUMBER}@pbx.example.com>\r\n"
    );
    let invite = Invite { from: NUMBER, to: NUMBER, headers: &headers, ..Invite::default() };
    let mut caller = Caller::invite(agent, &invite);
    let id = crate::caller::text(&events.next_of("call.offered")["id"]);
    assert_eq!(agent.tell(&id, "ring", "").status, 200);
    assert_eq!(agent.tell(&id, "reject", "").status, 200);
    caller.expect(486);
    events.next_of("call.ended");
    (id, caller.call_id.clone())
}

/// A call to that number, which nobody answers for.
fn outbound(agent: &Agent) -> String {
    let mut events = agent.follow("/v1/events");
    let to =
        json!({"to": format!("sip:{NUMBER}@{};transport=tcp", nobody()), "headers": {"X-Number": NUMBER}});
    let id = crate::caller::text(&agent.post("/v1/calls", &to.to_string()).json()["id"]);
    events.next_of("call.ended");
    id
}

#[test]
fn a_call_has_a_line_at_its_beginning_and_one_at_its_end_and_no_number_in_either() {
    let agent = Agent::start();
    let (id, call_id) = inbound(&agent);
    let outbound = outbound(&agent);
    let lines = agent.log_until("call ended", 2);
    for (call, words) in
        [(&id, "call offered"), (&id, "call ended"), (&outbound, "call dialing"), (&outbound, "call ended")]
    {
        let of_call: Vec<_> =
            lines.iter().filter(|line| line.contains(words) && line.contains(call.as_str())).collect();
        assert_eq!(of_call.len(), 1, "{words}: {lines:#?}");
        assert!(of_call[0].contains("sip_call_id="), "{of_call:?}");
    }
    let end = lines.iter().find(|line| line.contains("call ended") && line.contains(&id)).unwrap();
    for words in
        ["cause=\"rejected\"", "by=\"api\"", "status=486", "lasted=", &format!("sip_call_id={call_id}")]
    {
        assert!(end.contains(words), "{words}: {end}");
    }
    assert!(!lines.iter().any(|line| line.contains(NUMBER)), "{lines:#?}");
}

#[test]
fn the_same_in_json_has_the_ids_as_fields() {
    let agent = Agent::start_with(&["--log-format", "json"]);
    let (id, call_id) = inbound(&agent);
    let outbound = outbound(&agent);
    let lines = agent.log_until("call ended", 2);
    assert!(!lines.iter().any(|line| line.contains(NUMBER)), "{lines:#?}");
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |call: &str, words: &str| {
        lines.iter().find(|line| line["call"] == call && line["message"] == words).unwrap()
    };
    assert_eq!(of(&id, "call offered")["sip_call_id"], call_id);
    let end = of(&id, "call ended");
    assert_eq!([&end["cause"], &end["by"], &end["sip_call_id"]], ["rejected", "api", &*call_id]);
    assert_eq!(end["status"], 486);
    assert!(of(&outbound, "call ended")["sip_call_id"].is_string());
}

#[test]
fn who_asks_for_debug_gets_every_event_with_the_numbers() {
    let agent = Agent::start_with(&["--log", "info,call_agent::driver=debug"]);
    let (id, call_id) = inbound(&agent);
    let lines = agent.log_until("call.ended", 1);
    let ringing = lines.iter().find(|line| line.contains("call.ringing")).expect("a line for each event");
    for words in [&id, &call_id, NUMBER] {
        assert!(ringing.contains(words), "{words}: {ringing}");
    }
}

#[test]
fn a_registration_is_named_by_its_account_and_not_by_its_number_nor_by_what_the_registrar_says() {
    let registrar = Registrar::start();
    let settings = format!(
        "[[account]]\nid = \"desk\"\nuser = \"{NUMBER}\"\nregistrar = \"sip:{};transport=tcp\"\npassword = \"x\"\n",
        registrar.address
    );
    let (agent, _folder) = agent_with(&settings);
    let mut peer: Peer = registrar.accept();
    let register = peer.request("REGISTER");
    let refusal = String::from_utf8(respond(&register, 403)).unwrap();
    peer.send(refusal.replace("403 Forbidden", &format!("403 {NUMBER} is not welcome")));
    let lines = agent.log_until("not registered", 1);
    let line = lines.last().unwrap();
    assert!(line.contains("account=desk") && line.contains("status=403"), "{line}");
    assert!(!lines.iter().any(|line| line.contains(NUMBER)), "{lines:#?}");
}
