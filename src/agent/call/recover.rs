//! A call after a crash or a restart of the agent: an established one comes back, any other is lost. One that we had hung up, or that had
//! been answered and is lost, has its BYE sent.

use std::sync::Arc;

use super::close::Closing;
use super::{Authorizations, Call, Dialog, Established, Forks, Phase, Picture, Saved};
use crate::agent::AccountNumber;
use crate::agent::asking::MAX_CHALLENGES;
use crate::agent::command::Hangup;
use crate::agent::event::{CallState, End, EndBy, EndCause, Event, EventKind, actions_of};
use crate::agent::stack::Stack;

impl Call {
    /// A call as clients saw it last, and what was saved of it. `None`: it is lost, and they have been told so, or over. One whose 2xx has
    /// no ACK is lost as well, but its peer may have a dialog, which a BYE ends. A peer that rings or is rung is left to its timers: its
    /// INVITE's transaction died with the process.
    pub fn recovered(stack: &mut Stack, picture: Arc<Picture>, saved: Option<Saved>) -> Option<Self> {
        let state = picture.state;
        let is_answered = matches!(state, CallState::Accepted | CallState::Established | CallState::Ended);
        let saved = saved.filter(|_| is_answered);
        let Some(mut call) = saved.and_then(|saved| Self::restored(stack, picture.clone(), saved)) else {
            match state {
                CallState::Ended => stack.fx.forget(picture.id),
                _ => lose(stack, picture),
            }
            return None;
        };
        match state {
            CallState::Ended => call.send_bye(stack),
            CallState::Established => {
                call.tell(stack, EventKind::Recovered, |_| {});
                call.watch_claim(stack);
                call.limit_duration(stack);
            }
            _ => call.close(stack, &Hangup::default(), lost(), Vec::new()),
        }
        Some(call)
    }

    /// What was saved, as a call again; `None`: it cannot be understood.
    fn restored(stack: &Stack, picture: Arc<Picture>, mut saved: Saved) -> Option<Self> {
        let mut accounts = stack.settings.accounts.iter();
        let place = accounts.position(|account| picture.account.as_deref() == Some(&*account.id));
        let account = place.map(AccountNumber);
        let (last_fence, source) = (saved.fence, saved.source);
        let phase = match picture.state {
            CallState::Ended => Phase::Closing(Closing::new(Vec::new(), std::mem::take(&mut saved.bye))),
            _ => Phase::Established(Established::new()),
        };
        let mut dialog = Dialog::restored(saved, account)?;
        // What was saved last may have been sent once more for each challenge.
        dialog.skip(MAX_CHALLENGES);
        Some(Self {
            forks: Forks::of_the_past(dialog.invite),
            dialog,
            account,
            authorizations: Authorizations::default(),
            picture,
            phase,
            source,
            last_fence,
        })
    }

    /// Puts what brings an established call back, or sends the BYE of one that is answered or has ended, on record, if calls are kept: before
    /// anything is sent that depends on it.
    pub(super) fn save(&self, stack: &mut Stack) {
        let bye = match &self.phase {
            Phase::Accepted(_) | Phase::Established(_) => &[][..],
            Phase::Closing(closing) => &closing.headers,
            Phase::Dialing(_) | Phase::Pending(_) | Phase::Gone => return,
        };
        if stack.settings.keeps_calls {
            stack.fx.save(self.picture.clone(), self.dialog.saved(self.last_fence, self.source, bye));
        }
    }
}

fn lost() -> End {
    End::new(EndCause::Lost, EndBy::System, None)
}

fn lose(stack: &mut Stack, mut picture: Arc<Picture>) {
    let time = stack.fx.now.wall;
    let call = Arc::make_mut(&mut picture);
    call.state = CallState::Ended;
    call.version += 1;
    call.ended_at = Some(time);
    call.claim = None;
    call.end = Some(Arc::new(lost()));
    call.actions = actions_of(call.direction, call.state);
    stack.fx.tell(Event { kind: EventKind::Ended, time, call: picture, renegotiated: false, detail: None });
}
