//! Accounts as clients and operators see them.

use std::process::Command;

use serde_json::json;

use crate::agent::Agent;
use crate::client::Stream;
use crate::peer::respond;
use crate::program::Program;
use crate::registrar::{PASSWORD, Registrar, account, agent_with, answer_on, becomes, nobody, registered};
use crate::scratch::{Folder, free_ports};

/// The registrations from the agent's start on.
fn registrations(agent: &Agent) -> Stream {
    agent.follow("/v1/events?types=registration.changed&after=earliest")
}

fn command(agent: &Agent, id: &str, command: &str) -> crate::client::Answer {
    agent.send("POST", &format!("/v1/accounts/{id}/{command}"), &[], "")
}

#[test]
fn an_account_registers_by_itself_and_is_shown_as_its_events_tell_it() {
    let registrar = Registrar::start();
    let (agent, _folder) = agent_with(&account("1000", registrar.address));
    let mut events = registrations(&agent);
    let mut peer = registrar.accept();
    let register = peer.request("REGISTER");
    assert_eq!(register.to.uri.as_str(), "sip:1000@127.0.0.1");
    peer.send(registered(&register));
    let account = becomes(&mut events, "1000", "registered");
    assert_eq!((&account["aor"], &account["failure"]), (&json!("sip:1000@127.0.0.1"), &json!(null)));
    assert_eq!(account["peer"], json!(registrar.address.to_string()));
    assert!(account["contact"].as_str().unwrap().starts_with("sip:1000@127.0.0.1:"), "{account}");
    assert_eq!(agent.read("/v1/accounts/1000").json(), account);
    let list = agent.read("/v1/accounts").json();
    assert_eq!(list["accounts"], json!([account]));
    let mut later = agent.follow(&format!("/v1/events?after={}", list["last_event_id"].as_str().unwrap()));
    let again = std::thread::scope(|scope| {
        let again = scope.spawn(|| command(&agent, "1000", "register"));
        let register = peer.request("REGISTER");
        peer.send(registered(&register));
        again.join().unwrap()
    });
    assert_eq!((again.status, &again.json()["state"]), (200, &json!("registered")), "{}", again.body);
    let told = later.next().unwrap();
    assert_eq!(told.data["data"]["account"], again.json(), "nothing is missed and nothing repeated");
}

#[test]
fn an_account_is_unregistered_until_it_is_registered_again() {
    let registrar = Registrar::start();
    let (agent, _folder) = agent_with(&account("1000", registrar.address));
    let mut events = registrations(&agent);
    registrar.answer_all(registered);
    becomes(&mut events, "1000", "registered");
    let answer = command(&agent, "1000", "unregister");
    assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("unregistered")), "{}", answer.body);
    let account = becomes(&mut events, "1000", "unregistered");
    assert_eq!((&account["contact"], &account["next_attempt_at"]), (&json!(null), &json!(null)));
    assert_eq!(command(&agent, "1000", "unregister").status, 200);
    let answer = command(&agent, "1000", "register");
    assert_eq!((answer.status, &answer.json()["state"]), (200, &json!("registered")), "{}", answer.body);
}

#[test]
fn an_account_whose_registrar_cannot_be_reached_says_so_and_is_tried_again() {
    let (agent, _folder) = agent_with(&account("1000", nobody()));
    let failed = becomes(&mut registrations(&agent), "1000", "failed");
    assert_eq!(failed["failure"]["sip_status"], json!(null));
    assert!(failed["next_attempt_at"].is_string(), "{failed}");
    let answer = command(&agent, "1000", "register");
    assert_eq!(answer.problem(), (504, "sip-timeout".to_owned()));
    assert_eq!(agent.read("/v1/accounts/1000").json()["state"], "failed");
}

#[test]
fn a_registrar_that_refuses_is_quoted() {
    let registrar = Registrar::start();
    let (agent, _folder) = agent_with(&account("1000", registrar.address));
    registrar.answer_all(|register| respond(register, 403));
    let failed = becomes(&mut registrations(&agent), "1000", "failed");
    assert_eq!(failed["failure"], json!({"sip_status": 403, "detail": "403 Forbidden"}));
    let answer = command(&agent, "1000", "register");
    assert_eq!(answer.problem(), (502, "sip-rejected".to_owned()));
    assert_eq!(answer.json()["sip_status"], 403);
}

