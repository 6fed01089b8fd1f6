//! Labels of calls that have ended: the agent has forgotten them, so the board changes them itself.

use std::sync::Arc;

use super::Board;
use crate::agent::command::Labels;
use crate::agent::event::EventKind;
use crate::agent::{Call, CallId, Event, Refusal, Timestamp};

impl Board {
    /// Patches the labels of an ended call that is still kept and tells it as `call.updated`; `if_version` as in
    /// [`Command`](crate::agent::Command). [`Refusal::NotFound`]: there is no such ended call.
    pub fn label(
        &self,
        id: CallId,
        if_version: Option<u64>,
        patch: &Labels,
        now: Timestamp,
    ) -> Result<Arc<Call>, Refusal> {
        let mut press = self.press();
        // Held to the end: a call that is forgotten between the look and the change would come back for good.
        let mut shown = self.write();
        let slot = shown.views.slot(id).filter(|slot| slot.is_over()).ok_or(Refusal::NotFound)?;
        if if_version.is_some_and(|version| version != slot.call.version) {
            return Err(Refusal::VersionMismatch(slot.call.clone()));
        }
        let labels = Arc::new(patch.merge(&slot.call.labels)?);
        let call = Arc::new(Call { labels, version: slot.call.version + 1, ..Call::clone(&slot.call) });
        let (kind, renegotiated) = (EventKind::Updated, false);
        let event = Event { kind, time: now, call: call.clone(), renegotiated, detail: None };
        let news = event.into();
        let frame = press.news(&news).ok_or(Refusal::Overloaded)?;
        shown.add(news, frame);
        drop(shown);
        self.0.news.send_replace(());
        Ok(call)
    }
}
