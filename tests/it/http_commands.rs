//! Commands: each is answered when its SIP effect is there, and refused with what a client needs to go on.

use serde_json::json;

use crate::agent::Agent;
use crate::caller::{Caller, Invite, text};
use crate::client::{Answer, Stream};

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, detail: &str) {
    assert_eq!(answer.problem(), (status, code.to_owned()), "{}", answer.body);
    assert!(answer.detail().contains(detail), "{detail} is not in: {}", answer.detail());
}

/// The answer is the call as it then is, and as it is read.
#[track_caller]
fn done(agent: &Agent, answer: &Answer, state: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let call = answer.json();
    assert_eq!(call["state"], state);
    assert_eq!(agent.call(call["id"].as_str().unwrap()), call);
    assert_eq!(answer.header("etag"), format!("\"{}\"", call["version"]));
}

fn start() -> (Agent, Stream) {
    let agent = Agent::start();
    let events = agent.follow("/v1/events");
    (agent, events)
}

#[test]
fn a_ring_is_told_to_the_caller_and_may_be_repeated() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    done(&agent, &agent.tell(&id, "ring", ""), "ringing");
    assert_eq!(caller.expect(180).body, "");
    let body = r#"{"status": 183, "early_media": true, "headers": [{"name": "X-Queue", "value": "a, b"}]}"#;
    done(&agent, &agent.tell(&id, "ring", body), "ringing");
    let progress = caller.expect(183);
    assert_eq!(progress.header("X-Queue"), "a, b");
    assert!(progress.body.contains("m=audio"), "{progress:?}");
    assert_eq!(agent.call(&id)["sdp"]["local"], progress.body.as_str());
}

#[test]
fn a_rejection_carries_what_the_client_said() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    let body = r#"{"status": 302, "reason": "Gone home", "contacts": ["sip:1002@10.0.0.1"], "headers": {"X-A": "1"}}"#;
    let answer = agent.tell(&id, "reject", body);
    done(&agent, &answer, "ended");
    assert_eq!(answer.json()["end"]["sip_status"], 302);
    let moved = caller.expect(302);
    assert_eq!((moved.start.as_str(), moved.header("X-A")), ("SIP/2.0 302 Gone home", "1"));
    assert!(moved.header("Contact").contains("sip:1002@10.0.0.1"), "{moved:?}");
}

#[test]
fn a_cancelled_call_is_answered_487_or_as_asked() {
    let (agent, mut events) = start();
    for (body, status) in [("", 487), (r#"{"status": 480}"#, 480)] {
        let (mut caller, id) = Caller::offered(&agent, &mut events);
        let answer = agent.tell(&id, "cancel", body);
        done(&agent, &answer, "ended");
        assert_eq!(answer.json()["end"]["cause"], "cancelled");
        caller.expect(status);
    }
}

#[test]
fn a_hangup_sends_its_reason_and_headers() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::established(&agent, &mut events);
    let body =
        r#"{"reason": {"protocol": "Q.850", "cause": 16, "text": "Bye \"now\""}, "headers": {"X-A": "1"}}"#;
    done(&agent, &agent.tell(&id, "hangup", body), "ended");
    let bye = caller.expect_request("BYE");
    assert_eq!(bye.header("Reason"), r#"Q.850;cause=16;text="Bye \"now\"""#);
    assert_eq!(bye.header("X-A"), "1");
}

#[test]
fn an_accept_is_answered_with_the_ack_and_not_before() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    std::thread::scope(|scope| {
        let accepting = scope.spawn(|| agent.tell(&id, "accept", ""));
        caller.expect(200);
        assert_eq!(agent.call(&id)["state"], "accepted");
        assert!(!accepting.is_finished());
        caller.ack();
        done(&agent, &accepting.join().unwrap(), "established");
    });
}

#[test]
fn an_accept_without_an_ack_says_so_and_the_call_stays_accepted() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    let start = std::time::Instant::now();
    let answer = agent.tell(&id, "accept", "");
    refused(&answer, 504, "ack-timeout", "no ACK");
    assert!((4..8).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(
        (&answer.json()["state"], &answer.json()["actions"]),
        (&json!("accepted"), &json!(["hangup"]))
    );
    assert_eq!(agent.call(&id)["state"], "accepted");
    caller.expect(200);
    caller.ack();
    assert_eq!(events.next_of("call.established")["id"], id.as_str());
}

#[test]
fn an_accept_that_waits_for_nothing_is_answered_once_the_200_is_sent() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    done(&agent, &agent.tell(&id, "accept", r#"{"wait": "sent"}"#), "accepted");
    caller.expect(200);
}

#[test]
fn of_two_accepts_one_wins() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    let mut answers = std::thread::scope(|scope| {
        let accepting = [0, 1].map(|_| scope.spawn(|| agent.tell(&id, "accept", "")));
        caller.expect(200);
        caller.ack();
        accepting.map(|accepting| accepting.join().unwrap())
    });
    answers.sort_by_key(|answer| answer.status);
    done(&agent, &answers[0], "established");
    refused(&answers[1], 409, "invalid-state", "its state does not allow this command");
    assert_eq!(answers[1].json()["call_id"], id.as_str());
    assert_eq!(answers[1].json()["actions"], json!(["hangup"]));
}

