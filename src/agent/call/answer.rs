//! Accepting a call: the 2xx, the wait for its ACK, and the commands that wait with it (RFC 3261 §13.3.1.4).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use bytestring::ByteString;

use super::confirm::Confirming;
use super::modify::{show_local, show_remote};
use super::{Answer, Call, Description, Established, Pending, Phase, Picture};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::command::{Accept, Hangup, Wait};
use crate::agent::effects::Awaited;
use crate::agent::event::{CallState, End, EndBy, EndCause};
use crate::agent::stack::Stack;
use crate::agent::{Flow, Receipt, Refusal, Ticket, check, respond};
use crate::sip::{Headers, Name, Request, body_text, sdp};

/// How long a command waits for the ACK.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many commands may wait on one call; a further one is refused as overloaded.
pub(super) const MAX_WAITING: usize = 16;

/// A 2xx that waits for its ACK.
#[derive(Debug)]
pub struct Accepted {
    pub confirming: Confirming,
    /// The name of its first sending, once it is sent: what brings the call back is on record before.
    receipt: Option<Receipt>,
    /// Whether that is with the kernel.
    is_sent: bool,
    waiting: VecDeque<Waiting>,
    /// What to send as soon as the ACK is here: a BYE must not come before it (§15).
    pub hangup: Option<Hangup>,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    for_what: WaitingFor,
    until: Instant,
}

/// What a waiting command was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// `accept`: the ACK is what it waits for.
    Ack,
    /// `hangup`: the BYE that the ACK lets go.
    Bye,
}

impl Accepted {
    fn new(confirming: Confirming) -> Self {
        Self { confirming, receipt: None, is_sent: false, waiting: VecDeque::new(), hangup: None }
    }

    /// Lets a command wait for the ACK.
    pub fn wait(
        &mut self,
        stack: &mut Stack,
        call: &Picture,
        ticket: Ticket,
        for_what: WaitingFor,
    ) -> Result<(), Refusal> {
        if self.waiting.len() >= MAX_WAITING {
            return Err(Refusal::Overloaded);
        }
        self.waiting.push_back(Waiting { ticket, for_what, until: stack.fx.now.instant + PATIENCE });
        self.arm_patience(stack, call);
        Ok(())
    }

    fn arm_patience(&self, stack: &mut Stack, call: &Picture) {
        let alarm = Alarm::Call(call.id, CallAlarm::Patience);
        match self.waiting.front() {
            Some(first) => stack.fx.alarms.set(alarm, first.until),
            None => stack.fx.disarm(alarm),
        }
    }

    /// The ACK is here: tells the commands that waited for it, and keeps those that wait for the BYE it lets go.
    fn satisfy(&mut self, stack: &mut Stack, call: &Arc<Picture>) {
        self.waiting.retain(|waiting| {
            let waits_on = waiting.for_what == WaitingFor::Bye;
            if !waits_on {
                stack.fx.answer(waiting.ticket, Ok(call.clone()));
            }
            waits_on
        });
    }

    /// A hangup that waits for the ACK, and the commands that wait for its BYE.
    pub fn parting(&mut self) -> Option<(Hangup, Vec<Ticket>)> {
        let hangup = self.hangup.take()?;
        let (for_bye, for_ack): (VecDeque<_>, _) =
            self.waiting.drain(..).partition(|waiting| waiting.for_what == WaitingFor::Bye);
        self.waiting = for_ack;
        Some((hangup, for_bye.into_iter().map(|waiting| waiting.ticket).collect()))
    }

    /// The 200 could not be handed to the peer. It is repeated all the same; who waits is told.
    fn handle_undelivered(&mut self, stack: &mut Stack, call: &Arc<Picture>) {
        for Waiting { ticket, .. } in self.waiting.drain(..) {
            stack.fx.answer(ticket, Err(Refusal::SipTimeout(call.clone())));
        }
        self.arm_patience(stack, call);
    }

