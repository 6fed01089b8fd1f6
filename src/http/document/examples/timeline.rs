//! A call on one clock.

use std::sync::Arc;

use super::{Timestamp, after, cancelled};
use crate::timeline::{CommandEntry, EventEntry, SipDirection, SipEntry, Story, StoryEntry};

/// A call that rang and was given up.
pub fn timeline() -> Story {
    use SipDirection::{Received, Sent};
    let call = Arc::new(cancelled());
    let later = |milliseconds: i64| Timestamp(after(0).0 + milliseconds * 1000);
    let message = |at: i64, direction, first_line: &str, cseq: &str| {
        let message = format!(
            "{first_line}\r\nCall-ID: {}\r\nCSeq: {cseq}\r\nContent-Length: 0\r\n\r\n",
            call.sip.call_id
        );
        let ends = (([10, 0, 0, 2], 5060).into(), ([10, 0, 0, 1], 40312).into());
        let (local, peer): (std::net::SocketAddr, std::net::SocketAddr) = ends;
        StoryEntry::Sip(SipEntry {
            at: later(at),
            direction,
            transport: "tcp".to_owned(),
            local: local.to_string(),
            peer: peer.to_string(),
            summary: first_line.trim_start_matches("SIP/2.0 ").trim_end_matches(" SIP/2.0").to_owned(),
            length: message.len(),
            bytes: message.clone().into(),
            message,
            ends,
        })
    };
    let event = |at: i64, number: u32, kind: &str| {
        StoryEntry::Event(EventEntry {
            at: later(at),
            event_id: format!("7f3a-{number}"),
            r#type: kind.to_owned(),
        })
    };
    let ring = CommandEntry {
        at: later(41),
        name: "ring".to_owned(),
        by: Some("crm-7".to_owned()),
        answered_at: later(42),
        refusal: None,
    };
    let entries = vec![
        message(0, Received, "INVITE sip:1000@10.0.0.2 SIP/2.0", "1 INVITE"),
        event(0, 1, "call.offered"),
        message(0, Sent, "SIP/2.0 100 Trying", "1 INVITE"),
        StoryEntry::Command(ring),
        event(41, 2, "call.ringing"),
        message(41, Sent, "SIP/2.0 180 Ringing", "1 INVITE"),
        message(9000, Received, "CANCEL sip:1000@10.0.0.2 SIP/2.0", "1 CANCEL"),
        event(9000, 3, "call.ended"),
        message(9000, Sent, "SIP/2.0 200 OK", "1 CANCEL"),
        message(9000, Sent, "SIP/2.0 487 Request Terminated", "1 INVITE"),
        message(9001, Received, "ACK sip:1000@10.0.0.2 SIP/2.0", "1 ACK"),
    ];
    Story { call_id: call.id, sip_call_id: call.sip.call_id.to_string(), dropped: 0, entries, call }
}
