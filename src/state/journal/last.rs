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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::agent::Saved;
    use crate::state::tests::{ended, offered};

    fn lasting(writes: &[Write]) -> Vec<usize> {
        let last = Last::of(writes.iter().enumerate());
        let lasting = writes.iter().enumerate().filter(|(place, write)| last.lasts(*place, write));
        lasting.map(|(place, _)| place).collect()
    }

    #[test]
    fn of_each_call_its_beginning_and_what_was_saved_last_or_its_end_alone_is_written() {
        let saved: Saved = serde_json::from_value(json!({
            "v": 1, "call_id": "c", "local_tag": "l", "local": "<sip:a@b>", "remote": "<sip:c@d>", "remote_target": "sip:c@d",
            "route_set": [], "local_cseq": 1, "contact": "b", "user": "a", "is_secure": false, "takes_update": false,
            "fence": 0
        }))
        .unwrap();
        let save = || Write::Save(offered(1).call, Arc::new(saved.clone()));
        let begin = || Write::Begin(offered(1).call);
        let other = || Write::Begin(offered(2).call);
        assert_eq!(lasting(&[begin(), save(), other(), save()]), [0, 2, 3]);
        let end = |sequence| Write::End(ended(1).call, sequence);
        assert_eq!(lasting(&[begin(), save(), other(), end(3), save()]), [2, 3]);
        assert_eq!(lasting(&[end(3), end(4)]), [1], "labels of an ended call");
    }
}
