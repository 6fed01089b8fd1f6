//! The document and the running agent say the same of accounts and of calls that are placed.

use serde_json::json;

use crate::agent::Agent;
use crate::contract::DOCUMENT;
use crate::peer::respond;
use crate::registrar::{Registrar, account, agent_with, becomes, is_unbinding, nobody, registered};
use crate::scratch::Folder;

/// Calls that are placed, and such as cannot be. Whether anybody answers does not matter here.
pub fn new_calls() {
    let (agent, _folder) = agent_with(&account("1000", nobody()));
    let to = format!("sip:1001@{};transport=tcp", nobody());
    let answer = agent.post("/v1/calls", &json!({"to": to}).to_string());
    assert_eq!((answer.status, &answer.json()["state"]), (201, &json!("dialing")), "{}", answer.body);
    let id = crate::caller::text(&answer.json()["id"]);
    assert_eq!(answer.header("location"), format!("/v1/calls/{id}"));
    let told = agent.follow(&format!("/v1/calls/{id}/events")).rest();
    let kinds: Vec<_> = told.iter().map(|frame| frame.event.as_str()).collect();
    assert_eq!(kinds, ["call.dialing", "call.ended"]);
    for (field, value, code) in [
        ("to", json!("sip:"), "invalid-field"),
        ("account", json!("1001"), "invalid-field"),
        ("from", json!("<"), "invalid-field"),
        ("timeout_seconds", json!(0), "invalid-field"),
        ("labels", json!({"": "x"}), "invalid-field"),
        ("sdp", json!("v=1"), "invalid-sdp"),
        ("headers", json!({"Via": "x"}), "invalid-header"),
    ] {
        let mut body = json!({"to": to});
        body[field] = value;
        let answer = agent.post("/v1/calls", &body.to_string());
        assert_eq!(answer.problem(), (422, code.to_owned()), "{}", answer.body);
        assert!(answer.detail().starts_with(field), "{}", answer.body);
    }
}

#[test]
fn every_example_of_a_new_call_places_one() {
    let folder = Folder::new("examples");
    let file = folder.file("call-agent.toml");
    // Nobody knows the name of the examples' PBX, and it is asked of nobody.
    let settings = account("1000", nobody()).replace("127.0.0.1", "pbx.example.com");
    std::fs::write(&file, format!("dns_server = \"{}\"\n{settings}", nobody())).unwrap();
    let agent = Agent::start_with(&["--config", &file]);
    let body = &DOCUMENT["paths"]["/v1/calls"]["post"]["requestBody"]["content"]["application/json"];
    for (name, example) in body["examples"].as_object().unwrap() {
        let answer = agent.post("/v1/calls", &example["value"].to_string());
        assert_eq!(
            (answer.status, &answer.json()["state"]),
            (201, &json!("dialing")),
            "{name}: {}",
            answer.body
        );
    }
}

/// Accounts whose registrars are good, refuse, refuse to let go, and are not there or not there any more.
pub fn accounts() {
    let [good, bad, stubborn, passing] = std::array::from_fn(|_| Registrar::start());
    let registrars = [good.address, bad.address, stubborn.address, passing.address, nobody()];
    let numbered = registrars.into_iter().enumerate();
    let (agent, _folder) =
        agent_with(&numbered.map(|(id, registrar)| account(&id.to_string(), registrar)).collect::<String>());
    let tell =
        |id: u32, command: &str| agent.send("POST", &format!("/v1/accounts/{id}/{command}"), &[], "").status;
    good.answer_all(registered);
    bad.answer_all(|register| respond(register, 403));
    stubborn.answer_all(
        |register| if is_unbinding(register) { respond(register, 500) } else { registered(register) },
    );
    let mut peer = passing.accept();
    let register = peer.request("REGISTER");
    peer.send(registered(&register));
    becomes(&mut agent.follow("/v1/events?account=3&after=earliest"), "3", "registered");
    drop((peer, passing));

    assert_eq!(agent.read("/v1/accounts").status, 200);
    assert_eq!(agent.read("/v1/accounts/0").status, 200);
    assert_eq!([0, 1, 2, 4].map(|id| tell(id, "register")), [200, 502, 200, 504]);
    for command in ["register", "unregister"] {
        let path = format!("/v1/accounts/0/{command}");
        let json = ("Content-Type", "application/json");
        assert_eq!(agent.send("POST", &path, &[json], r#"{"no": 1}"#).status, 422);
    }
    assert_eq!([0, 2, 3].map(|id| tell(id, "unregister")), [200, 502, 504]);
}
