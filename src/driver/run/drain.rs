//! The shutdown: calls may end by themselves for a while, then all of them are ended.

use std::time::Duration;

use tokio::time::Instant;
use tracing::info;

use super::Driver;
use crate::agent::Now;

/// How long the endings that the agent sends at the end of the drain may take to be answered.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How far the shutdown is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
    Serving,
    /// Calls may end by themselves until then.
    Draining(Instant),
    /// Every call has been ended; what was sent for it may be answered until then.
    Ending(Instant),
}

impl Driver {
    pub(super) fn begin_drain(&mut self, now: Now) {
        info!(seconds = self.drain_time.as_secs(), "draining");
        self.stage = Stage::Draining(Instant::from_std(now.instant) + self.drain_time);
        self.board.drain();
        self.batch.drain(now.wall);
        self.agent.handle_drain(now);
        self.batch.collect(&mut self.agent);
    }

    /// The time of the drain is over from here on.
    pub(super) fn hurry_drain(&mut self, now: Now) {
        info!("told to end again: the drain is over");
        self.stage = Stage::Draining(Instant::from_std(now.instant));
    }

    pub(super) fn end_drain(&mut self, now: Now) {
        let instant = Instant::from_std(now.instant);
        if matches!(self.stage, Stage::Draining(until) if until <= instant) {
            self.stage = Stage::Ending(instant + LAST_WORDS);
            self.agent.handle_drain_over(now);
            self.batch.collect(&mut self.agent);
        }
    }

    pub(super) fn is_done(&self) -> bool {
        let at_rest = || {
            self.release.is_empty()
                && self.agent.is_idle()
                && self.connections.is_idle()
                && !self.connections.has_fates()
        };
        match self.stage {
            Stage::Serving => false,
            Stage::Draining(_) => at_rest(),
            Stage::Ending(until) => at_rest() || until <= Instant::now(),
        }
    }
}
