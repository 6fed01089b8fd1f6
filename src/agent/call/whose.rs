//! Which dialog of a call a message of the peer belongs to: before our INVITE is answered there may be many.

use super::{Call, Dialog, Phase};
use crate::agent::FlowId;
use crate::sip::{Request, Response};

impl Call {
    /// Whether a request with our tag belongs to this call.
    pub fn is_of(&self, request: &Request) -> bool {
        let is_its_own = match &self.phase {
            Phase::Dialing(dialing) => dialing.early.iter().any(|early| early.dialog.is_of(request)),
            Phase::Gone => false,
            _ => self.dialog.is_of(request),
        };
        is_its_own || self.forks.have(request)
    }

    /// Whether it is this answer to an INVITE of an earlier process that has made the call.
    pub fn is_answered_by(&self, ok: &Response) -> bool {
        let Dialog { call_id, remote_tag, .. } = &self.dialog;
        self.forks.are_past(ok) && *call_id == ok.call_id && remote_tag.as_ref() == ok.to.tag()
    }

    /// The connection that it uses.
    pub fn flow(&self) -> Option<FlowId> {
        self.dialog.flow.map(|flow| flow.id)
    }

    /// The dialog that a request of this call belongs to.
    pub(super) fn dialog_of(&mut self, request: &Request) -> &mut Dialog {
        let Self { dialog, phase, .. } = self;
        let Phase::Dialing(dialing) = phase else { return dialog };
        let early = dialing.early.iter_mut().map(|early| &mut early.dialog);
        early.into_iter().find(|early| early.is_of(request)).unwrap_or(dialog)
    }
}
