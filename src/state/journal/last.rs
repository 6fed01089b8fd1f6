//! What of a transaction lasts: of a call that begins, changes and ends in one, only the end has to be written.

use std::collections::HashMap;

use super::Write;
use crate::agent::CallId;

/// Where in a transaction the last word on each call is.
#[derive(Debug, Default)]
pub(super) struct Last {
    saved: HashMap<CallId, usize>,
    ended: HashMap<CallId, usize>,
}

impl Last {
    /// Of the writes, by their places.
    pub fn of<'a>(writes: impl Iterator<Item = (usize, &'a Write)>) -> Self {
        let mut last = Self::default();
        for (place, write) in writes {
            match write {
                Write::Save(call, _) => drop(last.saved.insert(call.id, place)),
                Write::End(call, _) => drop(last.ended.insert(call.id, place)),
                _ => {}
            }
        }
        last
    }

    /// Whether what is written there is not written over. A call that has ended stays ended, whatever is saved behind its end.
    pub fn lasts(&self, place: usize, write: &Write) -> bool {
        match write {
            Write::Begin(call) => !self.ended.contains_key(&call.id),
            Write::Save(call, _) => {
                !self.ended.contains_key(&call.id) && self.saved.get(&call.id) == Some(&place)
            }
            Write::End(call, _) => self.ended.get(&call.id) == Some(&place),
            _ => true,
        }
    }
}
