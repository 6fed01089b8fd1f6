//! The end of an answered call: BYE, from either side (RFC 3261 §15).

use std::sync::Arc;

use bytes::Bytes;

use super::answer::WaitingFor;
use super::{Answer, Call, Phase, Picture};
use crate::agent::asking::{Asking, Means, Progress};
use crate::agent::command::{Hangup, NewHeader};
use crate::agent::event::{End, EndBy, EndCause, Reason};
use crate::agent::stack::{Owner, Stack};
use crate::agent::{Flow, Refusal, Ticket, check, respond};
use crate::sip::{Known, Request, Writer, quote};

/// Our BYE is on its way. The call has ended for its clients; the dialog is kept to answer a BYE that crosses ours.
#[derive(Debug)]
pub struct Closing {
    /// The commands that wait until the BYE is on the wire; bounded as those that wait for the ACK are.
    waiting: Vec<Ticket>,
    pub headers: Vec<NewHeader>,
    bye: Option<Box<Asking>>,
}

impl Closing {
    /// One whose BYE has these headers and is about to be sent.
    pub fn new(waiting: Vec<Ticket>, headers: Vec<NewHeader>) -> Self {
        Self { waiting, headers, bye: None }
    }

    fn tell(&mut self, stack: &mut Stack, answer: Result<Arc<Picture>, Refusal>) {
        for ticket in self.waiting.drain(..) {
            stack.fx.answer(ticket, answer.clone());
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
            Phase::Dialing(_) => self.withdraw_for(stack, hangup, ticket),
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
        self.finish(stack, end, Phase::Closing(Closing::new(waiting, headers)));
        self.send_bye(stack);
    }

    /// Ends the call if this answer to a request in it says that the peer does not know it any more (§12.2.1.2); whether it does.
    pub(super) fn close_if_unknown(&mut self, stack: &mut Stack, status: u16) -> bool {
        let is_unknown = matches!(status, 408 | 481);
        if is_unknown {
            let end = End::new(EndCause::Failed, EndBy::Remote, Some(status));
            self.close(stack, &Hangup::default(), end, Vec::new());
        }
        is_unknown
    }

    /// Sends the BYE. Until it is answered or given up what it needs is on record: where the process dies first, the next one sends it.
    pub(super) fn send_bye(&mut self, stack: &mut Stack) {
        let bye = (Known::Bye, self.dialog.next());
        self.save(stack);
        let credentials = stack.credentials(self.account);
        let Self { dialog, authorizations, phase: Phase::Closing(closing), .. } = self else { return };
        let (owner, way) = (Owner::Call(self.picture.id), dialog.way(stack));
        let means = Means {
            credentials: credentials.as_ref(),
            authorizations,
            fill: &|_, _, writer| filled(writer, &closing.headers),
        };
        closing.bye = Some(Box::new(Asking::begin(stack, owner, bye, way, means)));
    }

    /// What becomes of the BYE: it is on the wire, was answered (with whatever: the dialog is over, §15.1.1), or never will be.
    pub(super) fn pursue_bye<'a>(
        &mut self,
        stack: &mut Stack,
        act: impl FnOnce(&mut Asking, &mut Stack, Means<'_>) -> Progress<'a>,
    ) {
        let credentials = stack.credentials(self.account);
        let Self { authorizations, picture, phase: Phase::Closing(closing), .. } = self else { return };
        let Closing { headers, bye: Some(bye), .. } = closing else { return };
        let means = Means {
            credentials: credentials.as_ref(),
            authorizations,
            fill: &|_, _, writer| filled(writer, headers),
        };
        let answer = match act(bye, stack, means) {
            Progress::Waits | Progress::Provisional(_) | Progress::Forked(_) | Progress::Over => return,
            Progress::Sent => return closing.tell(stack, Ok(picture.clone())),
            Progress::Final(_) => Ok(picture.clone()),
            Progress::TimedOut | Progress::Unreachable => Err(Refusal::SipTimeout(picture.clone())),
        };
        closing.tell(stack, answer);
        self.phase = Phase::Gone;
        if stack.settings.keeps_calls {
            stack.fx.forget(self.picture.id);
        }
    }

    /// The time for a graceful end is over: whatever is answered is hung up, whatever is not is refused.
    pub fn drain_over(&mut self, stack: &mut Stack) {
        self.drain(stack);
        self.leave(stack);
        // A BYE without the ACK is early (§15), but no one will be here when the ACK comes.
        let parting = match &mut self.phase {
            Phase::Accepted(accepted) => accepted.parting(),
            Phase::Established(_) => None,
            _ => return,
        };
        let by = if parting.is_some() { EndBy::Api } else { EndBy::System };
        let (hangup, waiting) = parting.unwrap_or_default();
        self.close(stack, &hangup, End::new(EndCause::Hangup, by, None), waiting);
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
            // One that the callee must not send (§15.1): its final response says the same.
            Phase::Dialing(_) | Phase::Closing(_) | Phase::Gone => self.confirm_bye(stack, flow, bye),
        }
    }

    fn confirm_bye(&self, stack: &mut Stack, flow: &Flow, bye: &Request) {
        stack.answer(bye, flow, respond::plain(bye, 200, None, &self.dialog.local_tag));
    }
}

fn filled(writer: Writer, headers: &[NewHeader]) -> Bytes {
    respond::with_headers(writer, headers).finish()
}

/// The headers of a hangup, its Reason (RFC 3326) among them.
pub(super) fn headers_of(hangup: &Hangup) -> Result<Vec<NewHeader>, Refusal> {
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
