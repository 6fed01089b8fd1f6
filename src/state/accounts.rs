//! The accounts as they are.

use std::sync::Arc;

use super::{Board, EventId};
use crate::agent::Account;

/// The log played back, for accounts. They are few (the settings bound them) and never go.
#[derive(Debug, Default)]
pub(super) struct Accounts(Vec<Arc<Account>>);

impl Accounts {
    /// Shows an account as it is now, a new one behind the others.
    pub fn show(&mut self, account: Arc<Account>) {
        match self.0.iter_mut().find(|shown| shown.id == account.id) {
            Some(shown) => *shown = account,
            None => self.0.push(account),
        }
    }
}

/// The accounts and the place of their cut in the log.
#[derive(Clone, Debug)]
pub struct Listing {
    /// In the order of the settings.
    pub accounts: Vec<Arc<Account>>,
    /// The last event that this listing has seen.
    pub last_event_id: EventId,
}

impl Board {
    /// Shows the accounts as the agent begins with them, which is no event. To be called before there are readers.
    pub fn begin_with(&self, accounts: Vec<Arc<Account>>) {
        let mut shown = self.write();
        for account in accounts {
            shown.accounts.show(account);
        }
    }

    /// Every account.
    pub fn accounts(&self) -> Listing {
        let shown = self.read();
        Listing { accounts: shown.accounts.0.clone(), last_event_id: self.event_id(shown.log.last()) }
    }

    /// The account of that id.
    pub fn account(&self, id: &str) -> Option<Arc<Account>> {
        self.read().accounts.0.iter().find(|account| *account.id == *id).cloned()
    }
}
