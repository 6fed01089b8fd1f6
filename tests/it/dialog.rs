//! What a caller may ask within a call, and what clients see of it.

use serde_json::{Value, json};

use crate::agent::{Agent, Events};
use crate::peer::{Caller, OFFER, Peer, established, header, offered, respond};

/// A caller that has been answered, and the other sides of its call.
struct InCall {
    agent: Agent,
    events: Events,
    peer: Peer,
    caller: Caller,
    id: String,
}

impl InCall {
    fn new() -> Self {
        let agent = Agent::start();
        let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
        let mut caller = Caller::at(peer.address);
        let id = established(&agent, &mut events, &mut peer, &mut caller);
        Self { agent, events, peer, caller, id }
    }

    /// Sends the next request of the dialog and waits for its answer; an INVITE's is acknowledged.
    #[track_caller]
    fn ask(
        &mut self,
        method: &str,
        content_type: &str,
        body: &str,
        status: u16,
    ) -> call_agent::sip::Response {
        let content_type = format!("Content-Type: {content_type}\r\n");
        self.peer.send(self.caller.next(method, if body.is_empty() { "" } else { &content_type }, body));
        let answer = self.peer.answer(status, method);
        match (method, status) {
            ("INVITE", 200) => self.peer.send(self.caller.ack()),
            ("INVITE", _) => self.peer.send(self.caller.ack_refusal(&answer)),
            _ => {}
        }
        answer
    }

    /// Waits for the next event and gives its data.
    #[track_caller]
    fn told(&mut self, kind: &str) -> Value {
        let mut event = self.events.next().unwrap();
        assert_eq!((&event["type"], &event["subject"]), (&json!(kind), &json!(self.id)), "{event}");
        event["data"].take()
    }
}

/// The flow's offer with another version and a direction for both streams.
fn offer(version: u32, direction: &str) -> String {
    let (audio, video) = OFFER.split_once("m=video").unwrap();
    let audio = audio.replace("1718762976", &version.to_string());
    format!("{audio}a={direction}\r\nm=video{video}a={direction}\r\n")
}

#[test]
fn an_update_puts_the_call_on_hold_and_a_reinvite_takes_it_back() {
    let mut call = InCall::new();
    let held = offer(1_718_762_977, "sendonly");
    let answer = call.ask("UPDATE", "application/sdp", &held, 200);
    let data = call.told("call.held");
    assert_eq!((&data["call"]["hold"], &data["call"]["sdp"]["remote"]), (&json!("remote"), &json!(held)));
    assert_eq!(data["call"]["sdp"]["local"], std::str::from_utf8(&answer.body).unwrap());
    let resumed = offer(1_718_762_978, "sendrecv");
    call.ask("INVITE", "application/sdp", &resumed, 200);
    let data = call.told("call.resumed");
    assert_eq!((&data["call"]["hold"], &data["call"]["sdp"]["remote"]), (&json!("none"), &json!(resumed)));
}

#[test]
fn a_reinvite_with_another_description_updates_the_call() {
    let mut call = InCall::new();
    let moved = offer(1_718_762_977, "sendrecv").replace("audio 16776", "audio 16800");
    let answer = call.ask("INVITE", "application/sdp", &moved, 200);
    assert_eq!(header(&answer, "Content-Type"), "application/sdp");
    let data = call.told("call.updated");
    assert_eq!(data["call"]["sdp"]["remote"], moved);
    assert_eq!(data["call"]["state"], "established");
    assert_eq!(call.agent.get(&format!("/v1/calls/{}", call.id)).1["sdp"]["remote"], moved);
}

#[test]
fn a_reinvite_that_cannot_be_answered_leaves_the_call_as_it_was() {
    let mut call = InCall::new();
    let before = call.agent.get(&format!("/v1/calls/{}", call.id)).1;
    let foreign = offer(1_718_762_977, "sendrecv").replace("AVP 9 0 8 101", "AVP 18");
    call.ask("INVITE", "application/sdp", &foreign, 488);
    call.ask("INVITE", "text/plain", "hello", 415);
    assert_eq!(call.agent.get(&format!("/v1/calls/{}", call.id)).1, before);
}

#[test]
fn an_info_is_digits_or_shown_as_it_is() {
    let mut call = InCall::new();
    call.ask("INFO", "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", 200);
    assert_eq!(call.told("call.dtmf")["dtmf"], json!({"digits": "5", "duration_ms": 160, "via": "info"}));
    call.ask("INFO", "application/dtmf", "#", 200);
    assert_eq!(call.told("call.dtmf")["dtmf"], json!({"digits": "#", "duration_ms": null, "via": "info"}));
    call.ask("INFO", "application/media_control+xml", "<media_control/>", 200);
    let info = json!({"content_type": "application/media_control+xml", "body": "<media_control/>"});
    assert_eq!(call.told("call.info")["info"], info);
    call.ask("INFO", "", "", 200);
    assert_eq!(call.told("call.info")["info"], json!({"content_type": null, "body": ""}));
}

