//! The agent as an extension of Kamailio: it registers, is called and calls, over every transport.

use serde_json::{Value, json};

use crate::agent::{Agent, Events};
use crate::baresip::Baresip;
use crate::kamailio::Kamailio;
use crate::scratch::Folder;

const LISTEN: &str = "tcp://127.0.0.1:0,udp://127.0.0.1:0";

/// An agent that is user 1000 of a Kamailio.
struct Extension {
    agent: Agent,
    /// All that it tells.
    events: Events,
    _folder: Folder,
}

impl Extension {
    /// Starts it and waits until it is registered.
    fn registered(kamailio: &Kamailio, transport: &str) -> Self {
        let mut this = Self::start(kamailio, transport, &Kamailio::password("1000"));
        this.await_account("registered");
        this
    }

    fn start(kamailio: &Kamailio, transport: &str, password: &str) -> Self {
        let folder = Folder::new("extension");
        let registrar = if transport == "tls" { kamailio.tls } else { kamailio.sip };
        let settings = format!(
            "tls_ca = \"{}\"\n\n\
             [[account]]\nid = \"desk\"\nregistrar = \"sip:{registrar};transport={transport}\"\n\
             user = \"1000\"\npassword = \"{password}\"\n",
            kamailio.authority.file()
        );
        std::fs::write(folder.file("agent.toml"), settings).unwrap();
        let agent = Agent::start_with(&["--sip-listen", LISTEN, "--config", &folder.file("agent.toml")]);
        let events = agent.events_after("earliest");
        Self { agent, events, _folder: folder }
    }

    /// Waits until the account is told to be in a state.
    fn await_account(&mut self, state: &str) -> Value {
        loop {
            let account = self.events.next_with("registration.changed", "account");
            if account["state"] == state {
                return account;
            }
        }
    }

    /// Calls by the account, and gives the call's id.
    fn call(&self, to: &str) -> String {
        let (status, call) = self.agent.ask("/v1/calls", json!({"to": to}));
        assert_eq!(
            (status, &call["state"], &call["account"]),
            (201, &json!("dialing"), &json!("desk")),
            "{call}"
        );
        call["id"].as_str().unwrap().to_owned()
    }
}

/// Who is called and calls beside the agent.
fn phone(kamailio: &Kamailio, transport: &str) -> Baresip {
    let mut phone = Baresip::start(&kamailio.authority);
    phone.register("1001", kamailio, transport);
    phone
}

#[test]
fn it_registers_over_every_transport_and_says_so() {
    let kamailio = Kamailio::start();
    for transport in ["udp", "tcp", "tls"] {
        let extension = Extension::registered(&kamailio, transport);
        let (status, account) = extension.agent.get("/v1/accounts/desk");
        assert_eq!(
            (status, &account["state"], &account["transport"]),
            (200, &json!("registered"), &json!(transport))
        );
        let contacts = kamailio.contacts("1000");
        let address = contacts.last().unwrap()["Address"].as_str().unwrap();
        assert_eq!(account["contact"], address, "{contacts:?}");
    }
}

#[test]
fn it_answers_a_sha_256_challenge() {
    let kamailio = Kamailio::start_with(&["ALGORITHM=\"SHA-256\""]);
    Extension::registered(&kamailio, "tcp");
}

#[test]
fn it_asks_for_as_long_as_the_registrar_wants() {
    let kamailio = Kamailio::start_with(&["MIN_EXPIRES=600", "MAX_EXPIRES=900"]);
    Extension::registered(&kamailio, "tcp");
    let expires = kamailio.contacts("1000")[0]["Expires"].as_u64().unwrap();
    assert!((590..=600).contains(&expires), "{expires}");
}

#[test]
fn it_is_called_over_the_connection_that_it_registered_by() {
    for transport in ["udp", "tcp", "tls"] {
        let kamailio = Kamailio::start();
        let mut extension = Extension::registered(&kamailio, transport);
        let mut phone = phone(&kamailio, "tcp");
        phone.dial(&format!("sip:1000@{}", kamailio.sip));
        let call = extension.events.next_of("call.offered");
        let registrar = if transport == "tls" { kamailio.tls } else { kamailio.sip };
        assert_eq!(call["account"], "desk", "{call}");
        if transport != "udp" {
            let (_, account) = extension.agent.get("/v1/accounts/desk");
            assert_eq!(call["sip"]["peer"], account["peer"], "the same connection");
            assert_eq!(call["sip"]["peer"], registrar.to_string());
        }
        let id = call["id"].as_str().unwrap();
        assert_eq!(extension.agent.command(id, "ring", json!({})).0, 200);
        let (status, accepted) = extension.agent.command(id, "accept", json!({}));
        assert_eq!((status, &accepted["state"]), (200, &json!("established")), "{accepted}");
        phone.wait_for("CALL_ESTABLISHED");
        assert_eq!(extension.agent.command(id, "hangup", json!({})).0, 200);
        phone.wait_for("CALL_CLOSED");
    }
}

#[test]
fn the_caller_behind_the_proxy_hangs_up_or_gives_up() {
    let kamailio = Kamailio::start();
    let mut extension = Extension::registered(&kamailio, "tcp");
    let mut phone = phone(&kamailio, "udp");
    phone.dial(&format!("sip:1000@{}", kamailio.sip));
    let id = extension.events.next_of("call.offered")["id"].as_str().unwrap().to_owned();
    extension.agent.command(&id, "accept", json!({}));
    phone.wait_for("CALL_ESTABLISHED");
    phone.hangup();
    let end = extension.events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("remote")), "{end}");

    phone.dial(&format!("sip:1000@{}", kamailio.sip));
    let id = extension.events.next_of("call.offered")["id"].as_str().unwrap().to_owned();
    extension.agent.command(&id, "ring", json!({}));
    phone.wait_for("CALL_RINGING");
    phone.hangup();
    let end = extension.events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["by"]), (&json!("cancelled"), &json!("remote")), "{end}");
}

