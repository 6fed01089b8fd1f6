//! The non-INVITE client transaction (RFC 3261 §17.1.2).
//!
//! ```text
//!                 request: send
//!                    │
//!   E: send it  ┌─► Trying ────1xx──┐
//!   again       └──┘ │ │            ▼
//!                    │ │   ┌─► Proceeding ─┐   E: send it again, every T2
//!                    │ F   └──┘  │  │ F    │
//!                200–699   200–699  └──────┴─► gone: TimedOut
//!                    ▼           ▼
//!                 Completed ──K──► gone
//! ```

use std::time::Duration;

use bytes::Bytes;

use super::Outcome;
use super::timers::{T1, T2, T4, Timer, WAIT, doubled};
use super::wire::{Fate, Sent, Wire};
use crate::agent::Receipt;
use crate::agent::effects::Awaited;
use crate::sip::Response;

#[derive(Debug)]
pub(super) struct ClientOther {
    request: Sent,
    receipt: Receipt,
    state: State,
}

#[derive(Debug)]
enum State {
    Trying { interval: Duration },
    Proceeding,
    Completed,
}

impl ClientOther {
    pub(super) fn begin(request: Bytes, wire: &mut Wire<'_>) -> Self {
        let receipt = wire.fx.receipt();
        wire.fx.wait_for(receipt, Awaited::Request(wire.id));
        wire.send_with(&request, receipt);
        wire.arm(Timer::F, WAIT);
        if !wire.path.reliable {
            wire.arm(Timer::E, T1);
        }
        Self { request: Sent(request), receipt, state: State::Trying { interval: T1 } }
    }

    /// Whether the peer has said nothing yet.
    pub(super) fn is_trying(&self) -> bool {
        matches!(self.state, State::Trying { .. })
    }

    pub(super) fn handle_response<'a>(
        &mut self,
        response: &'a Response,
        wire: &mut Wire<'_>,
    ) -> (Fate, Option<Outcome<'a>>) {
        match (&self.state, response.status) {
            (State::Completed, _) => {
                wire.fx.tally.repeated += 1;
                (Fate::Lives, None)
            }
            (_, 100..200) => {
                self.state = State::Proceeding;
                (Fate::Lives, None)
            }
            _ => {
                wire.disarm(Timer::E);
                wire.disarm(Timer::F);
                self.state = State::Completed;
                (wire.linger(Timer::K, T4), Some(Outcome::Final(response)))
            }
        }
    }

    pub(super) fn handle_undelivered(&mut self) -> (Fate, Option<Outcome<'static>>) {
        match self.state {
            State::Completed => (Fate::Lives, None),
            State::Trying { .. } | State::Proceeding => (Fate::Over, Some(Outcome::Undelivered)),
        }
    }

    /// The connection is gone, and with it the answer.
    pub(super) fn handle_lost(&mut self, wire: &mut Wire<'_>) -> (Fate, Option<Outcome<'static>>) {
        let _unheard = wire.fx.awaited(self.receipt);
        self.handle_undelivered()
    }

    pub(super) fn handle_timer(
        &mut self,
        timer: Timer,
        wire: &mut Wire<'_>,
    ) -> (Fate, Option<Outcome<'static>>) {
        match (&mut self.state, timer) {
            (State::Completed, _) => (Fate::Over, None),
            (_, Timer::F) => {
                let _unheard = wire.fx.awaited(self.receipt);
                (Fate::Over, Some(Outcome::TimedOut))
            }
            (State::Trying { interval }, _) => {
                wire.repeat(&self.request.0);
                *interval = doubled(*interval);
                wire.arm(Timer::E, *interval);
                (Fate::Lives, None)
            }
            (State::Proceeding, _) => {
                wire.repeat(&self.request.0);
                wire.arm(Timer::E, T2);
                (Fate::Lives, None)
            }
        }
    }
}
