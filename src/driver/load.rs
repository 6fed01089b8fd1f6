//! Whether the agent keeps up with what comes in.
//!
//! What comes in waits in one queue, in order, so that nothing of a call overtakes anything else of it: no CANCEL its INVITE.
//! The thread that reads it in, and on which the driver takes it, rests when all is done. One that rests now and then has only
//! bursts to take up. One that never does lets a lag grow in the kernel's buffers, where running calls wait with new
//! ones; then new ones are refused, which costs a fraction of taking them, until the thread rests again.

use std::time::{Duration, Instant};

/// For how long without a break there may be something to do: a burst of that much work is taken whole.
const MOST: Duration = Duration::from_millis(500);

/// The load.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// How often the thread had rested when it was looked at last.
    rests: u64,
    /// Since when there has always been something to do.
    busy_since: Option<Instant>,
}

impl Load {
    /// How often the thread has rested until that time.
    pub(super) fn note(&mut self, rests: u64, now: Instant) {
        if std::mem::replace(&mut self.rests, rests) == rests {
            self.busy_since.get_or_insert(now);
        } else {
            self.busy_since = None;
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
    fn a_thread_that_does_not_rest_for_half_a_second_has_too_much_to_do_until_it_does() {
        let (mut load, start) = (Load::default(), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        load.note(7, at(0));
        for time in [1, 100, 500] {
            load.note(7, at(time));
            assert!(!load.is_too_much(None, at(time)));
        }
        load.note(7, at(501));
        assert!(load.is_too_much(None, at(501)));
        load.note(8, at(502));
        assert!(!load.is_too_much(None, at(502)));
        load.note(8, at(503));
        assert!(!load.is_too_much(None, at(600)), "it is counted from anew");
    }

    #[test]
    fn what_waits_for_the_disk_half_a_second_is_too_much() {
        let (load, start) = (Load::default(), Instant::now());
        assert!(!load.is_too_much(Some(start), start + Duration::from_millis(499)));
        assert!(load.is_too_much(Some(start), start + Duration::from_millis(500)));
    }
}
