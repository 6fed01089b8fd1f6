//! What is kept, what is secret, and how it is written.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::agent::event::Event;
use crate::agent::{Flow, FlowId};
use crate::sip::{Transport, parse_datagram};
use crate::state::tests::{ended, offered};

const HOUR: Duration = Duration::from_secs(3600);

/// A clock that goes on by a millisecond with each look, for each test its own.
fn clock() -> Timestamp {
    thread_local! { static NOW: AtomicI64 = const { AtomicI64::new(0) }; }
    Timestamp(NOW.with(|now| now.fetch_add(1000, Ordering::Relaxed)))
}

fn timelines(bytes: usize) -> Timelines {
    Timelines::new(Settings { bytes, ended_age: HOUR }, clock)
}

fn flow(transport: Transport) -> Flow {
    let (local, peer) = ("10.0.0.2:5060".parse().unwrap(), "10.0.0.1:40312".parse().unwrap());
    Flow { id: FlowId(1), transport, local, peer, listener: None }
}

/// A message of the call that the fixtures of events have: Call-ID `e040`, our tag `a`, theirs `b`.
fn message(first_line: &str, tags: [&str; 2], more: &str, body: &str) -> Bytes {
    let [from, to] = tags.map(|tag| if tag.is_empty() { String::new() } else { format!(";tag={tag}") });
    Bytes::from(format!(
        "{first_line}\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: \"<;tag=x\" <sip:1001@a>{from}\r\n\
         To: <sip:1000@b>{to}\r\nCall-ID: e040\r\nCSeq: 1 {}\r\n{more}Content-Length: {}\r\n\r\n{body}",
        if first_line.starts_with("SIP") { "INVITE" } else { first_line.split(' ').next().unwrap() },
        body.len()
    ))
}

fn receive(timelines: &Timelines, message: Bytes) {
    timelines.received(clock(), &flow(Transport::Tcp), &parse_datagram(message).unwrap());
}

fn asked(call: CallId, what: &'static str, by: Option<String>) -> Asked {
    Asked { call: Some(call), what, by, at: clock() }
}

const INVITE: &str = "INVITE sip:1000@b SIP/2.0";

/// The call of the fixtures, from its INVITE to our 180.
fn rung() -> (Timelines, Event) {
    let (timelines, event) = (timelines(1 << 20), offered(1));
    receive(&timelines, message(INVITE, ["b", ""], "", "v=0\r\n"));
    timelines.told(&event);
    let asked = asked(event.call.id, "ring", Some("crm".to_owned()));
    timelines.sent(&flow(Transport::Tcp), &message("SIP/2.0 180 Ringing", ["b", "a"], "", ""));
    timelines.answered(event.call.id, asked, None);
    (timelines, event)
}

fn titles(story: &Story) -> Vec<String> {
    let title = |entry: &StoryEntry| match entry {
        StoryEntry::Sip(sip) => sip.title().to_owned(),
        StoryEntry::Command(command) => command.name.clone(),
        StoryEntry::Event(event) => event.r#type.clone(),
    };
    story.entries.iter().map(title).collect()
}

#[test]
fn messages_commands_and_events_stand_on_one_clock() {
    let (timelines, event) = rung();
    let envelope = br#"{"id":"7f3a-1","type":"call.offered","time":"1970-01-01T00:00:00.000500Z","data":{}}"#;
    let story = timelines.story(event.call, &[Bytes::from_static(envelope)]);
    assert_eq!(titles(&story), ["INVITE", "call.offered", "ring", "180 Ringing"]);
    let json = serde_json::to_value(&story).unwrap();
    assert_eq!(json["entries"][0]["direction"], "received");
    assert_eq!(json["entries"][0]["summary"], "INVITE sip:1000@b");
    assert_eq!(json["entries"][2]["by"], "crm");
    assert!(json["entries"][0]["message"].as_str().unwrap().ends_with("\r\n\r\nv=0\r\n"));
}

#[test]
fn a_message_is_of_the_call_whose_tags_it_has() {
    let (timelines, event) = rung();
    receive(&timelines, message("BYE sip:1000@b SIP/2.0", ["b", "a"], "", ""));
    // The other end of the call is ours, too, and has the same Call-ID.
    receive(&timelines, message("INVITE sip:1000@b SIP/2.0", ["c", ""], "", ""));
    receive(&timelines, message("BYE sip:1000@b SIP/2.0", ["b", "c"], "", ""));
    timelines.sent(&flow(Transport::Tcp), &message("BYE sip:1000@b SIP/2.0", ["b", "a"], "", ""));
    assert_eq!(titles(&timelines.story(event.call, &[])), ["INVITE", "ring", "180 Ringing", "BYE"]);
}

