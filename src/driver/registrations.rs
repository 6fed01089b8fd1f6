//! Registrations in the log, for operators: a change of state, one line. Retries are far apart, so that a registrar that is
//! away does not fill the log. An account is named by its id: its address of record is somebody's number, and what the
//! registrar says may be, too.

use tracing::field::display;
use tracing::{debug, info, warn};

use crate::agent::event::{RegistrationFailure, RegistrationState};
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
    let (id, peer) = (&account.id, account.peer.as_deref());
    let failure = account.failure.as_ref();
    let (status, why) = (failure.and_then(|failure| failure.sip_status), failure.and_then(own_words));
    match (account.state, failure) {
        (RegistrationState::Registered, _) => info!(account = %id, peer, "registered"),
        (RegistrationState::Failed, _) => {
            let next = account.next_attempt_at.map(display);
            warn!(account = %id, peer, status, why, next, "not registered");
        }
        (RegistrationState::Unregistered, Some(_)) => {
            warn!(account = %id, peer, status, why, "unregistered, but the registrar may not know it");
        }
        (RegistrationState::Unregistered, None) => info!(account = %id, peer, "unregistered"),
        (RegistrationState::Registering | RegistrationState::Unregistering, _) => {}
    }
    let detail = failure.map(|failure| failure.detail.as_str());
    debug!(account = %id, aor = %account.aor, registrar = %account.registrar, state = ?account.state, detail, "registration");
}

/// Why, unless that is what the registrar has said.
fn own_words(failure: &RegistrationFailure) -> Option<&str> {
    let detail = failure.detail.as_str();
    let is_answer = failure.sip_status.is_some_and(|status| detail.starts_with(&status.to_string()));
    Some(detail).filter(|_| !is_answer)
}
