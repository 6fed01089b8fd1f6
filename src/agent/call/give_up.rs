//! A call of ours is given up before its answer: CANCEL (RFC 3261 §9.1), and the races with what the peer says.
//!
//! ```text
//!             nothing sent                        1xx: CANCEL             487, other final response, 64·T1
//!  Connect ──────────────► ended     ┌► Withdraw ─────────────► Cancelled ──────────────────────────────► ended
//!     └──────────────────────────────┘      │ final response        │ 2xx: ACK, BYE
//!              INVITE out                   └► ended                └► ended
//! ```

use std::sync::Arc;

use super::answer::MAX_WAITING;
use super::close::headers_of;
use super::connect::Dialing;
use super::{Answer, Call, Phase, Picture};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::command::Hangup;
use crate::agent::event::{End, EndBy, EndCause};
use crate::agent::stack::Stack;
use crate::agent::transaction::WAIT;
use crate::agent::{Refusal, Ticket};

/// Whether we still want the call.
#[derive(Debug)]
pub enum Intent {
    /// We do.
    Connect,
    /// We do not, and the CANCEL is held back until the peer has said anything.
    Withdraw(Parting),
    /// The CANCEL is out.
    Cancelled(Parting),
}

impl Intent {
    /// Why the call is given up, if it is.
    pub fn parting(self) -> Option<Parting> {
        match self {
            Self::Connect => None,
            Self::Withdraw(parting) | Self::Cancelled(parting) => Some(parting),
        }
    }

    /// The call is over: who waited for that is told.
    pub fn tell(&mut self, stack: &mut Stack, call: &Arc<Picture>) {
        let waiting = self.parting_mut().map(|parting| std::mem::take(&mut parting.waiting));
        for ticket in waiting.unwrap_or_default() {
            stack.fx.answer(ticket, Ok(call.clone()));
        }
    }

    fn parting_mut(&mut self) -> Option<&mut Parting> {
        match self {
            Self::Connect => None,
            Self::Withdraw(parting) | Self::Cancelled(parting) => Some(parting),
        }
    }
}

/// Why a call is given up.
#[derive(Debug)]
pub struct Parting {
    cause: EndCause,
    pub by: EndBy,
    /// What the CANCEL says, or the BYE where the answer is faster.
    pub hangup: Hangup,
    /// The commands that wait for the INVITE's final response; bounded as those that wait for an ACK are.
    pub waiting: Vec<Ticket>,
}

impl Parting {
    /// Nobody waits for it yet.
    pub fn new(cause: EndCause, by: EndBy) -> Self {
        Self { cause, by, hangup: Hangup::default(), waiting: Vec::new() }
    }

    /// The end of the call that was not answered, with the INVITE's final status.
    pub fn end(&self, status: Option<u16>) -> End {
        End::new(self.cause, self.by, status)
    }
}

impl Call {
    /// The commands `cancel` and `hangup` before the answer: answered when the INVITE's final response is here.
    pub(super) fn withdraw_for(
        &mut self,
        stack: &mut Stack,
        hangup: Hangup,
        ticket: Ticket,
    ) -> Result<Answer, Refusal> {
        if let Some(parting) = self.parting_mut() {
            if parting.waiting.len() >= MAX_WAITING {
                return Err(Refusal::Overloaded);
            }
            parting.waiting.push(ticket);
            return Ok(Answer::Later);
        }
        let parting = Parting::new(EndCause::Cancelled, EndBy::Api);
        self.withdraw(stack, Parting { hangup, waiting: vec![ticket], ..parting });
        Ok(Answer::Later)
    }

    /// Gives the call up, unless it is given up already. Who waits for that is told when it is done.
    pub(super) fn withdraw(&mut self, stack: &mut Stack, parting: Parting) {
        let Phase::Dialing(Dialing { invite, intent: intent @ Intent::Connect, .. }) = &mut self.phase else {
            return;
        };
        stack.fx.disarm(Alarm::Call(self.picture.id, CallAlarm::RingTimeout));
        let nothing_is_out = invite.abandon(stack);
        invite.resign();
        *intent = Intent::Withdraw(parting);
        match nothing_is_out {
            true => self.end_withdrawn(stack),
            false => self.send_cancel(stack),
        }
    }

    /// Sends the CANCEL that was held back, if the peer has said anything.
    pub(super) fn send_cancel(&mut self, stack: &mut Stack) {
        let Phase::Dialing(Dialing { invite, intent, .. }) = &mut self.phase else { return };
        let Intent::Withdraw(parting) = intent else { return };
        let headers = headers_of(&parting.hangup).unwrap_or_default();
        if !invite.cancel(stack, &headers) {
            return;
        }
        if let Some(parting) = std::mem::replace(intent, Intent::Connect).parting() {
            *intent = Intent::Cancelled(parting);
        }
        stack.fx.arm(Alarm::Call(self.picture.id, CallAlarm::NoVerdict), WAIT);
    }

    /// 64·T1 have gone by since the CANCEL: the INVITE is as good as cancelled (§9.1).
    pub(super) fn handle_no_verdict(&mut self, stack: &mut Stack) {
        match &mut self.phase {
            Phase::Dialing(dialing) => {
                dialing.invite.forget(stack);
                self.end_withdrawn(stack);
            }
            _ => self.forks.forget(stack),
        }
    }

    /// The drain's time is over: the call has ended for its clients, and whatever the INVITE comes to is cleared away.
    pub(super) fn leave(&mut self, stack: &mut Stack) {
        let Some(parting) = self.parting() else { return };
        let end = parting.end(None);
        if let Phase::Dialing(dialing) = self.finish(stack, end, Phase::Gone) {
            self.forks.abandon(dialing, self.dialog.clone());
            stack.fx.arm(Alarm::Call(self.picture.id, CallAlarm::NoVerdict), WAIT);
        }
    }

    fn end_withdrawn(&mut self, stack: &mut Stack) {
        if let Some(end) = self.parting().map(|parting| parting.end(None)) {
            self.finish(stack, end, Phase::Gone);
        }
    }

    /// Why the call is being given up, if it is.
    pub(super) fn parting(&self) -> Option<&Parting> {
        match &self.phase {
            Phase::Dialing(Dialing {
                intent: Intent::Withdraw(parting) | Intent::Cancelled(parting),
                ..
            }) => Some(parting),
            _ => None,
        }
    }

    fn parting_mut(&mut self) -> Option<&mut Parting> {
        match &mut self.phase {
            Phase::Dialing(dialing) => dialing.intent.parting_mut(),
            _ => None,
        }
    }
}
