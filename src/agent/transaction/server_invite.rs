//! The INVITE server transaction (RFC 3261 §17.2.1 as corrected by RFC 6026 §7.1).
//!
//! ```text
//!                     INVITE: send 100
//!                        │
//!      INVITE: send  ┌─► Proceeding ──2xx──► Accepted ──L──► gone
//!      the last 1xx  └──┘  │                  └─► INVITE: absorbed
//!                       300–699
//!                          ▼
//!      G, INVITE:    ┌─► Completed ──H──► gone
//!      send it again └──┘  │
//!                         ACK
//!                          ▼
//!                       Confirmed ──I──► gone
//! ```
//! The 2xx itself is repeated by the call until its ACK (§13.3.1.4); that ACK has a branch of its own.

use std::time::Duration;

use bytes::Bytes;

use super::timers::{T1, T4, Timer, WAIT, doubled};
use super::wire::{Fate, Wire};
use crate::agent::Receipt;

#[derive(Debug)]
pub(super) struct ServerInvite {
    state: State,
}

#[derive(Debug)]
enum State {
    Proceeding { last: Option<Bytes> },
    Completed { response: Bytes, interval: Duration },
    Confirmed,
    Accepted,
}

impl ServerInvite {
    /// Sends the 100, if there is to be one, before anybody is asked.
    pub(super) fn begin(trying: Option<Bytes>, wire: &mut Wire<'_>) -> Self {
        if let Some(trying) = &trying {
            wire.send(trying);
        }
        Self { state: State::Proceeding { last: trying } }
    }

    /// The call responds. A second final response is none of this transaction's.
    pub(super) fn respond(
        &mut self,
        status: u16,
        response: Bytes,
        receipt: Receipt,
        wire: &mut Wire<'_>,
    ) -> Fate {
        if !matches!(self.state, State::Proceeding { .. }) {
            return Fate::Lives;
        }
        wire.send_with(&response, receipt);
        match status {
            100..200 => self.state = State::Proceeding { last: Some(response) },
            200..300 => {
                wire.arm(Timer::L, WAIT);
                self.state = State::Accepted;
            }
            _ => {
                wire.arm(Timer::H, WAIT);
                if !wire.path.reliable {
                    wire.arm(Timer::G, T1);
                }
                self.state = State::Completed { response, interval: T1 };
            }
        }
        Fate::Lives
    }

    /// The INVITE came again.
    pub(super) fn repeated(&mut self, wire: &mut Wire<'_>) -> Fate {
        match &self.state {
            State::Proceeding { last: Some(response) } | State::Completed { response, .. } => {
                wire.repeat(response)
            }
            State::Proceeding { last: None } | State::Confirmed | State::Accepted => {}
        }
        Fate::Lives
    }

    /// The ACK to a final response other than 2xx came.
    pub(super) fn acknowledged(&mut self, wire: &mut Wire<'_>) -> Fate {
        if !matches!(self.state, State::Completed { .. }) {
            return Fate::Lives;
        }
        wire.disarm(Timer::G);
        wire.disarm(Timer::H);
        self.state = State::Confirmed;
        wire.linger(Timer::I, T4)
    }

    /// G repeats; H, I and L end.
    pub(super) fn handle_timer(&mut self, timer: Timer, wire: &mut Wire<'_>) -> Fate {
        let State::Completed { response, interval } = &mut self.state else { return Fate::Over };
        if timer != Timer::G {
            return Fate::Over;
        }
        wire.repeat(response);
        *interval = doubled(*interval);
        wire.arm(Timer::G, *interval);
        Fate::Lives
    }
}
