//! The non-INVITE server transaction (RFC 3261 §17.2.2).
//!
//! ```text
//!      request: answered at once
//!                 │
//!                 ▼
//!   ┌───────── Completed ──J──► gone (at once on a reliable transport)
//!   └─► request: send the response again
//! ```
//! The agent answers every request other than INVITE within the same handling, so Trying and Proceeding never last.

use bytes::Bytes;

use super::timers::{Timer, WAIT};
use super::wire::{Fate, Wire};

#[derive(Debug)]
pub(super) struct ServerOther {
    response: Bytes,
}

impl ServerOther {
    pub(super) fn new(response: Bytes) -> Self {
        Self { response }
    }

    pub(super) fn begin(&mut self, wire: &mut Wire<'_>) -> Fate {
        wire.send(&self.response);
        wire.linger(Timer::J, WAIT)
    }

    pub(super) fn repeated(&mut self, wire: &mut Wire<'_>) -> Fate {
        wire.repeat(&self.response);
        Fate::Lives
    }
}
