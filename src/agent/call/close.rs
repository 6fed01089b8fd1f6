//! The end of an answered call: BYE, from either side (RFC 3261 §15).

use std::sync::Arc;

use super::answer::WaitingFor;
use super::{Answer, Call, Phase, Picture};
use crate::agent::command::{Hangup, NewHeader};
use crate::agent::event::{End, EndBy, EndCause, Reason};
use crate::agent::stack::Stack;
use crate::agent::transaction::Outcome;
use crate::agent::{Flow, Refusal, Ticket, check, respond};
use crate::sip::{Known, Request, Writer, quote};

/// Our BYE is out. The call has ended for its clients; the dialog is kept to answer a BYE that crosses ours.
#[derive(Debug)]
pub struct Closing {
    /// The commands that wait until the BYE is on the wire; bounded as those that wait for the ACK are.
    waiting: Vec<Ticket>,
}

impl Closing {
    /// The BYE is on the wire, was answered (with whatever: the dialog is over, §15.1.1), or never will be.
    pub fn tell(&mut self, stack: &mut Stack, call: &Arc<Picture>, outcome: Outcome) {
        for ticket in self.waiting.drain(..) {
            let answer = match outcome {
                Outcome::Sent | Outcome::Final(_) => Ok(call.clone()),
                Outcome::TimedOut | Outcome::Undelivered => Err(Refusal::SipTimeout(call.clone())),
            };
            stack.fx.answer(ticket, answer);
        }
    }
}

impl Call {
    /// The command `hangup`; after the answer it may have to wait for the ACK that lets the BYE go.
    pub(super) fn hang_up(
        &mut self,
        stack: &mut Stack,
        hangup: Hangup,
        ticket: Ticket,
    ) -> Result<Answer, Refusal> {
        check::headers(&hangup.headers)?;
        let headers = headers_of(&hangup)?;
        match &mut self.phase {
            Phase::Pending(_) => Ok(self.hang_up_unanswered(stack, &headers)),
            Phase::Accepted(accepted) => {
                accepted.wait(stack, &self.picture, ticket, WaitingFor::Bye)?;
                accepted.hangup.get_or_insert(hangup);
                Ok(Answer::Later)
            }
            Phase::Established(_) => {
                self.close(stack, &hangup, End::new(EndCause::Hangup, EndBy::Api, None), vec![ticket]);
                Ok(Answer::Later)
            }
            Phase::Closing(_) | Phase::Gone => Err(self.invalid_state()),
        }
    }

    /// Ends an answered call with BYE; who waits for that is told when it is on the wire.
    pub(super) fn close(&mut self, stack: &mut Stack, hangup: &Hangup, end: End, waiting: Vec<Ticket>) {
        let headers = headers_of(hangup).unwrap_or_default();
        self.finish(stack, end, Phase::Closing(Closing { waiting }));
        let (key, path, bye) = self
            .dialog
            .request(stack, Known::Bye, |writer: Writer| respond::with_headers(writer, &headers).finish());
        stack.request(self.picture.id, key, path, bye);
    }

    /// The time for a graceful end is over: whatever is answered is hung up, whatever is not is refused.
    pub fn drain_over(&mut self, stack: &mut Stack) {
        self.drain(stack);
        // A BYE without the ACK is early (§15), but no one will be here when the ACK comes.
        if matches!(self.phase, Phase::Accepted(_) | Phase::Established(_)) {
            let end = End::new(EndCause::Hangup, EndBy::System, None);
            self.close(stack, &Hangup::default(), end, Vec::new());
        }
    }

    /// The peer hangs up.
    pub(super) fn handle_bye(&mut self, stack: &mut Stack, flow: &Flow, bye: &Request) {
        match &self.phase {
            Phase::Pending(_) => {
                let end = End::by_remote(EndCause::Cancelled, Some(487), &bye.headers);
                self.give_up(stack, flow, bye, end);
            }
            Phase::Accepted(_) | Phase::Established(_) => {
                let end = End::by_remote(EndCause::Hangup, None, &bye.headers);
                self.finish(stack, end, Phase::Gone);
                self.confirm_bye(stack, flow, bye);
            }
            Phase::Closing(_) | Phase::Gone => self.confirm_bye(stack, flow, bye),
        }
    }

    fn confirm_bye(&self, stack: &mut Stack, flow: &Flow, bye: &Request) {
        stack.answer(bye, flow, respond::plain(bye, 200, None, &self.dialog.local_tag));
    }
}

/// The headers of a hangup, its Reason (RFC 3326) among them.
fn headers_of(hangup: &Hangup) -> Result<Vec<NewHeader>, Refusal> {
    let mut headers = hangup.headers.to_vec();
    if let Some(reason) = &hangup.reason {
        headers.push(NewHeader { name: "Reason".into(), value: reason_value(reason)? });
    }
    Ok(headers)
}

fn reason_value(reason: &Reason) -> Result<String, Refusal> {
    check::token("reason.protocol", &reason.protocol)?;
    let mut value = reason.protocol.clone();
    if let Some(cause) = reason.cause {
        value += &format!(";cause={cause}");
    }
    if let Some(text) = &reason.text {
        check::text("reason.text", text)?;
        value += &format!(";text={}", quote(text));
    }
    Ok(value)
}
