//! The accounts, by number and by id.

use std::sync::Arc;

use super::command::AccountCommand;
use super::event::Account;
use super::registration::Registration;
use super::stack::Stack;
use super::{AccountNumber, Agent, FlowId, Now, Refusal, Ticket};

/// The registrations, in the order of [`Settings::accounts`](super::Settings::accounts), which bounds their number.
#[derive(Debug)]
pub struct Accounts {
    all: Vec<Registration>,
}

impl Accounts {
    /// The settings' accounts; each is registered at once.
    pub fn new(stack: &mut Stack) -> Self {
        let settings = stack.settings.accounts.clone();
        let numbered = settings.into_iter().enumerate();
        let all = numbered.map(|(number, account)| Registration::new(stack, AccountNumber(number), account));
        Self { all: all.collect() }
    }

    /// Lets a registration act.
    pub fn with(&mut self, AccountNumber(number): AccountNumber, act: impl FnOnce(&mut Registration)) {
        if let Some(registration) = self.all.get_mut(number) {
            act(registration);
        }
    }

    /// Lets every registration act.
    pub fn each(&mut self, act: impl FnMut(&mut Registration)) {
        self.all.iter_mut().for_each(act);
    }

    /// Whether none is registered and no REGISTER is under way or due.
    pub fn are_over(&self) -> bool {
        self.all.iter().all(Registration::is_over)
    }

    /// A client asks for something.
    pub fn handle_command(&mut self, stack: &mut Stack, command: &AccountCommand, ticket: Ticket) {
        let named = |registration: &&mut Registration| registration.picture().id == command.account;
        match self.all.iter_mut().find(named) {
            Some(registration) => registration.handle_command(stack, command.action, ticket),
            None => stack.fx.answer_account(ticket, Err(Refusal::AccountNotFound)),
        }
    }
}

impl Agent {
    /// The accounts as they are now, in the settings' order.
    pub fn accounts(&self) -> impl Iterator<Item = Arc<Account>> {
        self.accounts.all.iter().map(|registration| registration.picture().clone())
    }

    /// A keep-alive was answered on a connection (RFC 5626 §3.5.1).
    pub fn handle_pong(&mut self, now: Now, flow: FlowId) {
        let Self { stack, accounts, .. } = self;
        stack.fx.now = now;
        accounts.each(|registration| registration.handle_pong(stack, flow));
    }
}
