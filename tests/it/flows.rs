//! The two calls that were captured at a FreeSWITCH (`tests/flows`), replayed byte for byte.

use call_agent::sip::Response;
use serde_json::{Value, json};

use crate::agent::{Agent, Events};
use crate::peer::{Caller, Peer, header};

const INVITE: &str = include_str!("../flows/1-invite.sip");
const RINGING: &str = include_str!("../flows/3-ringing.sip");
const CANCEL: &str = include_str!("../flows/4-cancel.sip");
const CANCEL_OK: &str = include_str!("../flows/5-cancel-ok.sip");
const TERMINATED: &str = include_str!("../flows/6-terminated.sip");

/// The lines between the start line and the empty one.
fn header_lines(message: &str) -> impl Iterator<Item = (&str, &str)> {
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    head.lines().skip(1).map(|line| line.split_once(": ").unwrap())
}

fn value<'a>(message: &'a str, name: &str) -> &'a str {
    header_lines(message).find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no {name}")).1
}

fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").unwrap().1
}

/// The captured INVITE with the names of the call that was cancelled. Its offer has no video: the captured answer to it
/// has one media line.
fn invite_of_the_cancelled_call() -> String {
    let offer = body(INVITE).split("m=video").next().unwrap();
    let (head, _) = INVITE.split_once("\r\n\r\n").unwrap();
    let head = head
        .replace("z9hG4bKxxxx", "z9hG4bKgvtvc29HgQZ5e")
        .replace("Q79QQcg41UBpe", "027KZHpcBFDXH")
        .replace("e040d830-a8aa-123d-0a8e-11111111111b", "42ed1f48-a8ac-123d-0a8e-11111111111a")
        .replace("84836083", "84836381")
        .replace("Content-Length: 414", &format!("Content-Length: {}", offer.len()));
    format!("{head}\r\n\r\n{offer}")
}

/// Via as the RFC has it sent back (RFC 3261 §18.2.1, RFC 3581 §4): where the request really came from is filled in.
fn stamped(via: &str, peer: &Peer) -> String {
    format!("{};rport={};received=127.0.0.1", via.split(";rport").next().unwrap(), peer.address.port())
}

/// A response copies the request's Via, From, To, Call-ID and CSeq (RFC 3261 §8.2.6.2), adds that tag to the To, and says
/// how long its body is.
#[track_caller]
fn echoes(response: &Response, request: &str, peer: &Peer, to_tag: Option<&str>) {
    let to = value(request, "To").to_owned() + &to_tag.map(|tag| format!(";tag={tag}")).unwrap_or_default();
    assert_eq!(header(response, "Via"), stamped(value(request, "Via"), peer));
    assert_eq!(header(response, "To"), to);
    for name in ["From", "Call-ID", "CSeq"] {
        assert_eq!(header(response, name), value(request, name));
    }
    assert_eq!(header(response, "Content-Length"), response.body.len().to_string());
}

/// A response says what the captured one says, the place it was captured at and the missing To tag apart.
#[track_caller]
fn is_as_captured(response: &Response, captured: &str) {
    let status_line = captured.lines().next().unwrap();
    assert_eq!(format!("SIP/2.0 {} {}", response.status, response.reason_phrase), status_line);
    for name in ["From", "Call-ID", "CSeq", "Content-Length"] {
        assert_eq!(header(response, name), value(captured, name));
    }
    assert_eq!(&response.body[..], body(captured).as_bytes());
}

/// A time as the contract has it: UTC, microseconds.
#[track_caller]
fn is_time(time: &Value) {
    let text = time.as_str().unwrap();
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
}

