//! What is wanted of a registration: by commands, by the settings at the start, by the end of the agent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::identity::Purpose;
use super::keep_alive::KeepAlive;
use super::{Phase, Registration};
use crate::agent::alarms::{AccountAlarm, Alarm};
use crate::agent::command::AccountAction;
use crate::agent::event::{Account, RegistrationFailure, RegistrationState};
use crate::agent::stack::{Intake, Stack};
use crate::agent::{Refusal, Ticket};

/// How many commands may wait; a further one is refused.
const MOST_WAITING: usize = 16;
/// How long a command waits: a registrar may have several addresses, and each of them 64·T1 to say nothing. HTTP waits no longer than
/// a slow body and this.
const PATIENCE: Duration = Duration::from_secs(40);

/// A command that waits until what it wants is so or has failed.
#[derive(Debug)]
pub(super) struct Waiting {
    ticket: Ticket,
    wanted: AccountAction,
    until: Instant,
}

impl Registration {
    /// A client asks for something; the answer goes out by the ticket when it is so, or has failed.
    pub fn handle_command(&mut self, stack: &mut Stack, action: AccountAction, ticket: Ticket) {
        if action == AccountAction::Register && stack.intake == Intake::Draining {
            return stack.fx.answer_account(ticket, Err(Refusal::Draining));
        }
        if self.waiting.len() >= MOST_WAITING {
            return stack.fx.answer_account(ticket, Err(Refusal::Overloaded));
        }
        let until = stack.fx.now.instant + PATIENCE;
        self.waiting.push(Waiting { ticket, wanted: action, until });
        self.arm_patience(stack);
        self.wish = action;
        self.pursue_wish(stack);
    }

    /// Commands have waited long enough; the registration goes on.
    pub(super) fn handle_patience(&mut self, stack: &mut Stack) {
        let now = stack.fx.now.instant;
        let mut account = Account::clone(&self.picture);
        // What it shows is of an earlier try.
        let detail = "no answer in time".to_owned();
        account.failure = Some(RegistrationFailure { sip_status: None, detail });
        let timeout = Refusal::RegistrationTimeout(account.into());
        self.answer_those(stack, &Err(timeout), |waiting| waiting.until <= now);
    }

    fn arm_patience(&self, stack: &mut Stack) {
        let alarm = Alarm::Account(self.identity.number, AccountAlarm::Patience);
        match self.waiting.first() {
            Some(first) => stack.fx.alarms.set(alarm, first.until),
            None => stack.fx.disarm(alarm),
        }
    }

    /// The agent shuts down.
    pub fn drain(&mut self, stack: &mut Stack) {
        self.wish = AccountAction::Unregister;
        self.pursue_wish(stack);
    }

    /// The time for that is over.
    pub fn drain_over(&mut self, stack: &mut Stack) {
        self.wish = AccountAction::Unregister;
        if let Phase::Registering(asking) | Phase::Refreshing(_, asking) | Phase::Unregistering(asking) =
            &mut self.phase
        {
            asking.forget(stack);
            let detail = "the agent has shut down before there was an answer".to_owned();
            self.end(stack, Some(RegistrationFailure { sip_status: None, detail }));
        } else {
            self.pursue_wish(stack);
        }
    }

    /// Sends the REGISTER that is wanted, unless one is under way whose outcome decides what comes next.
    pub(super) fn pursue_wish(&mut self, stack: &mut Stack) {
        match self.wish {
            AccountAction::Register => self.register(stack),
            AccountAction::Unregister => self.unregister(stack),
        }
    }

    /// This has been done or has failed. What came after it is done now; commands that it came after were overtaken, and are
    /// as good as done before it.
    pub(super) fn go_on(&mut self, stack: &mut Stack, done: AccountAction) {
        if self.wish != done {
            return self.pursue_wish(stack);
        }
        let overtaken = match done {
            AccountAction::Register => AccountAction::Unregister,
            AccountAction::Unregister => AccountAction::Register,
        };
        self.answer(stack, overtaken, &Ok(self.picture.clone()));
    }

    /// Registers, or refreshes.
    pub(super) fn register(&mut self, stack: &mut Stack) {
        let purpose = Purpose::Bind(self.expires);
        self.phase = match std::mem::replace(&mut self.phase, Phase::Unregistered) {
            Phase::Unregistered | Phase::Failed => {
                self.disarm(stack, &[AccountAlarm::Attempt]);
                let asking = self.begin(stack, purpose, None);
                self.show(stack, |account| {
                    account.state = RegistrationState::Registering;
                    account.next_attempt_at = None;
                });
                Phase::Registering(asking)
            }
            Phase::Registered(link) => {
                self.disarm(stack, &[AccountAlarm::Attempt]);
                let asking = self.begin(stack, purpose, Some(link.flow));
                Phase::Refreshing(link, asking)
            }
            under_way => under_way,
        };
    }

    /// Unbinds what is or may be bound.
    fn unregister(&mut self, stack: &mut Stack) {
        if let Phase::Registering(asking) | Phase::Refreshing(_, asking) = &mut self.phase {
            // No new one before the one under way has its final response (§10.2), if it has been sent.
            if asking.sent().is_some() {
                return;
            }
            asking.abandon(stack);
        }
        let flow = match &self.phase {
            Phase::Unregistering(_) => return,
            Phase::Registered(link) | Phase::Refreshing(link, _) => Some(link.flow),
            Phase::Unregistered | Phase::Registering(_) | Phase::Failed => None,
        };
        KeepAlive::end(stack, self.identity.number);
        self.disarm(stack, &[AccountAlarm::Attempt]);
        if self.contacts.is_empty() {
            return self.end(stack, None);
        }
        let asking = self.begin(stack, Purpose::Unbind, flow);
        self.phase = Phase::Unregistering(asking);
        self.unlink(stack);
        self.show(stack, |account| {
            account.state = RegistrationState::Unregistering;
            account.next_attempt_at = None;
        });
    }

    /// Answers the commands that wanted this.
    pub(super) fn answer(
        &mut self,
        stack: &mut Stack,
        wanted: AccountAction,
        answer: &Result<Arc<Account>, Refusal>,
    ) {
        self.answer_those(stack, answer, |waiting| waiting.wanted == wanted);
    }

    fn answer_those(
        &mut self,
        stack: &mut Stack,
        answer: &Result<Arc<Account>, Refusal>,
        which: impl Fn(&Waiting) -> bool,
    ) {
        for waiting in self.waiting.extract_if(.., |waiting| which(waiting)) {
            stack.fx.answer_account(waiting.ticket, answer.clone());
        }
        self.arm_patience(stack);
    }
}
