//! Whether the agent keeps up with what comes in.
//!
//! What comes in waits in one queue, in order, so that nothing of a call overtakes anything else of it: no CANCEL its INVITE.
//! A queue that is empty now and then only takes up bursts. One that never is stands for a lag that grows in the kernel's
//! buffers behind it, where running calls wait with new ones; then new ones are refused, which costs a fraction of taking
//! them, until the queue is empty again.

use std::time::{Duration, Instant};

/// For how long without a break there may be something to do: a burst of that much work is taken whole.
const MOST: Duration = Duration::from_millis(500);

/// The load.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Since when the queue has not been empty.
    busy_since: Option<Instant>,
}

impl Load {
    /// Whether all that had come in was taken at that time.
    pub(super) fn note(&mut self, is_all: bool, now: Instant) {
        match is_all {
            true => self.busy_since = None,
            false => drop(self.busy_since.get_or_insert(now)),
        }
    }

    /// Whether it is too much; `unrecorded` is since when something waits for the disk.
    pub(super) fn is_too_much(&self, unrecorded: Option<Instant>, now: Instant) -> bool {
        let is_late = |since| now.saturating_duration_since(since) >= MOST;
        [self.busy_since, unrecorded].into_iter().flatten().any(is_late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_never_empty_for_half_a_second_is_too_much_until_it_is() {
        let (mut load, start) = (Load::default(), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        for time in [0, 100, 499] {
            load.note(false, at(time));
            assert!(!load.is_too_much(None, at(time)));
        }
        load.note(false, at(500));
        assert!(load.is_too_much(None, at(500)));
        load.note(true, at(501));
        assert!(!load.is_too_much(None, at(501)));
        load.note(false, at(502));
        assert!(!load.is_too_much(None, at(600)), "it is counted from anew");
    }

    #[test]
    fn what_waits_for_the_disk_half_a_second_is_too_much() {
        let (load, start) = (Load::default(), Instant::now());
        assert!(!load.is_too_much(Some(start), start + Duration::from_millis(499)));
        assert!(load.is_too_much(Some(start), start + Duration::from_millis(500)));
    }
}
