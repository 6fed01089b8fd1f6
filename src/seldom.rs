//! Log lines that a peer can cause at will, kept few.

use std::time::Duration;

use tokio::time::Instant;

/// How far apart two lines are at least.
const APART: Duration = Duration::from_secs(10);

/// Counts what happens and says when it is time to log it.
#[derive(Debug, Default)]
pub struct Seldom {
    last: Option<Instant>,
    unsaid: u64,
}

impl Seldom {
    /// It happened once more. How often since the last line, if a line is due.
    pub fn count(&mut self) -> Option<u64> {
        self.unsaid += 1;
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < APART) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}
