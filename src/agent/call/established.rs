//! The 2xx to our INVITE: a dialog, and its ACK at once (RFC 3261 §13.2.2.4).

use std::sync::Arc;

use super::answer::description;
use super::modify::show_remote;
use super::{Call, Dialog, Established, Phase};
use crate::agent::asking::{Asking, ack};
use crate::agent::command::Hangup;
use crate::agent::event::{CallState, End, EndCause};
use crate::agent::stack::Stack;
use crate::sip::Response;

impl Call {
    /// The call is answered. One that was given up meanwhile, or that has no session, is hung up.
    pub(super) fn handle_ok(&mut self, stack: &mut Stack, ok: &Response) {
        if !matches!(self.phase, Phase::Dialing(_)) {
            return;
        }
        let established = Phase::Established(Established::new());
        let Phase::Dialing(mut dialing) = std::mem::replace(&mut self.phase, established) else { return };
        stack.fx.alarms.cancel_call(self.picture.id);
        self.watch_claim(stack);
        let (early, given) = dialing.take_early(ok).map(|early| (early.dialog, early.answer)).unzip();
        let dialog = early.as_ref().unwrap_or(&self.dialog).of_response(ok);
        let to_be = std::mem::replace(&mut self.dialog, dialog);
        let answer = description(&ok.headers, &ok.body).or(given.flatten());
        let has_session = answer.is_some();
        let remote_tag = ok.to.tag().cloned();
        self.reach(stack, CallState::Accepted, |picture| {
            Arc::make_mut(&mut picture.sip).remote_tag = remote_tag;
            if let Some(answer) = answer {
                show_remote(picture, answer);
            }
        });
        self.reach(stack, CallState::Established, |_| {});
        acknowledge(stack, &dialing.invite, &self.dialog, ok);
        self.forks.expect(dialing.invite, to_be);
        if let Some(parting) = dialing.intent.parting() {
            let end = End::new(EndCause::Hangup, parting.by, None);
            self.close(stack, &parting.hangup, end, parting.waiting);
        } else if !has_session {
            let end = End::sessionless("the 200", &ok.headers, &ok.body);
            self.close(stack, &Hangup::default(), end, Vec::new());
        } else {
            self.limit_duration(stack);
            self.refresh(stack);
        }
    }
}

impl Call {
    /// The 2xx came again whose INVITE, and perhaps its ACK, an earlier process has sent: the ACK, without the credentials of the INVITE,
    /// which are gone with that process.
    pub fn acknowledge_again(&self, stack: &mut Stack, ok: &Response) {
        let Some(before) = self.dialog.flow else { return };
        let way = self.dialog.next_hop(stack);
        let ack = ack(stack, &before, &self.dialog.head(ok.cseq.number), way);
        stack.fx.tally.repeated += 1;
        stack.fx.tally.resent += 1;
        stack.fx.send(ack);
    }
}

/// Sends the ACK to a 2xx by its dialog, with the CSeq number and the credentials of the INVITE.
pub(super) fn acknowledge(stack: &mut Stack, invite: &Asking, dialog: &Dialog, ok: &Response) {
    let way = dialog.next_hop(stack);
    invite.acknowledge(stack, ok.to.tag(), &dialog.head(ok.cseq.number), way);
}