#[test]
fn what_belongs_to_no_call_leaves_nothing() {
    let timelines = timelines(1 << 20);
    receive(&timelines, message("OPTIONS sip:1000@b SIP/2.0", ["b", ""], "", ""));
    timelines.sent(&flow(Transport::Tcp), &message("SIP/2.0 200 OK", ["b", "a"], "", ""));
    let asked = asked(offered(1).call.id, "ring", None);
    timelines.answered(offered(1).call.id, asked, Some("there is no such call".to_owned()));
    assert!(timelines.story(offered(1).call, &[]).entries.is_empty());
    assert_eq!(timelines.lock().sizes(), (0, 0));
}

#[test]
fn nothing_is_kept_if_nothing_is_to_be() {
    let timelines = Timelines::default();
    receive(&timelines, message(INVITE, ["b", ""], "", ""));
    timelines.told(&offered(1));
    assert!(timelines.story(offered(1).call, &[]).entries.is_empty());
}

#[test]
fn secrets_are_covered_and_lengths_stay_true() {
    let timelines = timelines(1 << 20);
    let more = "Authorization: Digest username=\"u\",\r\n response=\"deadbeef\"\r\nproxy-authorization : hunter2\r\n\
                X-Ref: <sip:u:hunter2@host>, sip:host:5060;x=a\r\n";
    let body = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:hunter2\r\na=ice-pwd:hunter2\r\nk=clear:hunter2\r\na=sendrecv\r\n";
    let sent = message(INVITE, ["b", ""], more, body);
    receive(&timelines, sent.clone());
    let story = timelines.story(offered(1).call, &[]);
    let StoryEntry::Sip(sip) = &story.entries[0] else { panic!() };
    for secret in ["hunter2", "deadbeef", "username", "inline"] {
        assert!(!sip.message.contains(secret), "{}", sip.message);
    }
    assert!(
        sip.message.contains("sip:host:5060;x=a") && sip.message.contains("a=sendrecv"),
        "{}",
        sip.message
    );
    assert!(sip.message.contains("<sip:u:*******@host>"), "{}", sip.message);
    assert_eq!(sip.bytes.len(), sent.len());
    for text in [text(&story), mermaid(&story), String::from_utf8_lossy(&pcapng(&story)).into_owned()] {
        assert!(!text.contains("hunter2") && !text.contains("deadbeef"), "{text}");
    }
}

#[test]
fn of_a_long_call_the_beginning_and_the_latest_part_are_kept() {
    let (timelines, event) = rung();
    for number in 0..1000 {
        let info = message("INFO sip:1000@b SIP/2.0", ["b", "a"], &format!("X-Number: {number}\r\n"), "");
        receive(&timelines, info);
    }
    let story = timelines.story(event.call, &[]);
    let messages = story.entries.iter().filter_map(|entry| match entry {
        StoryEntry::Sip(sip) => Some(sip.message.as_str()),
        _ => None,
    });
    let messages: Vec<_> = messages.collect();
    assert!(messages[0].starts_with("INVITE") && messages.last().unwrap().contains("X-Number: 999"));
    assert!(messages.iter().map(|message| message.len()).sum::<usize>() < 64 * 1024);
    assert_eq!(story.entries.len() + story.dropped, 1003);
    assert!(text(&story).contains(&format!("({} entries in between are not kept)", story.dropped)));
}

#[test]
fn a_large_message_is_cut() {
    let timelines = timelines(1 << 20);
    receive(&timelines, message(INVITE, ["b", ""], "", &"x".repeat(100_000)));
    let story = timelines.story(offered(1).call, &[]);
    let StoryEntry::Sip(sip) = &story.entries[0] else { panic!() };
    assert_eq!(sip.bytes.len(), 16 * 1024);
}

#[test]
fn all_together_are_bounded_and_what_began_first_goes_first() {
    let timelines = timelines(100_000);
    for number in 0..1000 {
        let invite = message(INVITE, ["b", ""], "", "");
        let invite = String::from_utf8(invite.to_vec()).unwrap().replace("e040", &format!("call-{number}"));
        receive(&timelines, invite.into());
    }
    let (bytes, traces) = timelines.lock().sizes();
    assert!((50_000..=100_000).contains(&bytes) && (10..500).contains(&traces), "{bytes} {traces}");
    assert!(timelines.lock().knows(b"call-999") && !timelines.lock().knows(b"call-0"));
}

