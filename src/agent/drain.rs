//! The end of the agent: what is new is refused, what there is ends.

use super::stack::Intake;
use super::{Agent, Now};

impl Agent {
    /// Refuse what is new, end what is unanswered and the registrations.
    pub fn handle_drain(&mut self, now: Now) {
        let Self { stack, calls, accounts, .. } = self;
        stack.fx.now = now;
        stack.intake = Intake::Draining;
        calls.each(stack, |call, stack| call.drain(stack));
        accounts.each(|account| account.drain(stack));
    }

    /// End every call and registration now: the drain's time is over.
    pub fn handle_drain_over(&mut self, now: Now) {
        let Self { stack, calls, accounts, .. } = self;
        stack.fx.now = now;
        calls.each(stack, |call, stack| call.drain_over(stack));
        accounts.each(|account| account.drain_over(stack));
    }

    /// Whether no call is left, also none whose BYE or CANCEL waits for its answer, and no registration.
    pub fn is_idle(&self) -> bool {
        self.calls.are_idle() && self.accounts.are_over()
    }
}
