//! The call as clients see it: changed in one place, told with each change.

use std::sync::Arc;

use bytestring::ByteString;

use super::answer::may_be_sdp;
use super::{Answer, Call, Phase, Picture};
use crate::agent::command::Labels;
use crate::agent::event::{CallState, Detail, End, EndBy, EndCause, Event, EventKind, Reason, actions_of};
use crate::agent::respond::ACCEPT;
use crate::agent::stack::Stack;
use crate::agent::{Refusal, Timestamp};
use crate::sip::{Headers, Name, sdp};

/// How many values of Reason headers are shown; RFC 3326 has one for each protocol.
const MOST_REASONS: usize = 16;

impl End {
    /// An end without a Reason header.
    pub fn new(cause: EndCause, by: EndBy, sip_status: Option<u16>) -> Self {
        Self { cause, by, sip_status, reason: None, reasons: Vec::new(), detail: None }
    }

    /// No way to the peer, and why.
    pub fn unreachable(why: String) -> Self {
        Self { detail: Some(why), ..Self::new(EndCause::Failed, EndBy::System, None) }
    }

    /// The message (`the 200`, `the ACK`) that had to bring the answer to our offer did not.
    pub fn sessionless(message: &str, headers: &Headers, body: &[u8]) -> Self {
        let detail = if body.is_empty() {
            format!("{message} has no session description")
        } else if !may_be_sdp(headers) {
            format!("the body of {message} is not {ACCEPT}")
        } else {
            format!("the session description of {message} {}", sdp::lack(body))
        };
        Self { detail: Some(detail), ..Self::new(EndCause::Failed, EndBy::System, None) }
    }

    /// The peer's doing, with the Reason of its request.
    pub fn by_remote(cause: EndCause, sip_status: Option<u16>, headers: &Headers) -> Self {
        // Copies: what is kept of a BYE must not hold its whole head.
        let reason = headers.first(Name::Reason).map(|header| ByteString::from(&*header.text()));
        let reasons = headers
            .reasons()
            .take(MOST_REASONS)
            .map(|reason| Reason {
                protocol: reason.protocol.to_string(),
                cause: reason.cause,
                text: reason.text.map(|text| text.to_string()),
            })
            .collect();
        Self { cause, by: EndBy::Remote, sip_status, reason, reasons, detail: None }
    }
}

impl Call {
    /// Changes the picture and tells the clients.
    pub(super) fn tell(&mut self, stack: &mut Stack, kind: EventKind, edit: impl FnOnce(&mut Picture)) {
        self.tell_with(stack, kind, None, edit);
    }

    /// The same, with what else the event carries.
    pub(super) fn tell_with(
        &mut self,
        stack: &mut Stack,
        kind: EventKind,
        detail: Option<Detail>,
        edit: impl FnOnce(&mut Picture),
    ) {
        let picture = Arc::make_mut(&mut self.picture);
        let remote = picture.sdp.remote.clone();
        edit(picture);
        picture.version += 1;
        picture.actions = actions_of(picture.direction, picture.state);
        let renegotiated = picture.sdp.remote != remote;
        let (time, call) = (stack.fx.now.wall, self.picture.clone());
        stack.fx.tell(Event { kind, time, call, renegotiated, detail });
        // Each may come of a request, and with its CSeq: what comes again after a crash must not be told again. After its end
        // nothing brings it back.
        if kind != EventKind::Ended {
            self.save(stack);
        }
    }

    /// Moves the picture on to a state, with the time it was reached.
    pub(super) fn reach(&mut self, stack: &mut Stack, state: CallState, edit: impl FnOnce(&mut Picture)) {
        let now = stack.fx.now.wall;
        let kind = match state {
            CallState::Offered => EventKind::Offered,
            CallState::Dialing => EventKind::Dialing,
            CallState::Ringing => EventKind::Ringing,
            CallState::Accepted => EventKind::Accepted,
            CallState::Established => EventKind::Established,
            CallState::Ended => EventKind::Ended,
        };
        self.tell(stack, kind, |picture| {
            picture.state = state;
            edit(picture);
            set_once(picture, state, now);
        });
    }

    /// Ends the call for its clients, exactly once: no alarm is left, and who waits for it is told. What the wire still
    /// needs is in `phase`.
    pub(super) fn finish(&mut self, stack: &mut Stack, end: End, phase: Phase) -> Phase {
        stack.fx.alarms.cancel_call(self.picture.id);
        self.reach(stack, CallState::Ended, |picture| {
            picture.end = Some(Arc::new(end));
            picture.claim = None;
        });
        let mut left = std::mem::replace(&mut self.phase, phase);
        match &mut left {
            Phase::Accepted(accepted) => accepted.disappoint(stack, &self.picture),
            Phase::Dialing(dialing) => dialing.intent.tell(stack, &self.picture),
            Phase::Established(established) => {
                established.stop_refreshing(stack);
                established.letters.give_up(stack, &self.picture);
            }
            Phase::Pending(_) | Phase::Closing(_) | Phase::Gone => {}
        }
        left
    }

    /// Changes the labels; what changes nothing is no event.
    pub(super) fn label(&mut self, stack: &mut Stack, labels: Labels) -> Result<Answer, Refusal> {
        let merged = labels.merge(&self.picture.labels)?;
        if merged != *self.picture.labels {
            self.tell(stack, EventKind::Updated, |picture| picture.labels = Arc::new(merged));
        }
        Ok(Answer::Now)
    }

    /// What a command is told that came too late or too early.
    pub(super) fn invalid_state(&self) -> Refusal {
        Refusal::InvalidState(self.picture.clone())
    }
}

fn set_once(picture: &mut Picture, state: CallState, now: Timestamp) {
    let time = match state {
        CallState::Offered | CallState::Dialing => return,
        CallState::Ringing => &mut picture.ringing_at,
        CallState::Accepted => &mut picture.accepted_at,
        CallState::Established => &mut picture.established_at,
        CallState::Ended => &mut picture.ended_at,
    };
    time.get_or_insert(now);
}
