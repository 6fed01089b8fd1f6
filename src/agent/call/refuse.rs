//! The ends of a call before its answer: rejected, cancelled by either side, timed out (RFC 3261 §9.2, §13.3.1.3).

use bytes::Bytes;

use super::give_up::Parting;
use super::{Answer, Call, Pending, Phase};
use crate::agent::command::{Cancel, Hangup, NewHeader, Reject};
use crate::agent::event::{End, EndBy, EndCause};
use crate::agent::stack::Stack;
use crate::agent::{Flow, Refusal, Ticket, check, respond};
use crate::sip::{Request, Uri, Writer};

/// How many places to try instead a redirection may name.
const MAX_CONTACTS: usize = 16;

impl Call {
    /// The command `reject`, or the policy.
    pub(super) fn reject(&mut self, stack: &mut Stack, reject: Reject, by: EndBy) -> Result<Answer, Refusal> {
        let Phase::Pending(pending) = &self.phase else { return Err(self.invalid_state()) };
        check::status(reject.status, check::REJECT_STATUS)?;
        check::headers(&reject.headers)?;
        check::phrase(reject.reason.as_deref())?;
        let mut writer = self.final_response(pending, reject.status, reject.reason.as_deref());
        for contact in contacts_of(&reject)? {
            writer = writer.header("Contact", format!("<{}>", contact.as_str()));
        }
        let response = respond::with_headers(writer, &reject.headers).finish();
        let end = End::new(EndCause::Rejected, by, Some(reject.status));
        Ok(self.end_unanswered(stack, reject.status, response, end))
    }

    /// The command `cancel`.
    pub(super) fn cancel(
        &mut self,
        stack: &mut Stack,
        cancel: Cancel,
        ticket: Ticket,
    ) -> Result<Answer, Refusal> {
        match self.phase {
            Phase::Pending(_) => {}
            Phase::Dialing(_) => return self.withdraw_for(stack, Hangup::default(), ticket),
            _ => return Err(self.invalid_state()),
        }
        check::status(cancel.status, check::CANCEL_STATUS)?;
        Ok(self.refuse(stack, cancel.status, End::new(EndCause::Cancelled, EndBy::Api, Some(cancel.status))))
    }

    /// The command `hangup`, before the answer: what `cancel` does, with the headers of a hangup.
    pub(super) fn hang_up_unanswered(&mut self, stack: &mut Stack, headers: &[NewHeader]) -> Answer {
        let Phase::Pending(pending) = &self.phase else { return Answer::Now };
        let response = respond::with_headers(self.final_response(pending, 487, None), headers).finish();
        self.end_unanswered(stack, 487, response, End::new(EndCause::Cancelled, EndBy::Api, Some(487)))
    }

    /// The caller gives up: 200 to the CANCEL and 487 to the INVITE, or 200 and nothing else if the answer was first.
    pub fn handle_cancel(&mut self, stack: &mut Stack, flow: &Flow, cancel: &Request) {
        self.give_up(stack, flow, cancel, End::by_remote(EndCause::Cancelled, Some(487), &cancel.headers));
    }

    /// Answers a CANCEL, or a BYE on the early dialog (§15.1.2), with 200, and the INVITE with 487 if it is pending.
    pub(super) fn give_up(&mut self, stack: &mut Stack, flow: &Flow, request: &Request, end: End) {
        let ok = respond::plain(request, 200, None, &self.dialog.local_tag);
        match &self.phase {
            Phase::Pending(pending) => {
                let (transaction, response) =
                    (pending.transaction, self.final_response(pending, 487, None).finish());
                self.finish(stack, end, Phase::Gone);
                stack.answer(request, flow, ok);
                stack.respond(transaction, 487, response);
            }
            _ => stack.answer(request, flow, ok),
        }
    }

    /// Nobody answered in the time that the setting, or who placed the call, allows.
    pub(super) fn handle_ring_timeout(&mut self, stack: &mut Stack) {
        self.withdraw(stack, Parting::new(EndCause::Timeout, EndBy::Policy));
        let status = stack.settings.policies.ring_timeout_status;
        self.refuse(stack, status, End::new(EndCause::Timeout, EndBy::Policy, Some(status)));
    }

    /// The INVITE's own time is over (§13.3.1).
    pub(super) fn handle_expires(&mut self, stack: &mut Stack) {
        self.refuse(stack, 487, End::new(EndCause::Timeout, EndBy::System, Some(487)));
    }

    /// The agent shuts down: whoever is not answered is sent elsewhere, and who has not answered is not waited for.
    pub fn drain(&mut self, stack: &mut Stack) {
        self.withdraw(stack, Parting::new(EndCause::Cancelled, EndBy::System));
        let Phase::Pending(pending) = &self.phase else { return };
        let response =
            self.final_response(pending, 503, None).header("Retry-After", respond::RETRY_AFTER).finish();
        self.end_unanswered(stack, 503, response, End::new(EndCause::Rejected, EndBy::System, Some(503)));
    }

    /// Refuses a pending INVITE with nothing but a status.
    pub(super) fn refuse(&mut self, stack: &mut Stack, status: u16, end: End) -> Answer {
        let Phase::Pending(pending) = &self.phase else { return Answer::Now };
        let response = self.final_response(pending, status, None).finish();
        self.end_unanswered(stack, status, response, end)
    }

    fn end_unanswered(&mut self, stack: &mut Stack, status: u16, response: Bytes, end: End) -> Answer {
        match self.finish(stack, end, Phase::Gone) {
            Phase::Pending(Pending { transaction, .. }) => {
                Answer::WhenSent(stack.respond(transaction, status, response))
            }
            _ => Answer::Now,
        }
    }

    fn final_response(&self, pending: &Pending, status: u16, phrase: Option<&str>) -> Writer {
        let writer = respond::respond(&pending.invite.headers, status, phrase, Some(&self.dialog.local_tag));
        respond::capabilities(writer)
    }
}

/// Where else to try: only a redirection and 485 have a place for it (§20.10).
fn contacts_of(reject: &Reject) -> Result<Vec<Uri>, Refusal> {
    if !reject.contacts.is_empty() && !matches!(reject.status, 300..=399 | 485) {
        return Err(check::field("contacts", "only a status of 300–399 or 485 has them"));
    }
    if reject.contacts.len() > MAX_CONTACTS {
        return Err(check::field("contacts", "at most 16 can be given"));
    }
    let uri = |text: &String| {
        check::text("contacts", text)?;
        Uri::parse(text.as_str().into()).map_err(|fault| check::field("contacts", fault))
    };
    reject.contacts.iter().map(uri).collect()
}
