//! When a registration that failed is tried again (RFC 5626 §4.5).

use std::time::{Duration, Instant};

use crate::agent::ids::Ids;
use crate::agent::stack::Stack;

/// The wait after the first failure, before it is shortened by chance; each further one doubles it.
const BASE: Duration = Duration::from_secs(30);
/// What it is doubled up to.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// The shortest and the longest wait that a registrar can ask for, whatever its Retry-After says.
const RETRY_AFTER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60 * 60));
/// The longest wait after a connection was lost.
const AT_ONCE: Duration = Duration::from_secs(1);

/// How the tries since the last success went.
#[derive(Debug, Default)]
pub struct Retry {
    failures: u32,
    /// When a connection was lost last.
    lost_at: Option<Instant>,
}

impl Retry {
    /// How long to wait after a failure: as long as the registrar asks for, else 30 s·2ⁿ; shortened by up to a half, so that
    /// not all agents come back in the same moment.
    pub fn after_failure(&mut self, ids: &mut Ids, retry_after: Option<u32>) -> Duration {
        let doubled = BASE.saturating_mul(1 << self.failures.min(8)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        match retry_after {
            None => part(ids, doubled, 50),
            Some(seconds) => {
                let (least, most) = RETRY_AFTER;
                let asked = Duration::from_secs(seconds.into()).clamp(least, most);
                // Not earlier than asked.
                asked + part(ids, asked / 10, 0)
            }
        }
    }

    /// How long to wait after a connection was lost: next to nothing, unless that has just happened before.
    pub fn after_loss(&mut self, stack: &mut Stack) -> Duration {
        let now = stack.fx.now.instant;
        let before = self.lost_at.replace(now);
        if before.is_some_and(|before| now.saturating_duration_since(before) < BASE) {
            self.after_failure(&mut stack.ids, None)
        } else {
            part(&mut stack.ids, AT_ONCE, 0)
        }
    }

    /// The registrar has accepted us.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A random part of a duration: at least `percent` of it, and not more than it.
pub fn part(ids: &mut Ids, duration: Duration, percent: u32) -> Duration {
    const WHOLE: u32 = 10_000;
    let least = WHOLE * percent / 100;
    let part = least + ids.below(WHOLE - least + 1);
    duration.saturating_mul(part) / WHOLE
}
