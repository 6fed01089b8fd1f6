//! Registrations in the log, for operators: a change of state, one line. Retries are far apart, so that a registrar that is
//! away does not fill the log.

use tracing::field::display;
use tracing::{info, warn};

use crate::agent::event::RegistrationState;
use crate::agent::{Account, News};
use crate::state::Board;

/// Says what is new against the board, which is yet to be told.
pub(super) fn say<'a>(news: impl Iterator<Item = &'a News>, board: &Board) {
    for news in news {
        if let News::Account(event) = news {
            let before = board.account(&event.account.id).map(|account| account.state);
            if before != Some(event.account.state) {
                say_change(&event.account);
            }
        }
    }
}

fn say_change(account: &Account) {
    let (id, aor, registrar) = (&account.id, &account.aor, &account.registrar);
    let failure = account.failure.as_ref().map(|failure| failure.detail.as_str());
    match (account.state, failure) {
        (RegistrationState::Registered, _) => info!(account = %id, %aor, %registrar, "registered"),
        (RegistrationState::Failed, failure) => {
            let (why, next) = (failure.unwrap_or_default(), account.next_attempt_at.map(display));
            warn!(account = %id, %aor, %registrar, why, next, "not registered");
        }
        (RegistrationState::Unregistered, Some(why)) => {
            warn!(account = %id, %aor, %registrar, why, "unregistered, but the registrar may not know it");
        }
        (RegistrationState::Unregistered, None) => info!(account = %id, %aor, %registrar, "unregistered"),
        (RegistrationState::Registering | RegistrationState::Unregistering, _) => {}
    }
}