#[test]
fn several_accounts_are_listed_in_the_order_of_the_settings() {
    let registrar = Registrar::start();
    let accounts = ["1002", "1000", "1001"].map(|id| account(id, registrar.address)).concat();
    let (agent, _folder) = agent_with(&accounts);
    let mut events = registrations(&agent);
    registrar.answer_all(registered);
    becomes(&mut events, "1002", "registered");
    let list = agent.read("/v1/accounts").json();
    let ids: Vec<_> =
        list["accounts"].as_array().unwrap().iter().map(|account| account["id"].clone()).collect();
    assert_eq!(ids, ["1002", "1000", "1001"]);
    let mut one = agent.follow("/v1/events?account=1001&after=earliest");
    let account = becomes(&mut one, "1001", "registered");
    assert_eq!(account["aor"], "sip:1001@127.0.0.1");
    assert_eq!(agent.read("/v1/accounts/1003").problem(), (404, "not-found".to_owned()));
    assert_eq!(command(&agent, "1003", "register").problem(), (404, "not-found".to_owned()));
}

/// Runs the program with a file of settings; what it says until it ends.
fn refused(settings: &str) -> String {
    let folder = Folder::new("bad-accounts");
    let file = folder.file("call-agent.toml");
    std::fs::write(&file, settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_call-agent"));
    command.args(["--config", &file]);
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&file), "{said}");
    said
}

#[test]
fn a_bad_account_stops_the_start_and_is_named_without_its_password() {
    let good = account("1000", nobody());
    for (settings, named) in [
        (good.replace("password", "passwort"), "account[0].passwort"),
        (good.replace("registrar = \"sip:", "registrar = \""), "account[0].registrar"),
        (good.replace(&format!("\"{PASSWORD}\""), PASSWORD), "line 5, column"),
        (good.replace("password", "password_env"), "account[0].password_env"),
        (good.replace("password", "password_file"), "account[0].password_file"),
        (format!("{good}expires = 5"), "account[0].expires"),
        (format!("{good}{good}"), "account[1].id"),
    ] {
        let said = refused(&settings);
        assert!(said.contains(named) && !said.contains(PASSWORD), "{settings}\n{said}");
    }
}

/// The log of an agent with one account, as detailed as it gets, from its start to its end.
fn log_of(account: &str, while_it_runs: impl FnOnce()) -> String {
    let folder = Folder::new("logged");
    let file = folder.file("call-agent.toml");
    std::fs::write(&file, account).unwrap();
    let http = format!("127.0.0.1:{}", free_ports(1));
    let mut command = Command::new(env!("CARGO_BIN_EXE_call-agent"));
    command.args(["--config", &file, "--http-listen", &http, "--sip-listen", "tcp://127.0.0.1:0"]);
    command.args(["--data-dir", "none", "--log", "trace", "--drain-time", "1"]);
    let program = Program::start(command, "listening for HTTP");
    while_it_runs();
    program.terminate();
    let (status, printed) = program.ends();
    assert!(status.success(), "{printed}");
    printed
}

#[test]
fn a_password_and_what_is_made_of_it_reach_no_log() {
    let registrar = Registrar::start();
    let mut response = String::new();
    let log = log_of(&account("1000", registrar.address), || {
        let mut peer = registrar.accept();
        let challenge = "Digest realm=\"pbx\", nonce=\"abc\", qop=\"auth\", algorithm=SHA-256";
        let register = peer.request("REGISTER");
        let unauthorized = call_agent::sip::Writer::response(401, None).copied(&register.headers, None);
        peer.send(unauthorized.header("WWW-Authenticate", challenge).finish());
        let register = peer.request("REGISTER");
        let credentials = register.headers.named("Authorization").expect("it is answered").text();
        assert!(!credentials.contains(PASSWORD), "{credentials}");
        let (_, rest) = credentials.split_once("response=\"").unwrap();
        response.push_str(rest.split('"').next().unwrap());
        peer.send(registered(&register));
        std::thread::spawn(move || answer_on(peer, registered));
    });
    assert_eq!(response.len(), 64);
    assert!(log.contains("registered account=1000") && log.contains("unregistered account=1000"), "{log}");
    assert!(!log.contains(PASSWORD) && !log.contains(&response), "{log}");
}
