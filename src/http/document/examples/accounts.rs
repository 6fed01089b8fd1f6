//! Accounts in several states.

use std::sync::Arc;

use super::after;
use crate::agent::event::{Account, RegistrationFailure, RegistrationState};
use crate::http::accounts::AccountList;
use crate::state::EventId;

/// An account that is registered.
pub fn registered() -> Account {
    Account {
        id: "1000".into(),
        aor: "sip:1000@pbx.example.com".into(),
        registrar: "sip:pbx.example.com;transport=tcp".into(),
        outbound_proxy: None,
        state: RegistrationState::Registered,
        contact: Some("sip:1000@10.0.0.2:40312;transport=tcp".into()),
        transport: Some("tcp"),
        peer: Some("10.0.0.1:5060".into()),
        registered_at: Some(after(-60)),
        expires_at: Some(after(240)),
        next_attempt_at: Some(after(200)),
        failure: None,
    }
}

/// An account that a client has unregistered.
fn unregistered() -> Account {
    Account {
        state: RegistrationState::Unregistered,
        contact: None,
        expires_at: None,
        next_attempt_at: None,
        ..registered()
    }
}

/// An account whose registration was refused.
pub fn failed() -> Account {
    Account {
        state: RegistrationState::Failed,
        registered_at: None,
        next_attempt_at: Some(after(30)),
        failure: Some(RegistrationFailure { sip_status: Some(403), detail: "403 Forbidden".to_owned() }),
        ..unregistered()
    }
}

/// Accounts in several states, by name.
pub fn accounts() -> [(&'static str, &'static str, Account); 3] {
    [
        ("account-registered", "registered", registered()),
        ("account-unregistered", "unregistered", unregistered()),
        ("account-failed", "failed", failed()),
    ]
}

/// A list of one account.
pub fn account_list() -> AccountList {
    let last_event_id = EventId { epoch: "7f3a".into(), sequence: 184_223 };
    AccountList { accounts: vec![Arc::new(registered())], last_event_id }
}
