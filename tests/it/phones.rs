//! The agent and other phones without a proxy between them: baresip over every transport, SIPp over a UDP that loses
//! messages.

use serde_json::json;

use crate::agent::Agent;
use crate::authority::Authority;
use crate::baresip::Baresip;
use crate::sipp_udp::Sipp;

/// An agent that listens on every transport, with a certificate of the authority.
fn agent(authority: &Authority, flags: &[&str]) -> Agent {
    let own = authority.issue("agent");
    let listen = "tcp://127.0.0.1:0,udp://127.0.0.1:0,tls://127.0.0.1:0";
    let usual = ["--sip-listen", listen, "--tls-certificate", &own.certificate, "--tls-key", &own.key];
    let trust = ["--tls-ca", &authority.file()];
    Agent::start_with(&[&usual[..], &trust, flags].concat())
}

#[test]
fn baresip_calls_the_agent_over_every_transport() {
    let authority = Authority::new();
    let agent = agent(&authority, &[]);
    let mut events = agent.events();
    for transport in ["udp", "tcp", "tls"] {
        let mut phone = Baresip::start(&authority);
        phone.account(&format!("<sip:1001@127.0.0.1;transport={transport}>;regint=0"));
        phone.dial(&format!("sip:1000@{}", agent.listens(transport)));
        let call = events.next_of("call.offered");
        assert_eq!(call["sip"]["transport"], transport);
        let id = call["id"].as_str().unwrap();
        assert_eq!(agent.command(id, "ring", json!({})).0, 200);
        phone.wait_for("CALL_RINGING");
        let (status, accepted) = agent.command(id, "accept", json!({}));
        assert_eq!((status, &accepted["state"]), (200, &json!("established")), "{accepted}");
        phone.wait_for("CALL_ESTABLISHED");
        phone.hangup();
        assert_eq!(events.next_of("call.ended")["end"]["by"], "remote");
    }
}

#[test]
fn the_agent_calls_baresip_over_every_transport() {
    let authority = Authority::new();
    let agent = agent(&authority, &[]);
    let mut events = agent.events();
    let mut phone = Baresip::start(&authority);
    phone.account("<sip:1001@127.0.0.1>;regint=0");
    for transport in ["udp", "tcp", "tls"] {
        let at = if transport == "tls" { phone.tls } else { phone.sip };
        let to = format!("sip:1001@{at};transport={transport}");
        let (status, call) = agent.ask("/v1/calls", json!({"to": to, "from": "sip:1000@127.0.0.1"}));
        assert_eq!(status, 201, "{call}");
        phone.wait_for("CALL_INCOMING");
        phone.accept();
        let call = events.next_of("call.established");
        assert_eq!(call["sip"]["transport"], transport);
        phone.wait_for("CALL_ESTABLISHED");
        let (status, _) = agent.command(call["id"].as_str().unwrap(), "hangup", json!({}));
        assert_eq!(status, 200);
        phone.wait_for("CALL_CLOSED");
        events.next_of("call.ended");
    }
}

#[test]
fn calls_over_udp_get_through_where_messages_are_lost() {
    const CALLS: u32 = 20;
    let agent = agent(&Authority::new(), &["--on-offer", "accept"]);
    let mut events = agent.events();
    Sipp::call("lossy_call", CALLS, agent.listens("udp")).ends_as_written();
    for _ in 0..CALLS {
        let end = events.next_of("call.ended")["end"].take();
        assert_eq!((&end["cause"], &end["by"]), (&json!("hangup"), &json!("remote")), "{end}");
    }
}

#[test]
fn calls_that_the_agent_places_over_udp_get_through_where_messages_are_lost() {
    const CALLS: u32 = 20;
    let agent = agent(&Authority::new(), &[]);
    let mut events = agent.events();
    let callee = Sipp::answer("lossy_answer", CALLS);
    for _ in 0..CALLS {
        let (status, call) =
            agent.ask("/v1/calls", json!({"to": format!("sip:1001@{};transport=udp", callee.at)}));
        assert_eq!(status, 201, "{call}");
    }
    for _ in 0..CALLS {
        let call = events.next_of("call.established");
        let (status, ended) = agent.command(call["id"].as_str().unwrap(), "hangup", json!({}));
        assert_eq!(status, 200, "{ended}");
    }
    callee.ends_as_written();
}