#[test]
fn a_command_on_an_ended_call_is_told_how_it_ended() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    caller.cancel("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
    let ended = events.next_of("call.ended");
    for command in ["ring", "accept", "reject", "cancel", "hangup"] {
        let answer = agent.tell(&id, command, "");
        refused(&answer, 409, "call-ended", "ended");
        assert_eq!(answer.json()["end"], ended["end"], "{command}");
    }
    assert_eq!(ended["end"]["reasons"][0]["text"], "Call completed elsewhere");
}

#[test]
fn an_accept_that_waits_loses_to_a_bye_with_the_end_in_its_answer() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    std::thread::scope(|scope| {
        let accepting = scope.spawn(|| agent.tell(&id, "accept", ""));
        caller.expect(200);
        caller.bye();
        let answer = accepting.join().unwrap();
        refused(&answer, 409, "call-ended", "ended");
        assert_eq!(answer.json()["end"]["by"], "remote");
    });
}

#[test]
fn a_session_description_that_does_not_fit_is_refused_and_the_call_goes_on() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    let two = crate::caller::OFFER.to_owned() + "m=video 4002 RTP/AVP 96\r\n";
    for sdp in ["", "hello", "v=0\r\n", two.as_str()] {
        refused(&agent.tell(&id, "accept", &json!({"sdp": sdp}).to_string()), 422, "invalid-sdp", "sdp");
    }
    let answer = json!({"sdp": crate::caller::OFFER, "wait": "sent"}).to_string();
    done(&agent, &agent.tell(&id, "accept", &answer), "accepted");
    assert_eq!(caller.expect(200).body, crate::caller::OFFER);
}

#[test]
fn a_header_that_would_break_the_message_is_refused() {
    let (agent, mut events) = start();
    let (mut caller, id) = Caller::offered(&agent, &mut events);
    let headers = [
        ("X-A", "1\r\nBYE sip:x SIP/2.0"),
        ("X-A", "1\n2"),
        ("X-A", "\u{0}"),
        ("X-A\r\nX-B", "1"),
        ("X A", "1"),
        ("X-A:", "1"),
        ("", "1"),
        ("Via", "1"),
        ("v", "1"),
        ("content-length", "1"),
    ];
    for command in ["ring", "accept", "reject", "hangup"] {
        for (name, value) in headers {
            let body = json!({"headers": {name: value}}).to_string();
            refused(&agent.tell(&id, command, &body), 422, "invalid-header", "headers");
        }
    }
    let phrase = json!({"reason": "Busy\r\nX-A: 1"}).to_string();
    refused(&agent.tell(&id, "reject", &phrase), 422, "invalid-field", "reason");
    let contact = json!({"status": 302, "contacts": ["sip:a@b>\r\nX-A: 1"]}).to_string();
    refused(&agent.tell(&id, "reject", &contact), 422, "invalid-field", "contacts");
    assert_eq!(agent.call(&id)["version"], 1);
    caller.expect(100);
    assert!(!caller.has_message());
}

#[test]
fn a_field_that_is_wrong_is_named() {
    let (agent, mut events) = start();
    let (_caller, id) = Caller::offered(&agent, &mut events);
    let table = [
        ("ring", r#"{"staus": 180}"#, "staus"),
        ("ring", r#"{"status": "180"}"#, "status"),
        ("ring", r#"{"status": 200}"#, "status"),
        ("ring", r#"{"status": -1}"#, "status"),
        ("ring", r#"{"status": 180.5}"#, "status"),
        ("ring", r#"{"early_media": "yes"}"#, "early_media"),
        ("accept", r#"{"wait": "forever"}"#, "wait"),
        ("accept", r#"{"headers": [{"name": "X-A"}]}"#, "headers[0]"),
        ("accept", r#"{"headers": [{"name": "X-A", "value": "1", "x": 1}]}"#, "headers[0]"),
        ("reject", r#"{"status": 200}"#, "status"),
        ("reject", r#"{"status": 700}"#, "status"),
        ("reject", r#"{"contacts": "sip:a@b"}"#, "contacts"),
        ("cancel", r#"{"status": 180}"#, "status"),
        ("cancel", r#"{"reason": "x"}"#, "reason"),
        ("hangup", r#"{"reason": {"protocol": "S P"}}"#, "reason.protocol"),
        ("hangup", r#"{"reason": {"cause": 16}}"#, "reason"),
        ("hangup", r#"{"reason": "bye"}"#, "reason"),
    ];
    for (command, body, named) in table {
        refused(&agent.tell(&id, command, body), 422, "invalid-field", named);
    }
    assert_eq!(agent.call(&id)["version"], 1);
}

#[test]
fn an_invite_without_an_offer_is_answered_with_one() {
    let (agent, mut events) = start();
    let mut caller = Caller::invite(&agent, &Invite { sdp: "", ..Invite::default() });
    let call = events.next_of("call.offered");
    assert_eq!(call["sdp"], json!({"remote": null, "local": null}));
    let answer = agent.tell(&text(&call["id"]), "accept", r#"{"wait": "sent"}"#);
    done(&agent, &answer, "accepted");
    assert_eq!(answer.json()["sdp"]["local"], caller.expect(200).body.as_str());
}
