//! Who waits for which answer.

use std::collections::HashMap;

use tokio::sync::oneshot;

use crate::agent::{CallCommand, Command, Done, Refusal, Ticket, Timestamp};
use crate::timeline::{Asked, Timelines};

/// How many commands may wait for the agent's answer; a further one is refused as [`Refusal::Overloaded`].
const BOUND: usize = 10_000;

type Answer = Result<Done, Refusal>;

/// Who waits, and what for.
#[derive(Debug)]
struct Waiting {
    answer: oneshot::Sender<Answer>,
    /// If it is to a call.
    asked: Option<Asked>,
}

/// The commands that have not been answered.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    last: u64,
    waiting: HashMap<Ticket, Waiting>,
    timelines: Timelines,
}

impl Tickets {
    /// None yet; answers become part of timelines.
    pub(super) fn new(timelines: Timelines) -> Self {
        Self { timelines, ..Self::default() }
    }

    /// A ticket for a new command; `None`, and the refusal sent, if too many wait already.
    pub(super) fn issue(
        &mut self,
        now: Timestamp,
        command: &Command,
        answer: oneshot::Sender<Answer>,
    ) -> Option<Ticket> {
        if self.waiting.len() >= BOUND {
            let _ = answer.send(Err(Refusal::Overloaded));
            return None;
        }
        self.last += 1;
        let ticket = Ticket(self.last);
        let asked = if self.timelines.is_on() { asked(now, command) } else { None };
        self.waiting.insert(ticket, Waiting { answer, asked });
        Some(ticket)
    }

    /// Gives the answer, if anybody still waits for it.
    pub(super) fn redeem(&mut self, ticket: Ticket, answer: Answer) {
        let Some(Waiting { answer: waiting, asked }) = self.waiting.remove(&ticket) else { return };
        if let Some(asked) = asked {
            let made = answer.as_ref().ok().and_then(|done| done.clone().call());
            if let Some(call) = asked.call.or(made.map(|call| call.id)) {
                self.timelines.answered(call, asked, answer.as_ref().err().map(told));
            }
        }
        let _ = waiting.send(answer);
    }
}

/// A command to a call, as timelines have it.
fn asked(at: Timestamp, command: &Command) -> Option<Asked> {
    match command {
        Command::Call(CallCommand { call, by, action, .. }) => {
            let by = by.as_ref().map(|by| by.owner.clone());
            Some(Asked { call: Some(*call), what: action.name(), by, at })
        }
        Command::Originate(_) => Some(Asked { call: None, what: "create", by: None, at }),
        Command::Account(_) => None,
    }
}

/// A refusal as the call's timeline has it. The agent forgets a call when it ends: one that there was, and that the agent no longer
/// knows, has ended.
fn told(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotFound => "the call has ended".to_owned(),
        refusal => refusal.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::agent::Action;
    use crate::agent::command::{AccountAction, AccountCommand, Labels};
    use crate::state::tests::offered;
    use crate::timeline::Settings;

    #[test]
    fn a_command_over_the_bound_is_refused_and_the_next_after_an_answer_is_not() {
        let mut tickets = Tickets::default();
        let mut kept = Vec::new();
        let command =
            Command::Account(AccountCommand { account: String::new(), action: AccountAction::Register });
        let mut issue = |tickets: &mut Tickets| {
            let (answer, answered) = oneshot::channel();
            kept.push(answered);
            tickets.issue(Timestamp(0), &command, answer)
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

    #[test]
    fn a_command_to_a_call_that_the_agent_has_forgotten_is_refused_in_its_timeline_because_it_has_ended() {
        let kept = Settings { bytes: 1 << 20, ended_age: Duration::from_secs(3600) };
        let timelines = Timelines::new(kept, || Timestamp(0));
        let event = offered(1);
        timelines.told(&event);
        let mut tickets = Tickets::new(timelines.clone());
        let action = Action::Label(Labels::default());
        let command = CallCommand { call: event.call.id, if_version: None, by: None, action };
        let (answer, mut answered) = oneshot::channel();
        let ticket = tickets.issue(Timestamp(0), &Command::Call(command), answer).unwrap();
        tickets.redeem(ticket, Err(Refusal::NotFound));
        assert!(
            matches!(answered.try_recv(), Ok(Err(Refusal::NotFound))),
            "HTTP knows whether there was one"
        );
        let story = serde_json::to_value(timelines.story(event.call, &[])).unwrap();
        assert_eq!(story["entries"][0]["refusal"], "the call has ended");
    }
}