    /// The call ended before its ACK came.
    pub fn disappoint(&mut self, stack: &mut Stack, call: &Arc<Picture>) {
        for Waiting { ticket, .. } in self.waiting.drain(..) {
            stack.fx.answer(ticket, Err(Refusal::CallEnded(call.clone())));
        }
    }
}

impl Call {
    /// The command `accept`: answered with the ACK, or when the 200 is on the wire.
    pub(super) fn accept(
        &mut self,
        stack: &mut Stack,
        accept: Accept,
        ticket: Ticket,
    ) -> Result<Answer, Refusal> {
        let wait = accept.wait;
        let receipt = self.answer(stack, accept)?;
        match &mut self.phase {
            Phase::Accepted(accepted) if wait == Wait::Established => {
                accepted.wait(stack, &self.picture, ticket, WaitingFor::Ack)?;
                Ok(Answer::Later)
            }
            _ => Ok(Answer::WhenSent(receipt)),
        }
    }

    /// Sends the 200.
    pub(super) fn answer(&mut self, stack: &mut Stack, accept: Accept) -> Result<Receipt, Refusal> {
        let Phase::Pending(pending) = &self.phase else { return Err(self.invalid_state()) };
        check::headers(&accept.headers)?;
        let local = match (&accept.sdp, pending.given_answer()) {
            (Some(sdp), _) => self.given_sdp(pending, sdp)?,
            (None, Some(given)) => given.clone(),
            (None, None) => match self.generated_sdp(stack, pending) {
                Ok(sdp) => sdp,
                Err(_) => return Err(self.no_common_codec(stack)),
            },
        };
        let Self { dialog, .. } = self;
        let writer = respond::in_dialog(&pending.invite, 200, None, &dialog.local_tag, &dialog.contact);
        let ok = respond::with_body(respond::with_headers(writer, &accept.headers), Some(&local.text));
        let (transaction, id) = (pending.transaction, self.picture.id);
        let confirming = Confirming::new(&pending.invite, transaction, ok.clone());
        stack.fx.alarms.cancel_call(id);
        self.watch_claim(stack);
        self.phase = Phase::Accepted(Accepted::new(confirming));
        self.source = local.source;
        self.reach(stack, CallState::Accepted, |picture| show_local(picture, local.text));
        let receipt = stack.respond(transaction, 200, ok);
        stack.fx.wait_for(receipt, Awaited::Acceptance(id));
        if let Phase::Accepted(accepted) = &mut self.phase {
            accepted.receipt = Some(receipt);
        }
        Confirming::arm(stack, id);
        Ok(receipt)
    }

    /// What was sent by this name is with the kernel.
    pub fn handle_delivered(&mut self, receipt: Receipt) {
        if let Phase::Accepted(accepted) = &mut self.phase {
            accepted.is_sent |= accepted.receipt == Some(receipt);
        }
    }

    /// What was sent by this name did not reach the peer.
    pub fn handle_undelivered(&mut self, stack: &mut Stack, receipt: Receipt) {
        match &mut self.phase {
            Phase::Accepted(accepted) if accepted.receipt == Some(receipt) => {
                accepted.handle_undelivered(stack, &self.picture);
            }
            _ => {}
        }
    }

    /// The ACK to the 200 is here; it carries the answer if the 200 carried the offer.
    pub(super) fn handle_first_ack(&mut self, stack: &mut Stack, flow: Flow, ack: &Request) {
        match &self.phase {
            Phase::Accepted(accepted) if accepted.confirming.is_for(ack) => {}
            _ => return,
        }
        let Phase::Accepted(mut accepted) =
            std::mem::replace(&mut self.phase, Phase::Established(Established::new()))
        else {
            return;
        };
        stack.fx.alarms.cancel_call(self.picture.id);
        self.watch_claim(stack);
        self.dialog.heard_by(flow);
        let answer = description(&ack.headers, &ack.body);
        let has_session = answer.is_some() || !accepted.confirming.carries_offer;
        self.reach(stack, CallState::Established, |picture| {
            if let Some(answer) = answer.filter(|_| accepted.confirming.carries_offer) {
                show_remote(picture, answer);
            }
        });
        if !has_session {
            let end = End::sessionless("the ACK", &ack.headers, &ack.body);
            self.close(stack, &Hangup::default(), end, Vec::new());
            return accepted.disappoint(stack, &self.picture);
        }
        accepted.satisfy(stack, &self.picture);
        if let Some((hangup, waiting)) = accepted.parting() {
            self.close(stack, &hangup, End::new(EndCause::Hangup, EndBy::Api, None), waiting);
        } else {
            self.limit_duration(stack);
            self.refresh(stack);
        }
    }

