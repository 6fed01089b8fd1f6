//! Target refresh (RFC 3261 §12.2, RFC 3311): an account that is registered by another connection is reached there, and the
//! peers of its calls are told by UPDATE, so that their BYE finds us. One that does not take UPDATE is left with the old Contact; one for
//! which it comes at a bad moment is told again later.

use std::time::Duration;

use super::{Call, Established, Phase};
use crate::agent::AccountNumber;
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::asking::{Asking, Means, Progress};
use crate::agent::event::Direction;
use crate::agent::stack::{Owner, Stack};
use crate::sip::{Known, Name, Response};

/// How often an UPDATE is sent again in one call.
const MOST_TRIES: u32 = 5;
/// The longest that a peer can put it off, s.
const LONGEST: u32 = 60;

impl Established {
    /// The call is over: nobody waits for the answer any more.
    pub(super) fn stop_refreshing(&mut self, stack: &mut Stack) {
        if let Some(mut update) = self.refreshing.take() {
            update.forget(stack);
        }
    }
}

impl Call {
    /// An account has moved to another connection.
    pub fn follow_account(&mut self, stack: &mut Stack, account: AccountNumber) {
        if self.account == Some(account) {
            self.refresh(stack);
        }
    }

    /// Tells the peer where we are, if that is not where it was told that we are. While an UPDATE waits for its answer the next
    /// one waits, too.
    pub(super) fn refresh(&mut self, stack: &mut Stack) {
        let link = self.account.and_then(|account| stack.link(account));
        let Some(flow) = link.and_then(|link| link.flow) else { return };
        let Phase::Established(Established { refreshing: None, .. }) = &self.phase else { return };
        if self.dialog.move_to(stack, &flow) && self.dialog.takes_update {
            self.send_update(stack);
        }
    }

    /// The time has come to tell the peer once more.
    pub(super) fn refresh_again(&mut self, stack: &mut Stack) {
        if matches!(self.phase, Phase::Established(Established { refreshing: None, .. })) {
            self.send_update(stack);
        }
    }

    fn send_update(&mut self, stack: &mut Stack) {
        stack.fx.disarm(Alarm::Call(self.picture.id, CallAlarm::Refresh));
        let update = (Known::Update, self.dialog.next());
        self.save(stack);
        let credentials = stack.credentials(self.account);
        let Self { dialog, authorizations, phase: Phase::Established(established), .. } = self else {
            return;
        };
        let (owner, way) = (Owner::Call(self.picture.id), dialog.way(stack));
        let contact = dialog.contact.as_str();
        let means = Means {
            credentials: credentials.as_ref(),
            authorizations,
            fill: &|_, _, writer| writer.header("Contact", contact).finish(),
        };
        established.refreshing = Some(Box::new(Asking::begin(stack, owner, update, way, means)));
    }

    /// What becomes of the UPDATE.
    pub(super) fn pursue_refresh<'a>(
        &mut self,
        stack: &mut Stack,
        act: impl FnOnce(&mut Asking, &mut Stack, Means<'_>) -> Progress<'a>,
    ) {
        let credentials = stack.credentials(self.account);
        let Self { dialog, authorizations, phase: Phase::Established(established), .. } = self else {
            return;
        };
        let Some(update) = &mut established.refreshing else { return };
        let contact = dialog.contact.as_str();
        let means = Means {
            credentials: credentials.as_ref(),
            authorizations,
            fill: &|_, _, writer| writer.header("Contact", contact).finish(),
        };
        let progress = act(update, stack, means);
        dialog.asked(update.head().cseq);
        dialog.found(update);
        match progress {
            Progress::Waits
            | Progress::Sent
            | Progress::Provisional(_)
            | Progress::Forked(_)
            | Progress::Over => {}
            Progress::Final(response) => self.handle_refreshed(stack, &response),
            // A peer that says nothing may still talk: its own BYE, or ours, will tell.
            Progress::TimedOut | Progress::Unreachable => self.end_refresh(stack),
        }
    }

    /// The peer knows; or it does not know the call any more (§12.2.1.2).
    fn handle_refreshed(&mut self, stack: &mut Stack, response: &Response) {
        if self.close_if_unknown(stack, response.status) {
            return;
        }
        if response.status < 300 {
            self.dialog.refresh_target(&response.contact);
        }
        self.end_refresh(stack);
        let is_ours = self.picture.direction == Direction::Outbound;
        if let Some(after) = bad_moment(stack, is_ours, response)
            && let Phase::Established(Established { refreshing: None, put_off, .. }) = &mut self.phase
            && *put_off < MOST_TRIES
        {
            *put_off += 1;
            stack.fx.arm(Alarm::Call(self.picture.id, CallAlarm::Refresh), after);
        }
    }

    /// The account may have moved again meanwhile.
    fn end_refresh(&mut self, stack: &mut Stack) {
        if let Phase::Established(established) = &mut self.phase {
            established.refreshing = None;
        }
        self.refresh(stack);
    }
}

/// When to try again: after a collision (491) some seconds by lot, other ones for who has made the call, and where the peer says when,
/// then (RFC 3261 §14.1, RFC 3311 §5.3).
fn bad_moment(stack: &mut Stack, is_ours: bool, response: &Response) -> Option<Duration> {
    let hundredths = |stack: &mut Stack, most| u64::from(stack.ids.below(most));
    match (response.status, response.headers.number(Name::RetryAfter)) {
        (491, _) if is_ours => Some(Duration::from_millis(2_100 + 10 * hundredths(stack, 191))),
        (491, _) => Some(Duration::from_millis(10 * hundredths(stack, 201))),
        (500 | 503 | 504, Some(seconds)) => Some(Duration::from_secs(seconds.min(LONGEST).into())),
        _ => None,
    }
}
