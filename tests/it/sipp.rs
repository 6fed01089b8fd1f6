//! The agent and a peer that is not of its own making: SIPp plays the PBX (`tests/sipp`), the test plays the API's side.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::agent::{Agent, Events};

/// A SIPp that plays one scenario once.
struct Caller {
    process: Child,
    errors: std::path::PathBuf,
}

impl Caller {
    fn call(agent: &Agent, scenario: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp");
        let errors = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sipp-{scenario}-errors.log"));
        let process = Command::new("sipp")
            .current_dir(folder)
            .arg(agent.sip.to_string())
            .args(["-sf", &format!("{scenario}.xml"), "-t", "t1", "-i", "127.0.0.1", "-m", "1", "-nostdin"])
            .args(["-recv_timeout", "40s", "-timeout", "60s", "-timeout_error", "-trace_err", "-error_file"])
            .arg(&errors)
            .stdout(Stdio::null())
            .spawn()
            .expect("sipp is installed (scripts/test does so)");
        Self { process, errors }
    }

    /// Waits for the end of the scenario, which must be the one that is written.
    fn ends_as_written(mut self) {
        let status = self.process.wait().unwrap();
        let errors = std::fs::read_to_string(&self.errors).unwrap_or_default();
        assert!(status.success(), "sipp: {status}\n{errors}");
    }
}

/// A call from its first event to its end: the scenario, and what the API does with the call's id meanwhile.
/// Gives the `end` that the clients are told.
fn play(scenario: &str, api: impl FnOnce(&Agent, &mut Events, &str)) -> Value {
    let agent = Agent::start();
    let mut events = agent.events();
    let caller = Caller::call(&agent, scenario);
    let offered = events.next_of("call.offered");
    let id = offered["id"].as_str().unwrap().to_owned();
    api(&agent, &mut events, &id);
    let ended = events.next_of("call.ended");
    caller.ends_as_written();
    assert_eq!(ended["id"], id.as_str());
    ended["end"].clone()
}

#[track_caller]
fn done(answer: (u16, Value), state: &str) {
    assert_eq!((answer.0, &answer.1["state"]), (200, &json!(state)), "{}", answer.1);
}

#[track_caller]
fn ended(end: &Value, cause: &str, by: &str) {
    assert_eq!((&end["cause"], &end["by"]), (&json!(cause), &json!(by)), "{end}");
}

#[test]
fn the_scenarios_call_with_the_invite_of_the_flow() {
    let invite = include_str!("../flows/1-invite.sip");
    let (head, offer) = invite.split_once("\r\n\r\n").unwrap();
    assert_eq!(offer, include_str!("../sipp/offer.sdp"));
    for header in include_str!("../sipp/invite-headers.txt").lines() {
        assert!(head.lines().any(|line| line == header), "{header}");
    }
}

#[test]
fn a_call_shows_the_headers_of_its_invite() {
    let agent = Agent::start();
    let mut events = agent.events();
    let caller = Caller::call(&agent, "reject");
    let call = events.next_of("call.offered");
    let headers = call["headers"].as_array().unwrap();
    for (name, value) in [("X-voice_call_number", "18300000000"), ("X-empolyee_id", "1001")] {
        assert!(headers.contains(&json!({"name": name, "value": value})), "{headers:?}");
    }
    assert_eq!(call["sdp"]["remote"], include_str!("../sipp/offer.sdp"));
    assert_eq!(call["from"], json!({"uri": "sip:1001@172.17.0.1", "display_name": "Extension 1001"}));
    agent.command(call["id"].as_str().unwrap(), "reject", json!({}));
    caller.ends_as_written();
}

#[test]
fn an_accepted_call_ends_when_the_caller_hangs_up() {
    for scenario in ["accept", "hangup_by_caller"] {
        let end = play(scenario, |agent, _, id| {
            done(agent.command(id, "ring", json!({})), "ringing");
            agent.command(id, "accept", json!({}));
        });
        ended(&end, "hangup", "remote");
    }
}

#[test]
fn a_call_hung_up_over_the_api_ends_with_bye() {
    let end = play("hangup_by_api", |agent, _, id| {
        done(agent.command(id, "ring", json!({})), "ringing");
        done(agent.command(id, "accept", json!({})), "established");
        done(agent.command(id, "hangup", json!({})), "ended");
    });
    ended(&end, "hangup", "api");
}

#[test]
fn a_rejected_call_gets_the_status_asked_for() {
    let end =
        play("reject", |agent, _, id| done(agent.command(id, "reject", json!({"status": 486})), "ended"));
    ended(&end, "rejected", "api");
    assert_eq!(end["sip_status"], 486);
}

#[test]
fn a_caller_that_gives_up_ends_the_call_with_its_reason() {
    let end = play("remote_cancel", |agent, _, id| {
        agent.command(id, "ring", json!({}));
    });
    ended(&end, "cancelled", "remote");
    assert_eq!(end["reasons"], json!([{"protocol": "SIP", "cause": 487, "text": "ORIGINATOR_CANCEL"}]));
}

#[test]
fn a_call_cancelled_over_the_api_gets_487() {
    let end = play("cancel_by_api", |agent, _, id| {
        done(agent.command(id, "ring", json!({})), "ringing");
        done(agent.command(id, "cancel", json!({})), "ended");
    });
    ended(&end, "cancelled", "api");
}

#[test]
fn early_media_is_an_answer_in_180_and_183() {
    let end = play("early_media", |agent, _, id| {
        done(agent.command(id, "ring", json!({"early_media": true})), "ringing");
        done(agent.command(id, "ring", json!({"status": 183, "early_media": true})), "ringing");
        agent.command(id, "accept", json!({}));
    });
    ended(&end, "hangup", "remote");
}

#[test]
fn an_invite_without_sdp_gets_the_offer_in_the_200() {
    let end = play("no_sdp_invite", |agent, _, id| {
        agent.command(id, "accept", json!({}));
    });
    ended(&end, "hangup", "remote");
}

#[test]
fn a_late_ack_stops_the_repeated_200() {
    let end = play("lost_ack", |agent, _, id| {
        done(agent.command(id, "accept", json!({})), "established");
        done(agent.command(id, "hangup", json!({})), "ended");
    });
    ended(&end, "hangup", "api");
}

#[test]
fn a_call_without_ack_ends_with_bye() {
    let end = play("never_ack", |agent, _, id| {
        let (status, problem) = agent.command(id, "accept", json!({}));
        assert_eq!((status, &problem["code"]), (504, &json!("ack-timeout")), "{problem}");
    });
    ended(&end, "timeout", "system");
}

#[test]
fn a_caller_puts_the_call_on_hold_and_takes_it_back() {
    let end = play("reinvite_hold", |agent, events, id| {
        done(agent.command(id, "ring", json!({})), "ringing");
        agent.command(id, "accept", json!({}));
        assert_eq!(events.next_of("call.held")["hold"], "remote");
        assert_eq!(events.next_of("call.resumed")["hold"], "none");
    });
    ended(&end, "hangup", "remote");
}