    /// Commands have waited long enough for the ACK; the call goes on waiting.
    pub(super) fn handle_patience(&mut self, stack: &mut Stack) {
        let Phase::Accepted(accepted) = &mut self.phase else { return };
        let now = stack.fx.now.instant;
        while accepted.waiting.front().is_some_and(|first| first.until <= now) {
            if let Some(Waiting { ticket, .. }) = accepted.waiting.pop_front() {
                let call = self.picture.clone();
                let refusal =
                    if accepted.is_sent { Refusal::AckTimeout(call) } else { Refusal::SipTimeout(call) };
                stack.fx.answer(ticket, Err(refusal));
            }
        }
        accepted.arm_patience(stack, &self.picture);
    }

    /// A client's own description: it parses, fits the offer, and is the one that was given when ringing (§13.2.1).
    pub(super) fn given_sdp(&self, pending: &Pending, given: &str) -> Result<Description, Refusal> {
        let invalid = |fault: &str| Refusal::InvalidSdp(fault.into());
        match pending.given_answer() {
            Some(earlier) if earlier.text == given => Ok(earlier.clone()),
            Some(_) => Err(invalid("another answer was given when ringing, and the caller keeps the first")),
            None => {
                let offer = pending.offer().map(AsRef::as_ref);
                sdp::check(given, offer).map_err(invalid)?;
                Ok(Description { text: given.into(), source: sdp::Source::given(given, offer) })
            }
        }
    }

    /// The answer to the INVITE's offer; an offer of ours if it has none.
    pub(super) fn generated_sdp(
        &self,
        stack: &Stack,
        pending: &Pending,
    ) -> Result<Description, sdp::NoAnswer> {
        if let Some(given) = pending.given_answer() {
            return Ok(given.clone());
        }
        let fallback = self.dialog.flow.map_or(Ipv4Addr::UNSPECIFIED.into(), |flow| flow.local.ip());
        let local = sdp::Local {
            media: stack.settings.media,
            fallback,
            codecs: Cow::Borrowed(&stack.settings.codecs),
            session_id: stack.fx.now.wall.milliseconds(),
            version: stack.fx.now.wall.milliseconds(),
        };
        let text = match pending.offer() {
            Some(offer) => sdp::answer(offer, &local)?,
            None => sdp::offer(&local),
        };
        Ok(Description { text: text.into(), source: sdp::Source::Generated })
    }

    /// Nothing that we could say would be understood: 488 (§13.3.1.3), and the call is over.
    pub(super) fn no_common_codec(&mut self, stack: &mut Stack) -> Refusal {
        self.refuse(stack, 488, End::new(EndCause::Failed, EndBy::System, Some(488)));
        Refusal::NoCommonCodec(self.picture.clone())
    }
}

/// The description that an answer to an offer of ours carries, if it is one (§13.2.1).
pub(super) fn description(headers: &Headers, body: &Bytes) -> Option<ByteString> {
    if let Some(part) = headers.description_part(body, respond::ACCEPT) {
        return sdp::direction(&part.body).map(|_| body_text(&part.body));
    }
    sdp::direction(body).filter(|_| may_be_sdp(headers)).map(|_| body_text(body))
}

/// Whether nothing says that a body is something else.
pub(super) fn may_be_sdp(headers: &Headers) -> bool {
    headers.first(Name::ContentType).is_none() || headers.content_is(respond::ACCEPT)
}