/// Waits for the next event: its call, the envelope checked.
#[track_caller]
fn next(events: &mut Events, kind: &str) -> Value {
    let mut event = events.next().unwrap();
    let call = event["data"]["call"].take();
    is_time(&event["time"]);
    let (id, source) = (event["id"].as_str().unwrap(), event["source"].as_str().unwrap());
    let (epoch, sequence) = id.split_once('-').unwrap();
    assert!(u32::from_str_radix(epoch, 16).is_ok() && sequence.parse::<u64>().is_ok(), "{id}");
    assert!(source.starts_with("/call-agent/"), "{source}");
    let expected = json!({
        "specversion": "1.0", "id": id, "source": source, "type": kind, "subject": call["id"],
        "time": event["time"], "datacontenttype": "application/json", "data": {"call": null},
    });
    assert_eq!(event, expected);
    call
}

/// The call that an INVITE of the capture is shown as, but for what the agent chooses.
fn offered(invite: &str, peer: &Peer, call: &Value) -> Value {
    let shown = header_lines(invite).filter(|(name, _)| !["From", "To", "Call-ID"].contains(name));
    let headers: Vec<_> = shown.map(|(name, value)| json!({"name": name, "value": value})).collect();
    let tag = value(invite, "From").split_once("tag=").unwrap().1;
    json!({
        "id": call["id"],
        "direction": "inbound",
        "state": "offered",
        "version": 1,
        "from": {"uri": "sip:1001@172.17.0.1", "display_name": "Extension 1001"},
        "to": {"uri": "sip:1000@10.0.0.1:10000;transport=tcp", "display_name": null},
        "request_uri": "sip:1000@10.0.0.1:10000;transport=tcp",
        "account": null,
        "headers": headers,
        "sdp": {"remote": body(invite), "local": null},
        "sip": {
            "call_id": value(invite, "Call-ID"), "local_tag": call["sip"]["local_tag"], "remote_tag": tag,
            "transport": "tcp", "peer": peer.address.to_string(),
        },
        "labels": {},
        "hold": "none",
        "claim": null,
        "created_at": call["created_at"], "ringing_at": null, "accepted_at": null, "established_at": null,
        "ended_at": null,
        "end": null,
        "actions": ["ring", "accept", "reject", "cancel", "hangup"],
    })
}

/// The call as the next event shows it: changed as said, without what cannot have changed.
fn changed(call: &Value, changes: Value) -> Value {
    let mut call = call.clone();
    let fields = call.as_object_mut().unwrap();
    fields.remove("headers");
    fields["version"] = json!(fields["version"].as_u64().unwrap() + 1);
    fields["sdp"].as_object_mut().unwrap().remove("remote");
    fields.extend(changes.as_object().unwrap().clone());
    call
}

#[test]
fn the_captured_invite_gets_100_and_is_shown_whole() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    peer.send(INVITE);
    let trying = peer.answer(100, "INVITE");
    echoes(&trying, INVITE, &peer, None);
    let call = next(&mut events, "call.offered");
    assert_eq!(call, offered(INVITE, &peer, &call));
    is_time(&call["created_at"]);
    let id = call["id"].as_str().unwrap();
    assert!(id.len() == 31 && id.starts_with("call_"), "{id}");
    assert_eq!(agent.get(&format!("/v1/calls/{id}")), (200, call));
}

