//! What clients send the peer in the dialog: INFO (RFC 6086, in the use that PBXs make of it) and MESSAGE (RFC 3428 §4).
//!
//! One request at a time, so that they come to the peer in their order: by UDP one that overtakes another would be refused
//! (RFC 3261 §12.2.2).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Answer, Call, Dialog, Established, Phase, Picture};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::asking::{Asking, Means, Progress};
use crate::agent::command::{Digits, Letter, NewHeader};
use crate::agent::stack::{Owner, Stack};
use crate::agent::{CallId, Refusal, Ticket, respond};
use crate::sip::{Known, Writer};

/// How many commands may wait for their turn; a further one is refused as overload.
const MAX_WAITING: usize = 16;

/// How long a command waits for its answers, and for those before it. A peer that is silent is given up before that (timer F).
const PATIENCE: Duration = Duration::from_secs(40);

/// The commands whose requests are not all answered, oldest first.
#[derive(Debug, Default)]
pub struct Letters {
    waiting: VecDeque<Sending>,
    /// The request that is under way, of the first.
    asking: Option<Box<Asking>>,
}

/// A command, and what of it is still to be sent.
#[derive(Debug)]
struct Sending {
    ticket: Ticket,
    until: Instant,
    method: Known,
    content_type: String,
    headers: Vec<NewHeader>,
    /// One for each request.
    bodies: VecDeque<String>,
}

impl Sending {
    fn written(&self, writer: Writer) -> Bytes {
        let body = self.bodies.front().map(String::as_bytes).unwrap_or_default();
        respond::with_headers(writer, &self.headers).finish_with(&self.content_type, body)
    }
}

impl Established {
    /// Whether the request of a client is under way that is meant.
    pub(super) fn writes(&self, is_meant: impl FnOnce(&Asking) -> bool) -> bool {
        self.letters.asking.as_deref().is_some_and(is_meant)
    }
}

impl Letters {
    fn arm(&self, stack: &mut Stack, call: CallId) {
        let alarm = Alarm::Call(call, CallAlarm::Letters);
        match self.waiting.front() {
            Some(first) => stack.fx.alarms.set(alarm, first.until),
            None => stack.fx.disarm(alarm),
        }
    }

    /// The call is over: nobody waits any more.
    pub fn give_up(&mut self, stack: &mut Stack, call: &Arc<Picture>) {
        if let Some(mut asking) = self.asking.take() {
            asking.forget(stack);
        }
        for sending in self.waiting.drain(..) {
            stack.fx.answer(sending.ticket, Err(Refusal::CallEnded(call.clone())));
        }
    }
}

impl Call {
    /// The commands `info` and `message`.
    pub(super) fn write(
        &mut self,
        stack: &mut Stack,
        (method, letter): (Known, Letter),
        ticket: Ticket,
    ) -> Result<Answer, Refusal> {
        letter.check()?;
        let Letter { content_type, body, headers } = letter;
        let until = stack.fx.now.instant + PATIENCE;
        let bodies = [body].into();
        self.queue(stack, Sending { ticket, until, method, content_type, headers: headers.0, bodies })
    }

    /// The command `dtmf`.
    pub(super) fn press(
        &mut self,
        stack: &mut Stack,
        digits: &Digits,
        ticket: Ticket,
    ) -> Result<Answer, Refusal> {
        let bodies = digits.bodies()?;
        let content_type = "application/dtmf-relay".to_owned();
        let (method, until) = (Known::Info, stack.fx.now.instant + PATIENCE);
        self.queue(stack, Sending { ticket, until, method, content_type, headers: Vec::new(), bodies })
    }

    fn queue(&mut self, stack: &mut Stack, sending: Sending) -> Result<Answer, Refusal> {
        let Phase::Established(Established { letters, .. }) = &mut self.phase else {
            return Err(self.invalid_state());
        };
        if letters.waiting.len() >= MAX_WAITING {
            return Err(Refusal::Overloaded);
        }
        letters.waiting.push_back(sending);
        letters.arm(stack, self.picture.id);
        if letters.asking.is_none() {
            self.send_next(stack);
        }
        Ok(Answer::Later)
    }

