//! A timeline as a sequence diagram of Mermaid.

use std::fmt::Write;

use super::text::disturbs;
use super::{CommandEntry, SipDirection, Story, StoryEntry};

/// The diagram.
pub fn mermaid(story: &Story) -> String {
    let peer = story.entries.iter().find_map(|entry| match entry {
        StoryEntry::Sip(sip) => Some(sip.peer.as_str()),
        _ => None,
    });
    let mut out = "sequenceDiagram\n".to_owned();
    let _ = writeln!(out, "    participant P as {}", escaped(peer.unwrap_or(&story.call.sip.peer)));
    out.push_str("    participant A as call-agent\n    participant C as clients\n");
    if story.dropped > 0 {
        let _ = writeln!(out, "    Note over P,C: {} entries in between are not kept", story.dropped);
    }
    for entry in &story.entries {
        match entry {
            StoryEntry::Sip(sip) => {
                let (from, to) =
                    if sip.direction == SipDirection::Received { ("P", "A") } else { ("A", "P") };
                let sdp = if sip.has_sdp() { " (SDP)" } else { "" };
                let _ = writeln!(out, "    {from}->>{to}: {}{sdp}", escaped(sip.title()));
            }
            StoryEntry::Event(event) => {
                let _ = writeln!(out, "    A-)C: {}", escaped(&event.r#type));
            }
            StoryEntry::Command(CommandEntry { name, by, refusal, .. }) => {
                let by = by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
                let refused = refusal.as_deref().map(|why| format!(", refused: {why}")).unwrap_or_default();
                let _ = writeln!(out, "    C->>A: {}", escaped(&format!("{name}{by}{refused}")));
            }
        }
    }
    out
}

/// As text of a diagram: what means something there, or disturbs, is written by its number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '#' | ';' | '<' | '>' | '"' | '%' | '{' | '}' | '\\' => {
                let _ = write!(out, "#{};", u32::from(character));
            }
            // A word of the language.
            'e' | 'E' if is_end(text, at) => {
                let _ = write!(out, "#{};", u32::from(character));
            }
            character if disturbs(character) => out.push(' '),
            character => out.push(character),
        }
    }
    // Empty text is no message.
    if out.trim().is_empty() { "-".to_owned() } else { out }
}

fn is_end(text: &str, at: usize) -> bool {
    let (before, rest) = text.split_at_checked(at).unwrap_or_default();
    let is_word = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("end"));
    is_word
        && !before.ends_with(char::is_alphanumeric)
        && !rest.get(3..).is_some_and(|behind| behind.starts_with(char::is_alphanumeric))
}
