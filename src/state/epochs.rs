//! Epochs: one log can have several, one after the other, where events were lost in between. Numbers go on through all of them.

use std::sync::Arc;

use super::EventId;

/// Which events were given their ids in which epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epochs {
    /// The last event of each that is over, oldest first.
    former: Vec<EventId>,
    current: Arc<str>,
}

impl Epochs {
    /// The current one, and the last event of each former one, oldest first.
    pub fn new(current: impl Into<Arc<str>>, former: Vec<EventId>) -> Self {
        Self { former, current: current.into() }
    }

    /// The one in which events are told now.
    pub fn current(&self) -> &Arc<str> {
        &self.current
    }

    /// The id of the event with that number, if there is one; of a place otherwise.
    pub fn id(&self, sequence: u64) -> EventId {
        let former = self.former.iter().find(|last| sequence <= last.sequence);
        let epoch = former.map_or(&self.current, |last| &last.epoch);
        EventId { epoch: epoch.clone(), sequence }
    }

    /// Whether the id was given by this log, whose last event has that number. One of an event that was lost was not: another has its number.
    pub fn know(&self, id: &EventId, last: u64) -> bool {
        let end_of_former = || self.former.iter().find(|former| former.epoch == id.epoch);
        let end = if id.epoch == self.current { Some(last) } else { end_of_former().map(|end| end.sequence) };
        end.is_some_and(|end| id.sequence <= end)
    }

    /// The last events of all, when the current one ends with that number.
    pub fn ended_by(self, last: u64) -> Vec<EventId> {
        let Self { mut former, current } = self;
        former.push(EventId { epoch: current, sequence: last });
        former
    }
}

impl Default for Epochs {
    fn default() -> Self {
        Self::new("0000", Vec::new())
    }
}

impl From<&str> for Epochs {
    fn from(current: &str) -> Self {
        Self::new(current, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_epoch_in_which_it_was_given() {
        let epochs = Epochs::new("c3", vec!["a1a1-5".parse().unwrap(), "b2b2-7".parse().unwrap()]);
        let ids = [0, 5, 6, 7, 8].map(|sequence| epochs.id(sequence).to_string());
        assert_eq!(ids, ["a1a1-0", "a1a1-5", "b2b2-6", "b2b2-7", "c3-8"]);
    }

    #[test]
    fn what_was_lost_is_not_known() {
        let epochs = Epochs::new("c3c3", vec!["a1a1-5".parse().unwrap()]);
        let know = |id: &str| epochs.know(&id.parse().unwrap(), 9);
        assert!(["a1a1-0", "a1a1-5", "c3c3-6", "c3c3-9"].iter().all(|id| know(id)));
        assert!(!["a1a1-6", "a1a1-9", "c3c3-10", "ffff-1"].iter().any(|id| know(id)));
    }
}
