//! What comes of our own requests finds the request: the INVITE, the UPDATE, what clients have to say, the BYE, or a BYE to a fork.

use super::{Call, Phase};
use crate::agent::stack::Stack;
use crate::agent::transaction::{Outcome, TransactionId};
use crate::agent::{ReachId, Reached, Unreachable};

impl Call {
    /// A way for a request of ours was found, or there is none.
    pub fn handle_reached(&mut self, stack: &mut Stack, id: ReachId, reached: Result<Reached, Unreachable>) {
        if let Some(place) = self.forks.waiting_for(id) {
            return self
                .part(stack, place, |bye, stack, means| bye.handle_reached(stack, id, reached, means));
        }
        let why = reached.as_ref().err().map(ToString::to_string);
        match &self.phase {
            Phase::Dialing(_) => self.pursue_invite(stack, why, |invite, stack, means| {
                invite.handle_reached(stack, id, reached, means)
            }),
            Phase::Established(established) if established.writes(|letter| letter.waits_for(id)) => self
                .pursue_letter(stack, |letter, stack, means| {
                    letter.handle_reached(stack, id, reached, means)
                }),
            Phase::Established(_) => self.pursue_refresh(stack, |update, stack, means| {
                update.handle_reached(stack, id, reached, means)
            }),
            _ => self.pursue_bye(stack, |bye, stack, means| bye.handle_reached(stack, id, reached, means)),
        }
    }

    /// A transaction of a request of ours has something to say.
    pub fn handle_outcome(&mut self, stack: &mut Stack, id: TransactionId, outcome: Outcome<'_>) {
        if self.hear_of_fork(stack, id, outcome) {
            return;
        }
        match &self.phase {
            Phase::Dialing(_) => self.pursue_invite(stack, None, |invite, stack, means| {
                invite.handle_outcome(stack, id, outcome, means)
            }),
            Phase::Established(established) if established.writes(|letter| letter.runs_in(id)) => self
                .pursue_letter(stack, |letter, stack, means| {
                    letter.handle_outcome(stack, id, outcome, means)
                }),
            Phase::Established(_) => self.pursue_refresh(stack, |update, stack, means| {
                update.handle_outcome(stack, id, outcome, means)
            }),
            _ => self.pursue_bye(stack, |bye, stack, means| bye.handle_outcome(stack, id, outcome, means)),
        }
    }
}