#[test]
fn an_ended_call_is_forgotten_after_a_while_and_one_that_goes_on_is_not() {
    let (timelines, event) = rung();
    let later = Timestamp(0).after(HOUR * 2);
    timelines.forget(later);
    assert!(!timelines.story(event.call.clone(), &[]).entries.is_empty());
    timelines.told(&ended(1));
    timelines.forget(Timestamp(0));
    assert!(!timelines.story(event.call.clone(), &[]).entries.is_empty());
    timelines.forget(later);
    assert!(timelines.story(event.call, &[]).entries.is_empty());
    assert_eq!(timelines.lock().sizes(), (0, 0));
}

#[test]
fn an_invite_that_became_no_call_is_forgotten_as_well() {
    let timelines = timelines(1 << 20);
    receive(&timelines, message(INVITE, ["b", ""], "", ""));
    timelines.forget(Timestamp(0).after(HOUR * 2));
    assert_eq!(timelines.lock().sizes(), (0, 0));
}

#[test]
fn a_ladder_shows_who_has_said_what_and_when() {
    let (timelines, event) = rung();
    let asked = asked(event.call.id, "accept", None);
    timelines.answered(event.call.id, asked, Some("the call has\x1b[2J ended".to_owned()));
    let ladder = text(&timelines.story(event.call, &[]));
    for line in [
        "── INVITE (SDP) ──",
        "◀─ 180 Ringing ──",
        "agent ◁── ring by crm: done",
        "accept: refused: the call has[2J ended",
    ] {
        assert!(ladder.contains(line), "{line}\n{ladder}");
    }
    assert!(!ladder.contains('\x1b'));
}

#[test]
fn a_diagram_is_not_broken_by_what_peers_write() {
    let (timelines, event) = rung();
    timelines.sent(&flow(Transport::Tcp), &message("SIP/2.0 486 Busy; #1\"end", ["b", "a"], "", ""));
    let diagram = mermaid(&timelines.story(event.call, &[]));
    let lines: Vec<_> = diagram.lines().map(str::trim).collect();
    assert_eq!(lines[0], "sequenceDiagram");
    assert!(lines.contains(&"P->>A: INVITE (SDP)") && lines.contains(&"C->>A: ring by crm"), "{diagram}");
    assert!(lines.contains(&"A->>P: 486 Busy#59; #35;1#34;end"), "{diagram}");
}

/// The blocks of a capture file, and their types.
fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let mut blocks = Vec::new();
    while !file.is_empty() {
        let length = number(&file[4..]) as usize;
        assert_eq!((length % 4, number(&file[length - 4..]) as usize), (0, length));
        blocks.push((number(file), &file[8..length - 4]));
        file = &file[length..];
    }
    blocks
}

#[test]
fn a_capture_has_a_packet_for_each_message_with_true_lengths_and_sums() {
    for (transport, peer, protocol, payload) in
        [(Transport::Tcp, "10.0.0.1:40312", 6, 40), (Transport::Udp, "[2001:db8::1]:5070", 17, 48)]
    {
        let timelines = timelines(1 << 20);
        let mut flow = flow(transport);
        flow.peer = peer.parse().unwrap();
        flow.local.set_ip(if flow.peer.is_ipv6() { "2001:db8::2".parse().unwrap() } else { flow.local.ip() });
        let invite = message(INVITE, ["b", ""], "", "odd");
        timelines.received(clock(), &flow, &parse_datagram(invite.clone()).unwrap());
        timelines.sent(&flow, &message("SIP/2.0 100 Trying", ["b", ""], "", ""));
        let file = pcapng(&timelines.story(offered(1).call, &[]));
        let blocks = blocks(&file);
        assert_eq!(blocks.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [0x0a0d_0d0a, 1, 6, 6]);
        let packet = &blocks[2].1[20..];
        assert_eq!(&packet[payload..payload + invite.len()], &*invite);
        assert_eq!(if flow.peer.is_ipv6() { packet[6] } else { packet[9] }, protocol);
        if flow.peer.is_ipv4() {
            let sum =
                packet[..20].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum::<u32>();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        }
    }
}
