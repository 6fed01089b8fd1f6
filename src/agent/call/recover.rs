//! A call after a crash or a restart of the agent: an established one comes back, any other is lost.

use std::sync::Arc;

use super::{Authorizations, Call, Dialog, Established, Forks, Phase, Picture, Saved};
use crate::agent::AccountNumber;
use crate::agent::event::{CallState, End, EndBy, EndCause, Event, EventKind, actions_of};
use crate::agent::stack::Stack;

impl Call {
    /// A call as clients saw it last, and what was saved of it. `None`: it is lost, and they have been told so. A peer that rings
    /// or is rung is left to its timers: its INVITE's transaction died with the process.
    pub fn recovered(stack: &mut Stack, picture: Arc<Picture>, saved: Option<Saved>) -> Option<Self> {
        let mut accounts = stack.settings.accounts.iter();
        let place = accounts.position(|account| picture.account.as_deref() == Some(&*account.id));
        let account = place.map(AccountNumber);
        let saved = saved.filter(|_| picture.state == CallState::Established);
        let last_fence = saved.as_ref().map_or(0, |saved| saved.fence);
        let source = saved.as_ref().map(|saved| saved.source).unwrap_or_default();
        let Some(dialog) = saved.and_then(|saved| Dialog::restored(saved, account)) else {
            lose(stack, picture);
            return None;
        };
        let mut call = Self {
            dialog,
            account,
            authorizations: Authorizations::default(),
            picture,
            phase: Phase::Established(Established::new()),
            source,
            forks: Forks::default(),
            last_fence,
        };
        call.tell(stack, EventKind::Recovered, |_| {});
        call.watch_claim(stack);
        call.limit_duration(stack);
        Some(call)
    }

    /// Puts what brings an established call back on record, if calls are kept: before anything is sent that depends on it.
    pub(super) fn save(&self, stack: &mut Stack) {
        if stack.settings.keeps_calls && matches!(self.phase, Phase::Established(_)) {
            stack.fx.save(self.picture.clone(), self.dialog.saved(self.last_fence, self.source));
        }
    }
}

fn lose(stack: &mut Stack, mut picture: Arc<Picture>) {
    let time = stack.fx.now.wall;
    let call = Arc::make_mut(&mut picture);
    call.state = CallState::Ended;
    call.version += 1;
    call.ended_at = Some(time);
    call.claim = None;
    call.end = Some(Arc::new(End::new(EndCause::Lost, EndBy::System, None)));
    call.actions = actions_of(call.direction, call.state);
    stack.fx.tell(Event { kind: EventKind::Ended, time, call: picture, renegotiated: false, detail: None });
}
