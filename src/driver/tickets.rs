//! Who waits for which answer.

use std::collections::HashMap;

use tokio::sync::oneshot;

use crate::agent::{Done, Refusal, Ticket};

/// How many commands may wait for the agent's answer; a further one is refused as [`Refusal::Overloaded`].
const BOUND: usize = 10_000;

type Answer = Result<Done, Refusal>;

/// The commands that have not been answered.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    last: u64,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
}

impl Tickets {
    /// A ticket for a new command; `None`, and the refusal sent, if too many wait already.
    pub(super) fn issue(&mut self, answer: oneshot::Sender<Answer>) -> Option<Ticket> {
        if self.waiting.len() >= BOUND {
            let _ = answer.send(Err(Refusal::Overloaded));
            return None;
        }
        self.last += 1;
        let ticket = Ticket(self.last);
        self.waiting.insert(ticket, answer);
        Some(ticket)
    }

    /// Gives the answer, if anybody still waits for it.
    pub(super) fn redeem(&mut self, ticket: Ticket, answer: Answer) {
        if let Some(waiting) = self.waiting.remove(&ticket) {
            let _ = waiting.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_over_the_bound_is_refused_and_the_next_after_an_answer_is_not() {
        let mut tickets = Tickets::default();
        let mut kept = Vec::new();
        let mut issue = |tickets: &mut Tickets| {
            let (answer, answered) = oneshot::channel();
            kept.push(answered);
            tickets.issue(answer)
        };
        let first = issue(&mut tickets).unwrap();
        for _ in 1..BOUND {
            assert!(issue(&mut tickets).is_some());
        }
        assert!(issue(&mut tickets).is_none());
        tickets.redeem(first, Err(Refusal::NotFound));
        assert!(issue(&mut tickets).is_some());
        let refused = kept.get_mut(BOUND).unwrap().try_recv().unwrap();
        assert!(matches!(refused, Err(Refusal::Overloaded)));
    }
}