    fn send_next(&mut self, stack: &mut Stack) {
        let Phase::Established(Established { letters: Letters { waiting, .. }, .. }) = &self.phase else {
            return;
        };
        let Some(method) = waiting.front().map(|first| first.method) else { return };
        let request = (method, self.dialog.next());
        self.save(stack);
        let (owner, way) = (Owner::Call(self.picture.id), self.dialog.way(stack));
        self.with_asking(stack, |(asking, _), stack, means| {
            *asking = Some(Box::new(Asking::begin(stack, owner, request, way, means)));
        });
    }

    /// What becomes of the request that is under way.
    pub(super) fn pursue_letter<'a>(
        &mut self,
        stack: &mut Stack,
        act: impl FnOnce(&mut Asking, &mut Stack, Means<'_>) -> Progress<'a>,
    ) {
        let progress = self.with_asking(stack, |(asking, dialog), stack, means| {
            let asking = asking.as_mut()?;
            let progress = act(asking, stack, means);
            dialog.asked(asking.head().cseq);
            dialog.found(asking);
            Some(progress)
        });
        let Some(progress) = progress.flatten() else { return };
        match progress {
            Progress::Waits
            | Progress::Sent
            | Progress::Provisional(_)
            | Progress::Forked(_)
            | Progress::Over => {}
            Progress::Final(response) => self.handle_reply(stack, response.status),
            Progress::TimedOut | Progress::Unreachable => self.handle_silence(stack),
        }
    }

    /// The first has waited long enough: what is left of it is not sent.
    pub(super) fn handle_late_letters(&mut self, stack: &mut Stack) {
        let Phase::Established(Established { letters, .. }) = &mut self.phase else { return };
        if let Some(mut asking) = letters.asking.take() {
            asking.forget(stack);
        }
        let now = stack.fx.now.instant;
        while letters.waiting.front().is_some_and(|first| first.until <= now)
            && let Some(late) = letters.waiting.pop_front()
        {
            stack.fx.answer(late.ticket, Err(Refusal::SipTimeout(self.picture.clone())));
        }
        letters.arm(stack, self.picture.id);
        self.send_next(stack);
    }

    /// The peer has answered: the next one goes, unless it does not know the call any more (§12.2.1.2).
    fn handle_reply(&mut self, stack: &mut Stack, status: u16) {
        let Phase::Established(Established { letters, .. }) = &mut self.phase else { return };
        letters.asking = None;
        let Some(mut sending) = letters.waiting.pop_front() else { return };
        sending.bodies.pop_front();
        if status < 300 && !sending.bodies.is_empty() {
            letters.waiting.push_front(sending);
            return self.send_next(stack);
        }
        letters.arm(stack, self.picture.id);
        self.close_if_unknown(stack, status);
        let call = self.picture.clone();
        match status {
            ..300 => stack.fx.answer_heard(sending.ticket, call, status),
            _ => stack.fx.answer(sending.ticket, Err(Refusal::SipRejected(call, status))),
        }
        self.send_next(stack);
    }

    /// A peer that says nothing to one is not made to be waited for by the others, too. It may still talk: its own BYE, or ours, will tell.
    fn handle_silence(&mut self, stack: &mut Stack) {
        let Phase::Established(Established { letters, .. }) = &mut self.phase else { return };
        letters.asking = None;
        for sending in letters.waiting.drain(..) {
            stack.fx.answer(sending.ticket, Err(Refusal::SipTimeout(self.picture.clone())));
        }
        letters.arm(stack, self.picture.id);
    }

    /// Does something with the request of the first command.
    fn with_asking<T>(
        &mut self,
        stack: &mut Stack,
        act: impl FnOnce((&mut Option<Box<Asking>>, &mut Dialog), &mut Stack, Means<'_>) -> T,
    ) -> Option<T> {
        let credentials = stack.credentials(self.account);
        let Self { dialog, authorizations, phase: Phase::Established(established), .. } = self else {
            return None;
        };
        let Letters { waiting, asking } = &mut established.letters;
        let first = waiting.front()?;
        let means = Means {
            credentials: credentials.as_ref(),
            authorizations,
            fill: &|_, _, writer| first.written(writer),
        };
        Some(act((asking, dialog), stack, means))
    }
}