#[test]
fn it_calls_through_the_proxy_that_challenges_it() {
    for transport in ["udp", "tcp", "tls"] {
        let kamailio = Kamailio::start();
        let mut extension = Extension::registered(&kamailio, transport);
        let mut phone = phone(&kamailio, "udp");
        let id = extension.call("1001");
        let dialing = extension.events.next_of("call.dialing");
        assert_eq!((&dialing["id"], &dialing["direction"]), (&json!(id), &json!("outbound")), "{dialing}");
        phone.wait_for("CALL_INCOMING");
        assert_eq!(extension.events.next_of("call.ringing")["state"], "ringing");
        phone.accept();
        let established = extension.events.next_of("call.established");
        assert_eq!(established["id"], id.as_str());
        phone.wait_for("CALL_ESTABLISHED");
        let (status, ended) = extension.agent.command(&id, "hangup", json!({}));
        assert_eq!((status, &ended["end"]["by"]), (200, &json!("api")), "{ended}");
        phone.wait_for("CALL_CLOSED");
    }
}

#[test]
fn a_call_that_it_places_ends_as_the_other_side_or_a_client_wants() {
    let kamailio = Kamailio::start();
    let mut extension = Extension::registered(&kamailio, "tcp");
    let mut phone = phone(&kamailio, "tcp");

    extension.call("1001");
    phone.wait_for("CALL_INCOMING");
    phone.accept();
    extension.events.next_of("call.established");
    phone.hangup();
    let end = extension.events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("remote")), "{end}");

    extension.call("1001");
    phone.wait_for("CALL_INCOMING");
    phone.hangup();
    let end = extension.events.next_of("call.ended")["end"].take();
    assert_eq!((&end["cause"], &end["sip_status"]), (&json!("rejected"), &json!(486)), "{end}");

    let id = extension.call("1001");
    phone.wait_for("CALL_INCOMING");
    extension.events.next_of("call.ringing");
    let (status, ended) = extension.agent.command(&id, "cancel", json!({}));
    assert_eq!(
        (status, &ended["end"]["cause"], &ended["end"]["sip_status"]),
        (200, &json!("cancelled"), &json!(487))
    );
    phone.wait_for("CALL_CLOSED");
    assert_eq!(extension.events.next_of("call.ended")["id"], id.as_str());

    extension.call("1002");
    let end = extension.events.next_of("call.ended")["end"].take();
    assert_eq!(
        (&end["cause"], &end["by"]),
        (&json!("rejected"), &json!("remote")),
        "nobody is registered: {end}"
    );
}

#[test]
fn it_calls_by_the_service_route_that_the_registrar_names() {
    let kamailio = Kamailio::start_with(&["SERVICE_ROUTE"]);
    let extension = Extension::registered(&kamailio, "udp");
    let mut phone = phone(&kamailio, "tcp");
    extension.call("1001");
    phone.wait_for("CALL_INCOMING");
}

#[test]
fn it_survives_a_restart_of_the_registrar() {
    let mut kamailio = Kamailio::start();
    let mut extension = Extension::registered(&kamailio, "tcp");
    // It keeps registrations in its memory alone.
    kamailio.restart();
    extension.await_account("registered");
    assert_eq!(kamailio.contacts("1000").len(), 1);
    let mut phone = phone(&kamailio, "udp");
    phone.dial(&format!("sip:1000@{}", kamailio.sip));
    assert_eq!(extension.events.next_of("call.offered")["account"], "desk");
}

#[test]
fn a_wrong_password_is_told_and_not_tried_without_end() {
    let kamailio = Kamailio::start();
    let mut extension = Extension::start(&kamailio, "tcp", "wrong");
    let account = extension.await_account("failed");
    assert_eq!(account["failure"]["sip_status"], 401, "{account}");
    assert!(account["next_attempt_at"].is_string());
    let (status, problem) = extension.agent.ask("/v1/accounts/desk/register", json!({}));
    assert_eq!(
        (status, &problem["code"], &problem["sip_status"]),
        (502, &json!("sip-rejected"), &json!(401))
    );
}

#[test]
fn a_client_ends_and_renews_the_registration() {
    let kamailio = Kamailio::start();
    let extension = Extension::registered(&kamailio, "tcp");
    let (status, account) = extension.agent.ask("/v1/accounts/desk/unregister", json!({}));
    assert_eq!((status, &account["state"]), (200, &json!("unregistered")), "{account}");
    assert!(kamailio.contacts("1000").is_empty());
    let (status, account) = extension.agent.ask("/v1/accounts/desk/register", json!({}));
    assert_eq!((status, &account["state"]), (200, &json!("registered")), "{account}");
    assert_eq!(kamailio.contacts("1000").len(), 1);
}

#[test]
fn a_drain_ends_the_registration() {
    let kamailio = Kamailio::start();
    let extension = Extension::registered(&kamailio, "tls");
    extension.agent.signal("TERM");
    assert!(extension.agent.ends().success());
    assert!(kamailio.contacts("1000").is_empty());
}
