//! Events that a receiver did not take in time: set aside, until somebody has them sent again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Event;
use crate::agent::Timestamp;
use crate::state::EventId;

/// How many are kept of a receiver; the oldest go first.
const MOST: usize = 10_000;

/// Why an event was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryFailure {
    /// When.
    pub at: Timestamp,
    /// The receiver's HTTP status; null: it gave none.
    #[schema(required)]
    pub status: Option<u16>,
    /// For people.
    #[schema(examples("the receiver answered 500"))]
    pub detail: String,
}

/// An event that is no longer tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeadLetter {
    /// The event.
    #[schema(examples("7f3a-184223"))]
    pub event_id: String,
    /// Its name.
    #[schema(examples("call.ended"))]
    pub r#type: String,
    /// The call or the account that it is of.
    #[schema(required)]
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What came of the last try.
    pub failure: DeliveryFailure,
}

impl DeadLetter {
    /// Of an event that is given up.
    pub(super) fn of(event: &Event, attempts: u32, failure: DeliveryFailure) -> Self {
        Self {
            event_id: event.id.clone(),
            r#type: event.kind.clone(),
            subject: event.subject.clone(),
            time: event.time,
            attempts,
            failure,
        }
    }

    /// The event's number.
    pub(super) fn sequence(&self) -> u64 {
        self.event_id.parse::<EventId>().map_or(0, |id| id.sequence)
    }
}

/// Those of a receiver, in the order of their events.
#[derive(Debug, Default)]
pub(super) struct DeadLetters(BTreeMap<u64, DeadLetter>);

impl DeadLetters {
    pub fn new(letters: Vec<DeadLetter>) -> Self {
        Self(letters.into_iter().map(|letter| (letter.sequence(), letter)).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// One more; the one that has to go for it.
    pub fn add(&mut self, letter: DeadLetter) -> Option<DeadLetter> {
        self.0.insert(letter.sequence(), letter);
        if self.0.len() > MOST { self.0.pop_first().map(|(_, oldest)| oldest) } else { None }
    }

    /// Whether there was one of that event.
    pub fn remove(&mut self, sequence: u64) -> bool {
        self.0.remove(&sequence).is_some()
    }

    /// That of an event.
    pub fn letter(&self, sequence: u64) -> Option<&DeadLetter> {
        self.0.get(&sequence)
    }

    /// Those behind an event, at most so many.
    pub fn page(&self, after: u64, limit: usize) -> Vec<DeadLetter> {
        self.0.range(after.saturating_add(1)..).take(limit).map(|(_, letter)| letter.clone()).collect()
    }

    /// That of an event, or all.
    pub fn sequences(&self, event: Option<&EventId>) -> Vec<u64> {
        let Some(event) = event else { return self.0.keys().copied().collect() };
        let is_meant = |letter: &&DeadLetter| letter.event_id == event.to_string();
        self.0.get(&event.sequence).filter(is_meant).map(DeadLetter::sequence).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(sequence: u64) -> DeadLetter {
        DeadLetter {
            event_id: format!("7f3a-{sequence}"),
            r#type: "call.ended".to_owned(),
            subject: None,
            time: Timestamp(0),
            attempts: 3,
            failure: DeliveryFailure { at: Timestamp(0), status: Some(500), detail: String::new() },
        }
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let mut letters = DeadLetters::new((1..=MOST as u64).map(letter).collect());
        assert_eq!(letters.add(letter(20_000)), Some(letter(1)));
        assert_eq!(letters.len(), MOST);
        assert_eq!(letters.page(9_999, 10), [letter(10_000), letter(20_000)]);
    }
}
