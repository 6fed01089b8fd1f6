//! Places in the log: `<epoch>-<sequence>`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// An event's id. Sequences start at 1 and have no holes; an epoch is one life of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventId {
    /// Hexadecimal digits.
    pub epoch: Arc<str>,
    /// The event's number; 0 is the place before the first.
    pub sequence: u64,
}

/// Where a reader starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// With what comes next; for one call, with its first event.
    #[default]
    Now,
    /// With the oldest event kept.
    Earliest,
    /// Right behind this event.
    Event(EventId),
}

/// The text is no place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position is an event's id, `<epoch>-<sequence>`, or `earliest`")]
pub struct NotAPosition;

/// An epoch longer than this is not ours.
const EPOCH_DIGITS: std::ops::RangeInclusive<usize> = 4..=32;

impl FromStr for EventId {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let (epoch, sequence) = text.split_once('-').ok_or(NotAPosition)?;
        let digits = |text: &str, digit: fn(&u8) -> bool| text.bytes().all(|byte| digit(&byte));
        if !EPOCH_DIGITS.contains(&epoch.len()) || !digits(epoch, u8::is_ascii_hexdigit) {
            return Err(NotAPosition);
        }
        if !digits(sequence, u8::is_ascii_digit) {
            return Err(NotAPosition);
        }
        let sequence = sequence.parse().map_err(|_| NotAPosition)?;
        Ok(Self { epoch: epoch.into(), sequence })
    }
}

impl FromStr for After {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        if text == "earliest" { Ok(Self::Earliest) } else { text.parse().map(Self::Event) }
    }
}

impl EventId {
    /// As it is written. Not by the formatter: each event has one, written twice.
    pub(super) fn text(&self) -> String {
        let mut digits = itoa::Buffer::new();
        [&*self.epoch, "-", digits.format(self.sequence)].concat()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}