#[test]
fn the_captured_invite_can_be_answered_and_hung_up() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    peer.send(INVITE);
    peer.answer(100, "INVITE");
    let call = next(&mut events, "call.offered");
    let (id, tag) = (call["id"].as_str().unwrap(), call["sip"]["local_tag"].as_str().unwrap());
    assert_eq!(agent.command(id, "accept", json!({"wait": "sent"})).0, 200);
    let ok = peer.answer(200, "INVITE");
    echoes(&ok, INVITE, &peer, Some(tag));
    let contact = format!("<sip:1000@{};transport=tcp>", agent.sip);
    assert_eq!(
        (header(&ok, "Contact"), header(&ok, "Content-Type")),
        (contact, "application/sdp".to_owned())
    );
    let accepted = next(&mut events, "call.accepted");
    let local = std::str::from_utf8(&ok.body).unwrap();
    let changes = json!({"state": "accepted", "accepted_at": accepted["accepted_at"], "sdp": {"local": local}, "actions": ["hangup"]});
    assert_eq!(accepted, changed(&call, changes));

    let caller = Caller {
        at: peer.address,
        call_id: value(INVITE, "Call-ID").into(),
        tag: "Q79QQcg41UBpe".into(),
        to_tag: Some(tag.into()),
        cseq: 84_836_083,
        branch: "z9hG4bKyyyy".into(),
    };
    peer.send(caller.ack());
    let established = next(&mut events, "call.established");
    let actions = json!(["hangup", "dtmf", "info", "message"]);
    let changes =
        json!({"state": "established", "established_at": established["established_at"], "actions": actions});
    assert_eq!(established, changed(&accepted, changes));
    let bye = caller.clone().next("BYE", "Reason: Q.850;cause=16;text=\"NORMAL_CLEARING\"\r\n", "");
    peer.send(bye);
    peer.answer(200, "BYE");
    let ended = next(&mut events, "call.ended");
    let end = json!({
        "cause": "hangup", "by": "remote", "sip_status": null, "reason": "Q.850;cause=16;text=\"NORMAL_CLEARING\"",
        "reasons": [{"protocol": "Q.850", "cause": 16, "text": "NORMAL_CLEARING"}],
    });
    let changes = json!({"state": "ended", "ended_at": ended["ended_at"], "end": end, "actions": []});
    assert_eq!(ended, changed(&established, changes));
    is_time(&ended["ended_at"]);
}

#[test]
fn the_captured_cancel_ends_the_ringing_call() {
    let agent = Agent::start();
    let (mut events, mut peer) = (agent.events(), Peer::connect(&agent));
    let invite = invite_of_the_cancelled_call();
    peer.send(&invite);
    echoes(&peer.answer(100, "INVITE"), &invite, &peer, None);
    let call = next(&mut events, "call.offered");
    assert_eq!(call, offered(&invite, &peer, &call));
    let (id, tag) = (call["id"].as_str().unwrap(), call["sip"]["local_tag"].as_str().unwrap());

    let (status, rung) = agent.command(id, "ring", json!({"sdp": body(RINGING)}));
    assert_eq!((status, &rung["state"]), (200, &json!("ringing")), "{rung}");
    let ringing = peer.answer(180, "INVITE");
    echoes(&ringing, &invite, &peer, Some(tag));
    is_as_captured(&ringing, RINGING);
    assert_eq!(header(&ringing, "Content-Type"), value(RINGING, "Content-Type"));
    let shown = next(&mut events, "call.ringing");
    let changes =
        json!({"state": "ringing", "ringing_at": shown["ringing_at"], "sdp": {"local": body(RINGING)}});
    assert_eq!(shown, changed(&call, changes));

    peer.send(CANCEL);
    let ok = peer.answer(200, "CANCEL");
    echoes(&ok, CANCEL, &peer, Some(tag));
    is_as_captured(&ok, CANCEL_OK);
    let terminated = peer.answer(487, "INVITE");
    echoes(&terminated, &invite, &peer, Some(tag));
    is_as_captured(&terminated, TERMINATED);
    let ended = next(&mut events, "call.ended");
    let end = json!({
        "cause": "cancelled", "by": "remote", "sip_status": 487,
        "reason": "SIP;cause=487;text=\"ORIGINATOR_CANCEL\"",
        "reasons": [{"protocol": "SIP", "cause": 487, "text": "ORIGINATOR_CANCEL"}],
    });
    let changes = json!({"state": "ended", "ended_at": ended["ended_at"], "end": end, "actions": []});
    assert_eq!(ended, changed(&shown, changes));

    peer.send(CANCEL.replace("CANCEL", "ACK"));
    peer.hears_nothing_but_options();
}
