//! The INVITE client transaction (RFC 3261 §17.1.1 as corrected by RFC 6026 §7.2).
//!
//! ```text
//!                   INVITE: send
//!                      │
//!   A: send it     ┌─► Calling ──────1xx──► Proceeding ─┐ 1xx
//!   again          └──┘ │ │ │ 2xx             │   │  ▲──┘
//!                       B │ └──────┐      2xx │   │
//!                       ▼ │        ▼          ▼   │
//!                    gone │       Accepted ◄──┘   │
//!                         │   ┌──► │ │            │
//!          300–699: ACK   │   └────┘ M            │ 300–699: ACK
//!                         ▼   2xx    ▼            │
//!     ┌─ 300–699: ACK ─► Completed ◄──────────────┘
//!     └──────────────────┘ │         gone
//!                          D
//!                          ▼
//!                        gone
//! ```
//! While Calling it is sent again by a new connection, too, once the one that it went by is gone; timer B runs on.
//! The ACK to a refusal is the transaction's own; that to a 2xx is the call's (§13.2.2.4), kept here for when its 2xx comes
//! again. The 2xx of a dialog that is not known yet is a fork's.

use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::Outcome;
use super::timers::{T1, Timer, WAIT};
use super::wire::{Fate, Sent, Wire};
use crate::agent::effects::Awaited;
use crate::agent::request::Head;
use crate::agent::{Hop, Receipt, Transmit};
use crate::sip::{Known, Response};

/// How many dialogs one INVITE may make; a 2xx beyond them is dropped, and its sender hangs up for want of an ACK.
const MAX_DIALOGS: usize = 16;

/// What the ACK to a refusal is made of (§17.1.1.3).
#[derive(Clone, Debug)]
pub struct Refusable {
    /// The INVITE's.
    pub head: Head,
    /// The INVITE's topmost Via.
    pub via: String,
    /// Where the INVITE went: the ACK follows it there when the connection is gone.
    pub peer: Hop,
}

#[derive(Debug)]
pub(super) struct ClientInvite {
    request: Sent,
    receipt: Receipt,
    refusable: Box<Refusable>,
    state: State,
}

#[derive(Debug)]
enum State {
    Calling { interval: Duration },
    Proceeding,
    Completed { ack: Sent },
    Accepted { dialogs: Vec<Accepted> },
}

/// A dialog that the INVITE has made, by its To tag, and the ACK of its 2xx once there is one.
#[derive(Debug)]
struct Accepted {
    tag: Option<ByteString>,
    ack: Option<Transmit>,
}

impl ClientInvite {
    pub(super) fn begin(request: Bytes, refusable: Refusable, wire: &mut Wire<'_>) -> Self {
        let receipt = wire.fx.receipt();
        wire.fx.wait_for(receipt, Awaited::Request(wire.id));
        wire.send_with(&request, receipt);
        wire.arm(Timer::B, WAIT);
        if !wire.path.reliable {
            wire.arm(Timer::A, T1);
        }
        Self {
            request: Sent(request),
            receipt,
            refusable: refusable.into(),
            state: State::Calling { interval: T1 },
        }
    }

