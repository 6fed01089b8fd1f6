//! A timeline for people: a ladder between the peer, the agent and its clients.

use std::fmt::Write;

use super::{CommandEntry, EventEntry, SipDirection, SipEntry, Story, StoryEntry, secrets};
use crate::agent::Timestamp;

/// How wide an arrow is.
const ARROW: usize = 34;

/// The ladder. Times are milliseconds since its first entry.
pub fn text(story: &Story) -> String {
    let call = &story.call;
    let mut out = String::new();
    let _ = writeln!(out, "{}  {} → {}", call.id, address(&call.from.uri), address(&call.to.uri));
    let _ = writeln!(out, "Call-ID {}, from {}", plain(&story.sip_call_id), story.start());
    let _ = writeln!(out, "\n{:>11}  {:<ARROW$}", "ms", "peer");
    if story.dropped > 0 {
        let _ = writeln!(out, "{:>11}  ({} entries in between are not kept)", "", story.dropped);
    }
    for entry in &story.entries {
        let _ = writeln!(out, "{:>11.3}  {}", milliseconds(story.start(), entry.at()), line(story, entry));
    }
    out
}

fn line(story: &Story, entry: &StoryEntry) -> String {
    match entry {
        StoryEntry::Sip(sip) => message(sip),
        StoryEntry::Event(EventEntry { event_id, r#type, .. }) => {
            format!("{:ARROW$}  agent ──▷ {type}  {event_id}", "")
        }
        StoryEntry::Command(CommandEntry { name, by, answered_at, refusal, .. }) => {
            let by = by.as_deref().map(|by| format!(" by {}", plain(by))).unwrap_or_default();
            let at = milliseconds(story.start(), *answered_at);
            let outcome =
                refusal.as_deref().map_or("done".to_owned(), |why| format!("refused: {}", plain(why)));
            format!("{:ARROW$}  agent ◁── {name}{by}: {outcome} (at {at:.3})", "")
        }
    }
}

fn message(sip: &SipEntry) -> String {
    let sdp = if sip.has_sdp() { " (SDP)" } else { "" };
    let title = format!("{}{sdp}", plain(sip.title()));
    let shaft = "─".repeat(ARROW.saturating_sub(title.chars().count() + 5).max(1));
    let arrow = match sip.direction {
        SipDirection::Received => format!("── {title} {shaft}▶"),
        SipDirection::Sent => format!("◀─ {title} {shaft}─"),
    };
    format!("{arrow}  agent      {} {}", sip.transport, sip.peer)
}

fn milliseconds(start: Timestamp, at: Timestamp) -> f64 {
    at.0.saturating_sub(start.0) as f64 / 1000.0
}

fn address(uri: &str) -> String {
    plain(&secrets::without_password(uri))
}

/// Without what would disturb a terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !disturbs(*character)).collect()
}

/// Control characters, and those that change the direction of what comes behind them.
pub(super) fn disturbs(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
