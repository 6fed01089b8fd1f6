//! Provisional responses: 180–183, and their repeats while nobody answers (RFC 3261 §13.3.1.1).

use std::time::Duration;

use bytes::Bytes;

use super::modify::show_local;
use super::{Answer, Call, Description, Pending, Phase};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::command::Ring;
use crate::agent::event::CallState;
use crate::agent::stack::Stack;
use crate::agent::{Refusal, check, respond};

/// Proxies give up on an INVITE that has heard nothing for three minutes; the RFC asks for a sign of life each minute.
const REMINDER: Duration = Duration::from_secs(60);

/// The last provisional response but 100.
#[derive(Debug)]
pub struct Provisional {
    status: u16,
    bytes: Bytes,
    /// The answer that it, or an earlier one, carried.
    pub sdp: Option<Description>,
}

impl Call {
    /// Sends a provisional response.
    pub(super) fn ring(&mut self, stack: &mut Stack, ring: Ring) -> Result<Answer, Refusal> {
        let Phase::Pending(pending) = &self.phase else { return Err(self.invalid_state()) };
        check::status(ring.status, check::RING_STATUS)?;
        check::headers(&ring.headers)?;
        let sdp = match (&ring.sdp, ring.early_media) {
            (None, false) => None,
            (Some(_), true) => return Err(check::field("early_media", "give either sdp or early_media")),
            _ if pending.offer().is_none() => {
                return Err(Refusal::InvalidSdp("the INVITE has no offer to answer before the 200".into()));
            }
            (Some(sdp), false) => Some(self.given_sdp(pending, sdp)?),
            (None, true) => match self.generated_sdp(stack, pending) {
                Ok(sdp) => Some(sdp),
                Err(_) => return Err(self.no_common_codec(stack)),
            },
        };
        let provisional = self.provisional(pending, &ring, sdp);
        Ok(self.send_provisional(stack, provisional))
    }

    fn provisional(&self, pending: &Pending, ring: &Ring, sdp: Option<Description>) -> Provisional {
        let Self { dialog, .. } = self;
        let writer =
            respond::in_dialog(&pending.invite, ring.status, None, &dialog.local_tag, &dialog.contact);
        let text = sdp.as_ref().map(|sdp| &*sdp.text);
        let bytes = respond::with_body(respond::with_headers(writer, &ring.headers), text);
        Provisional { status: ring.status, bytes, sdp: sdp.or_else(|| pending.given_answer().cloned()) }
    }

    fn send_provisional(&mut self, stack: &mut Stack, provisional: Provisional) -> Answer {
        let local = provisional.sdp.as_ref().map(|sdp| sdp.text.clone());
        self.reach(stack, CallState::Ringing, |picture| match local {
            Some(local) => show_local(picture, local),
            None => picture.sdp.local = None,
        });
        stack.fx.arm(Alarm::Call(self.picture.id, CallAlarm::Remind), REMINDER);
        let Phase::Pending(pending) = &mut self.phase else { return Answer::Now };
        let receipt = stack.respond(pending.transaction, provisional.status, provisional.bytes.clone());
        pending.ringing = Some(provisional);
        Answer::WhenSent(receipt)
    }

    /// Sends the last provisional response again.
    pub(super) fn remind(&mut self, stack: &mut Stack) {
        let Phase::Pending(Pending { transaction, ringing: Some(ringing), .. }) = &self.phase else { return };
        stack.respond(*transaction, ringing.status, ringing.bytes.clone());
        stack.fx.arm(Alarm::Call(self.picture.id, CallAlarm::Remind), REMINDER);
    }
}
