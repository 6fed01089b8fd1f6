//! The beginning: what an earlier run has left is put on record and shown before anybody is served.

use std::future::pending;

use tokio::time::{Instant, sleep_until};

use super::{Driver, clock};

impl Driver {
    /// Whoever asks behind this sees no call as it was before the crash. A disk that fails, or takes too long, is not waited for.
    pub async fn begin(&mut self) {
        self.settle(clock::now());
        while self.release.is_waiting() {
            let late = self.release.deadline().map(Instant::from_std);
            let late =
                async { if let Some(late) = late { sleep_until(late).await } else { pending().await } };
            tokio::select! {
                changed = self.release.progressed() => if changed.is_err() { return },
                () = late => {}
            }
            self.settle(clock::now());
        }
    }
}
