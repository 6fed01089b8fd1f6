//! What a transaction's machine acts through.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::{Timer, TransactionId};
use crate::agent::alarms::Alarm;
use crate::agent::effects::Effects;
use crate::agent::{FlowId, Hop, Receipt, Transmit};

/// Where a transaction's messages go.
#[derive(Clone, Debug)]
pub struct Path {
    /// The connection, as long as it is open; `None`: a new one is needed, or for UDP another address.
    pub flow: Option<FlowId>,
    /// Where to connect to if it is not.
    pub otherwise: Option<Hop>,
    /// Whether the transport repeats lost messages itself.
    pub reliable: bool,
}

/// A message of ours that may have to be sent again. It shows nothing of itself: it may answer a challenge.
pub(super) struct Sent(pub Bytes);

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({})", self.0.len())
    }
}

/// Whether a machine lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Lives,
    Over,
}

/// What a machine acts through.
pub(super) struct Wire<'a> {
    pub id: TransactionId,
    pub path: &'a Path,
    pub fx: &'a mut Effects,
}

impl Wire<'_> {
    /// Sends a message.
    pub fn send(&mut self, bytes: &Bytes) {
        self.transmit(bytes, None);
    }

    /// Sends a message that was sent before.
    pub fn repeat(&mut self, bytes: &Bytes) {
        self.fx.tally.resent += 1;
        self.send(bytes);
    }

    /// Sends a message by the name that somebody may wait for.
    pub fn send_with(&mut self, bytes: &Bytes, receipt: Receipt) {
        self.transmit(bytes, Some(receipt));
    }

    /// Sends a message; if the connection is gone, by a new one to there.
    pub fn send_or_connect(&mut self, bytes: &Bytes, peer: &Hop) {
        let (flow, otherwise) = (self.path.flow, Some(peer.clone()));
        self.fx.send(Transmit { flow, otherwise, receipt: None, bytes: bytes.clone() });
    }

    fn transmit(&mut self, bytes: &Bytes, receipt: Option<Receipt>) {
        let Path { flow, otherwise, .. } = self.path.clone();
        self.fx.send(Transmit { flow, otherwise, receipt, bytes: bytes.clone() });
    }

    /// Sets a timer of the machine.
    pub fn arm(&mut self, timer: Timer, after: Duration) {
        self.fx.arm(Alarm::Transaction(self.id, timer), after);
    }

    /// Takes it back.
    pub fn disarm(&mut self, timer: Timer) {
        self.fx.disarm(Alarm::Transaction(self.id, timer));
    }

    /// `after` on an unreliable transport, nothing on a reliable one (timers I, J, K).
    pub fn linger(&mut self, timer: Timer, after: Duration) -> Fate {
        if self.path.reliable {
            return Fate::Over;
        }
        self.arm(timer, after);
        Fate::Lives
    }
}
