//! The world of a random life, where the agent registers: the registrar, and what clients want of accounts.

use std::time::Duration;

use bytes::Bytes;

use super::{Happening, Life};
use crate::agent::command::{AccountAction, AccountCommand};
use crate::agent::event::{Direction, EventKind, RegistrationState};
use crate::agent::{Account, Event, Transmit};
use crate::sip::{Message, parse_datagram};

impl Life {
    pub fn has_accounts(&self) -> bool {
        !self.agent.stack.settings.accounts.is_empty()
    }

    /// Clients want each account registered and unregistered in turn, in so much time.
    pub fn wish_for_accounts(&mut self, times: u64, time: Duration) {
        let accounts = self.agent.stack.settings.accounts.len() as u64;
        for _ in 0..times * accounts {
            let action =
                if self.chance.percent(60) { AccountAction::Register } else { AccountAction::Unregister };
            let number = usize::try_from(self.chance.below(accounts)).expect("a place");
            let after = self.chance.up_to(time);
            self.wish_later(after, number, action);
        }
    }

    /// Every account is to be unregistered.
    pub fn unregister_everything(&mut self) {
        for number in 0..self.agent.stack.settings.accounts.len() {
            self.wish_later(Duration::ZERO, number, AccountAction::Unregister);
        }
    }

    fn wish_later(&mut self, after: Duration, number: usize, action: AccountAction) {
        let account = self.agent.stack.settings.accounts[number].id.to_string();
        self.later(after, Happening::Wishes(AccountCommand { account, action }));
    }

    /// What the registrar has for an account now.
    pub fn bound(&self, account: &Account) -> Vec<&str> {
        self.registrar.bound(&account.id, self.now.instant)
    }

    /// A REGISTER is at the registrar.
    pub(super) fn register(&mut self, bytes: Bytes) {
        let message = parse_datagram(bytes).expect("what we send can be read");
        let Message::Request(register) = message else { panic!("a REGISTER") };
        if let Some(response) = self.registrar.handle(&register, self.now.instant, &mut self.chance) {
            self.carry(0, Happening::Arrives, &response);
        }
    }

    /// Most are answered.
    pub(super) fn answer_keep_alive(&mut self, ping: &Transmit) {
        if ping.flow == Some(self.flow.id) && self.chance.percent(90) {
            self.later(Duration::from_millis(50), Happening::Pongs(self.flow.id));
        }
    }

    /// What clients are told of an account is what the registrar has.
    pub(super) fn check_account(&mut self, account: &Account) {
        self.registrations.insert(account.state);
        let bound = self.bound(account);
        match account.state {
            RegistrationState::Registered if account.contact.is_some() => {
                let contact = account.contact.as_deref().expect("a Contact");
                assert_eq!(bound, [contact], "seed {}: {account:?}", self.seed);
            }
            RegistrationState::Unregistered if account.failure.is_none() => {
                assert!(bound.is_empty(), "seed {}: {bound:?} are bound: {account:?}", self.seed);
            }
            _ => {}
        }
    }

    /// A call that comes by the connection of a registration carries its account.
    pub(super) fn check_account_of(&self, event: &Event) {
        let is_new = event.kind == EventKind::Offered && event.call.direction == Direction::Inbound;
        let registered = self.agent.accounts().find(|account| account.state == RegistrationState::Registered);
        if let Some(account) = registered.filter(|_| is_new) {
            assert_eq!(event.call.account.as_ref(), Some(&account.id), "seed {}", self.seed);
        }
    }
}