#[test]
fn options_tells_the_same_within_a_call_and_outside() {
    let mut call = InCall::new();
    let within = call.ask("OPTIONS", "", "", 200);
    call.peer.send(Caller::at(call.peer.address).options());
    let outside = call.peer.answer(200, "OPTIONS");
    for name in ["Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported"] {
        assert_eq!(header(&within, name), header(&outside, name));
    }
    assert_eq!(header(&outside, "Accept"), "application/sdp, multipart/mixed");
    for method in ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "MESSAGE", "UPDATE"] {
        assert!(header(&outside, "Allow").split(", ").any(|allowed| allowed == method), "{method}");
    }
}

#[test]
fn after_the_end_of_a_call_its_requests_get_481() {
    let mut call = InCall::new();
    call.ask("BYE", "", "", 200);
    call.told("call.ended");
    for method in ["INFO", "INVITE", "UPDATE", "BYE", "OPTIONS"] {
        call.ask(method, "", "", 481);
    }
}

#[test]
fn without_a_common_codec_the_caller_gets_488_and_the_client_409() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let foreign = OFFER.replace("AVP 9 0 8 101", "AVP 18");
    peer.send(caller.request("INVITE", "Content-Type: application/sdp\r\n", &foreign));
    peer.answer(100, "INVITE");
    let id = events.next_of("call.offered")["id"].as_str().unwrap().to_owned();
    let (status, problem) = agent.command(&id, "accept", json!({}));
    assert_eq!((status, &problem["code"]), (409, &json!("no-common-codec")), "{problem}");
    let refusal = peer.answer(488, "INVITE");
    peer.send(caller.ack_refusal(&refusal));
    let end = events.next_of("call.ended")["end"].take();
    assert_eq!(problem["end"], end);
    let expected =
        json!({"cause": "failed", "by": "system", "sip_status": 488, "reason": null, "reasons": []});
    assert_eq!(end, expected);
}

#[test]
fn a_caller_that_repeats_its_invite_hears_the_last_answer_again() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let caller = Caller::at(peer.address);
    let id = offered(&mut events, &mut peer, &caller);
    peer.send(caller.invite());
    peer.answer(100, "INVITE");
    agent.command(&id, "ring", json!({"status": 183}));
    peer.answer(183, "INVITE");
    peer.send(caller.invite());
    peer.answer(183, "INVITE");
    agent.command(&id, "reject", json!({"status": 603, "reason": "Not today"}));
    assert_eq!(peer.answer(603, "INVITE").reason_phrase, "Not today");
    peer.send(caller.invite());
    let refusal = peer.answer(603, "INVITE");
    peer.send(caller.ack_refusal(&refusal));
    peer.hears_nothing_but_options();
    assert_eq!(agent.get("/v1/calls").1["calls"].as_array().unwrap().len(), 1);
}

#[test]
fn what_a_client_sends_in_the_call_is_answered_with_what_the_peer_says() {
    let InCall { agent, mut peer, id, .. } = InCall::new();
    let letter =
        json!({"content_type": "application/json", "body": "{\"ticket\": 4711}", "headers": {"X-A": "1"}});
    let table = [
        ("info", letter.clone(), "INFO", 200, 200, "{\"ticket\": 4711}"),
        ("message", letter, "MESSAGE", 202, 200, "{\"ticket\": 4711}"),
        ("dtmf", json!({"digits": "#"}), "INFO", 200, 200, "Signal=#\r\nDuration=250\r\n"),
        ("dtmf", json!({"digits": "1"}), "INFO", 415, 502, "Signal=1\r\nDuration=250\r\n"),
    ];
    for (command, body, method, says, status, carried) in table {
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| agent.command(&id, command, body));
            let request = peer.request(method);
            assert_eq!(std::str::from_utf8(&request.body).unwrap(), carried);
            peer.send(respond(&request, says));
            let (told, answer) = asked.join().unwrap();
            assert_eq!((told, &answer["sip_status"]), (status, &json!(says)), "{answer}");
            match status {
                200 => assert_eq!((&answer["id"], &answer["state"]), (&json!(id), &json!("established"))),
                _ => assert_eq!((&answer["code"], &answer["call_id"]), (&json!("sip-rejected"), &json!(id))),
            }
        });
    }
    let (status, problem) = agent.command(&id, "dtmf", json!({"digits": "1", "via": "rfc4733"}));
    assert_eq!((status, &problem["code"]), (422, &json!("invalid-field")), "{problem}");
}

#[test]
fn a_message_of_the_caller_is_told() {
    let mut call = InCall::new();
    call.ask("MESSAGE", "text/plain", "hello", 200);
    assert_eq!(call.told("call.message")["message"], json!({"content_type": "text/plain", "body": "hello"}));
}
