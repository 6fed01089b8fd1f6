//! The clocks.

use std::time::SystemTime;

use crate::agent::{Now, Timestamp};

/// The time of day.
pub fn wall_clock() -> Timestamp {
    Timestamp(microseconds(SystemTime::now()))
}

/// The time, as tokio's timers see it.
pub fn now() -> Now {
    Now { instant: tokio::time::Instant::now().into_std(), wall: wall_clock() }
}

/// Since 1970; a clock set before that counts as 1970.
fn microseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
