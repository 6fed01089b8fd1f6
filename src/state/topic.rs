//! What an event of the stream is about, and sets of that for `types=`.

use crate::agent::News;
use crate::agent::event::EventKind;

/// What an event is about: a call, an account, or the stream itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Something happened to a call.
    Call(EventKind),
    /// A registration changed.
    Registration,
    /// Events between the reader's position and the oldest kept are gone.
    Gap,
    /// The agent is shutting down.
    Draining,
}

impl Topic {
    /// Every topic there is.
    pub fn all() -> impl Iterator<Item = Self> {
        EventKind::ALL.into_iter().map(Self::Call).chain([Self::Registration, Self::Gap, Self::Draining])
    }

    /// What this is about.
    pub(super) fn of(news: &News) -> Self {
        match news {
            News::Call(event) => Self::Call(event.kind),
            News::Account(_) => Self::Registration,
        }
    }

    /// The event's name: CloudEvents `type`, SSE `event`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Call(kind) => kind.name(),
            Self::Registration => "registration.changed",
            Self::Gap => "stream.gap",
            Self::Draining => "stream.draining",
        }
    }

    fn bit(self) -> u32 {
        const KINDS: u32 = EventKind::ALL.len() as u32;
        match self {
            Self::Call(kind) => 1 << kind as u32,
            Self::Registration => 1 << KINDS,
            Self::Gap => 2 << KINDS,
            Self::Draining => 4 << KINDS,
        }
    }
}

/// Names of the contract for what this version does not tell yet. Clients may ask for them already.
const TO_COME: [&str; 5] = [
    "call.message",
    "call.transfer.requested",
    "call.transfer.progress",
    "call.transfer.succeeded",
    "call.transfer.failed",
];

/// A set of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topics(u32);

impl Default for Topics {
    /// All of them.
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Topics {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// Adds what a name (`call.ended`) or a pattern (`call.*`, `*`) stands for; `false` if it stands for nothing.
    pub fn add(&mut self, name: &str) -> bool {
        let is_meant = |known: &str| match name.strip_suffix('*') {
            Some(prefix) => (prefix.is_empty() || prefix.ends_with('.')) && known.starts_with(prefix),
            None => known == name,
        };
        Topic::all().filter(|topic| is_meant(topic.name())).for_each(|topic| self.insert(topic));
        Self::names().any(is_meant)
    }

    /// Every name that can be asked for.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Topic::all().map(Topic::name).chain(TO_COME)
    }

    /// Adds a topic.
    pub(super) fn insert(&mut self, topic: Topic) {
        self.0 |= topic.bit();
    }

    /// Whether a topic is in both sets.
    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the topic is in the set.
    pub fn contains(self, topic: Topic) -> bool {
        self.0 & topic.bit() != 0
    }
}