    /// Whether the peer has said that it works on it, and nothing else yet: what a CANCEL waits for (§9.1).
    pub(super) fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding)
    }

    /// Whether the peer has said nothing yet.
    pub(super) fn is_calling(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    pub(super) fn handle_response<'a>(
        &mut self,
        response: &'a Response,
        wire: &mut Wire<'_>,
    ) -> (Fate, Option<Outcome<'a>>) {
        match &mut self.state {
            State::Calling { .. } | State::Proceeding => self.handle_first(response, wire),
            State::Completed { ack } => {
                if response.status >= 300 {
                    wire.fx.tally.repeated += 1;
                    wire.fx.tally.resent += 1;
                    wire.send_or_connect(&ack.0, &self.refusable.peer);
                }
                (Fate::Lives, None)
            }
            State::Accepted { dialogs } => (Fate::Lives, repeated(dialogs, response, wire)),
        }
    }

    fn handle_first<'a>(
        &mut self,
        response: &'a Response,
        wire: &mut Wire<'_>,
    ) -> (Fate, Option<Outcome<'a>>) {
        wire.disarm(Timer::A);
        wire.disarm(Timer::B);
        match response.status {
            100..200 => {
                self.state = State::Proceeding;
                (Fate::Lives, Some(Outcome::Provisional(response)))
            }
            200..300 => {
                let dialog = Accepted { tag: response.to.tag().cloned(), ack: None };
                self.state = State::Accepted { dialogs: vec![dialog] };
                wire.arm(Timer::M, WAIT);
                (Fate::Lives, Some(Outcome::Final(response)))
            }
            _ => {
                let Refusable { head, via, peer } = &*self.refusable;
                let ack = head.answered(response).begin(Known::Ack, via).finish();
                wire.send_or_connect(&ack, peer);
                self.state = State::Completed { ack: Sent(ack) };
                (wire.linger(Timer::D, WAIT), Some(Outcome::Final(response)))
            }
        }
    }

    /// The call acknowledges the 2xx with this To tag.
    pub(super) fn acknowledge(&mut self, tag: Option<&ByteString>, ack: Transmit, wire: &mut Wire<'_>) {
        let State::Accepted { dialogs } = &mut self.state else { return };
        let Some(dialog) = dialogs.iter_mut().find(|dialog| dialog.tag.as_ref() == tag) else { return };
        wire.fx.send(ack.clone());
        dialog.ack = Some(ack);
    }

    /// The INVITE could not be sent; what comes once it was answered is no news of it.
    pub(super) fn handle_undelivered(&mut self) -> (Fate, Option<Outcome<'static>>) {
        match self.state {
            State::Calling { .. } => (Fate::Over, Some(Outcome::Undelivered)),
            State::Proceeding | State::Completed { .. } | State::Accepted { .. } => (Fate::Lives, None),
        }
    }

    /// The connection is gone; a peer that works on the INVITE finds another for its answer (§18.2.2). What was not heard over UDP is as if
    /// it had not been sent: there it is our own address that is gone.
    pub(super) fn handle_lost(&mut self, wire: &mut Wire<'_>) -> (Fate, Option<Outcome<'static>>) {
        let _unheard = wire.fx.awaited(self.receipt);
        match self.state {
            State::Calling { .. } if wire.path.reliable => (Fate::Lives, Some(Outcome::Lost)),
            _ => self.handle_undelivered(),
        }
    }

    /// Sends it once more, to whom nothing was heard from.
    pub(super) fn resend(&mut self, wire: &mut Wire<'_>) {
        self.receipt = wire.fx.receipt();
        wire.fx.wait_for(self.receipt, Awaited::Request(wire.id));
        wire.fx.tally.resent += 1;
        wire.send_with(&self.request.0, self.receipt);
    }

    pub(super) fn handle_timer(
        &mut self,
        timer: Timer,
        wire: &mut Wire<'_>,
    ) -> (Fate, Option<Outcome<'static>>) {
        match (&mut self.state, timer) {
            (State::Calling { interval }, Timer::A) => {
                wire.repeat(&self.request.0);
                *interval *= 2;
                wire.arm(Timer::A, *interval);
                (Fate::Lives, None)
            }
            (State::Calling { .. }, _) => {
                let _unheard = wire.fx.awaited(self.receipt);
                (Fate::Over, Some(Outcome::TimedOut))
            }
            (State::Accepted { .. }, _) => (Fate::Over, Some(Outcome::Over)),
            (State::Proceeding | State::Completed { .. }, _) => (Fate::Over, None),
        }
    }
}

/// A response after a 2xx: its ACK again, or the call is told of another dialog.
fn repeated<'a>(
    dialogs: &mut Vec<Accepted>,
    response: &'a Response,
    wire: &mut Wire<'_>,
) -> Option<Outcome<'a>> {
    if !(200..300).contains(&response.status) {
        return None;
    }
    let tag = response.to.tag();
    if let Some(known) = dialogs.iter().find(|dialog| dialog.tag.as_ref() == tag) {
        wire.fx.tally.repeated += 1;
        if let Some(ack) = &known.ack {
            wire.fx.tally.resent += 1;
            wire.fx.send(ack.clone());
        }
        return None;
    }
    if dialogs.len() >= MAX_DIALOGS {
        return None;
    }
    dialogs.push(Accepted { tag: tag.cloned(), ack: None });
    Some(Outcome::Forked(response))
}
