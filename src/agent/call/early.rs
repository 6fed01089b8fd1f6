//! Provisional responses to our INVITE: the peer rings, and dialogs begin (RFC 3261 §12.1, §13.2.2.1).

use std::sync::Arc;

use bytestring::ByteString;

use super::answer::description;
use super::connect::Dialing;
use super::modify::show_remote;
use super::{Call, Dialog, Phase};
use crate::agent::event::CallState;
use crate::agent::stack::Stack;
use crate::sip::Response;

/// How many forks may ring at a time; the dialog of a further one is not kept: it may be answered all the same.
const MAX_EARLY: usize = 16;

/// A fork that rings.
#[derive(Debug)]
pub struct Early {
    pub dialog: Dialog,
    /// The answer that it gave already (§13.2.1).
    pub answer: Option<ByteString>,
}

impl Call {
    /// 100 only lets a CANCEL go; of the others, the first and those with a new description are shown: one that nobody knows is as good as a
    /// 183 (§8.1.3.2).
    pub(super) fn handle_provisional(&mut self, stack: &mut Stack, response: &Response) {
        if self.parting().is_some() {
            return self.send_cancel(stack);
        }
        let Self { dialog, phase: Phase::Dialing(dialing), .. } = self else { return };
        let answer = description(&response.headers, &response.body);
        if response.status == 100 {
            return;
        }
        dialing.note(dialog, response, answer.as_ref());
        let is_first = self.picture.state == CallState::Dialing;
        let is_new = answer.is_some() && answer != self.picture.sdp.remote;
        if !(is_first || is_new) {
            return;
        }
        let remote_tag = response.to.tag().cloned();
        self.reach(stack, CallState::Ringing, |picture| {
            Arc::make_mut(&mut picture.sip).remote_tag = remote_tag;
            if let Some(answer) = answer {
                show_remote(picture, answer);
            }
        });
    }
}

impl Dialing {
    /// A response with a To tag makes a dialog, or is of one; a 100 makes none (§12.1).
    fn note(&mut self, to_be: &Dialog, response: &Response, answer: Option<&ByteString>) {
        let tag = response.to.tag();
        let has_room = self.early.len() < MAX_EARLY;
        let known = self.early.iter_mut().find(|early| early.dialog.remote_tag.as_ref() == tag);
        match known {
            Some(early) => early.answer = answer.cloned().or(early.answer.take()),
            None if tag.is_none() || !has_room => {}
            None => self.early.push(Early { dialog: to_be.of_response(response), answer: answer.cloned() }),
        }
    }

    /// The early dialog that a response is of, with the answer that it gave.
    pub fn take_early(&mut self, response: &Response) -> Option<Early> {
        let is_its = |early: &Early| early.dialog.remote_tag.as_ref() == response.to.tag();
        self.early.iter().position(is_its).map(|place| self.early.swap_remove(place))
    }
}
