//! How long a call may last.

use std::time::Duration;

use super::{Call, Phase};
use crate::agent::alarms::{Alarm, CallAlarm};
use crate::agent::command::Hangup;
use crate::agent::event::{End, EndBy, EndCause, Reason};
use crate::agent::stack::Stack;

impl Call {
    /// Sets the alarm of an established call, by the time of day: one that lasts too long already ends at once.
    pub(super) fn limit_duration(&self, stack: &mut Stack) {
        let most = stack.settings.policies.max_duration;
        let Some(begun) = self.picture.established_at.filter(|_| !most.is_zero()) else { return };
        let left = begun.after(most).0.saturating_sub(stack.fx.now.wall.0);
        let left = Duration::from_micros(u64::try_from(left).unwrap_or(0));
        stack.fx.arm(Alarm::Call(self.picture.id, CallAlarm::MaxDuration), left);
    }

    /// The call has lasted as long as it may.
    pub(super) fn handle_max_duration(&mut self, stack: &mut Stack) {
        if !matches!(self.phase, Phase::Established(_)) {
            return;
        }
        let text = Some("Maximum duration".to_owned());
        let reason = Some(Reason { protocol: "Q.850".to_owned(), cause: Some(102), text });
        let end = End::new(EndCause::Timeout, EndBy::Policy, None);
        self.close(stack, &Hangup { reason, ..Hangup::default() }, end, Vec::new());
    }
}
