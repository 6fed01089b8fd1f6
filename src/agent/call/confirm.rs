//! A 2xx to an INVITE, repeated until its ACK on every transport (RFC 3261 §13.3.1.4).

use std::time::Duration;

use bytes::Bytes;

use super::{Call, Established, Pending, Phase};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::event::{End, EndBy, EndCause};
use crate::agent::stack::Stack;
use crate::agent::transaction::{Path, T1, TransactionId, WAIT, doubled};
use crate::agent::{CallId, FlowId, Transmit};
use crate::sip::Request;

/// A 2xx that waits for its ACK.
#[derive(Debug)]
pub struct Confirming {
    cseq: u32,
    ok: Bytes,
    /// The INVITE's, whose responses go where the peer is; it outlives the repeats (timer L).
    transaction: TransactionId,
    interval: Duration,
    /// The INVITE had no offer: the 2xx carries it and the ACK the answer.
    pub carries_offer: bool,
}

impl Confirming {
    /// The 2xx that is being sent for `invite` by its transaction.
    pub fn new(invite: &Request, transaction: TransactionId, ok: Bytes) -> Self {
        Self { cseq: invite.cseq, ok, transaction, interval: T1, carries_offer: invite.body.is_empty() }
    }

    /// Sets the alarms of a 2xx that has just been sent.
    pub fn arm(stack: &mut Stack, call: CallId) {
        stack.fx.arm(Alarm::Call(call, CallAlarm::RepeatOk), T1);
        stack.fx.arm(Alarm::Call(call, CallAlarm::NoAck), WAIT);
    }

    /// Takes them back.
    pub fn disarm(stack: &mut Stack, call: CallId) {
        stack.fx.disarm(Alarm::Call(call, CallAlarm::RepeatOk));
        stack.fx.disarm(Alarm::Call(call, CallAlarm::NoAck));
    }

    /// Whether an ACK is for this 2xx.
    pub fn is_for(&self, ack: &Request) -> bool {
        self.cseq == ack.cseq
    }

    fn repeat(&mut self, stack: &mut Stack, call: CallId) {
        let Some(Path { flow, otherwise, .. }) = stack.transactions.path(self.transaction).cloned() else {
            return;
        };
        stack.fx.tally.resent += 1;
        stack.fx.send(Transmit { flow, otherwise, receipt: None, bytes: self.ok.clone() });
        self.interval = doubled(self.interval);
        stack.fx.arm(Alarm::Call(call, CallAlarm::RepeatOk), self.interval);
    }
}

impl Call {
    /// The peer uses this connection: what is still to be said to its INVITE goes there if the one that it came by is gone.
    pub(super) fn reroute(&self, stack: &mut Stack, flow: FlowId) {
        let transaction = match &self.phase {
            Phase::Pending(Pending { transaction, .. }) => *transaction,
            Phase::Accepted(accepted) => accepted.confirming.transaction,
            Phase::Established(Established { confirming: Some(confirming), .. }) => confirming.transaction,
            _ => return,
        };
        stack.reroute(transaction, flow);
    }

    /// The 2xx is due again.
    pub(super) fn repeat_ok(&mut self, stack: &mut Stack) {
        let confirming = match &mut self.phase {
            Phase::Accepted(accepted) => &mut accepted.confirming,
            Phase::Established(Established { confirming: Some(confirming), .. }) => confirming,
            _ => return,
        };
        confirming.repeat(stack, self.picture.id);
    }

    /// No ACK came within 64·T1: the dialog is confirmed, the session is ended by BYE, as a hangup that waited wants it.
    pub(super) fn handle_no_ack(&mut self, stack: &mut Stack) {
        let hangup = match &mut self.phase {
            Phase::Accepted(accepted) => accepted.hangup.take(),
            _ => None,
        };
        let end = End::new(EndCause::Timeout, EndBy::System, None);
        self.close(stack, &hangup.unwrap_or_default(), end, Vec::new());
    }
}
