//! How a command is answered that was done.

use std::sync::Arc;

use super::{Account, Call};

/// What a good answer to a command is about.
#[derive(Clone, Debug)]
pub enum Done {
    /// The call.
    Call(Arc<Call>),
    /// The call, and with which status its peer has answered what was sent to it.
    Heard(Arc<Call>, u16),
    /// The account.
    Account(Arc<Account>),
}

impl Done {
    /// The call, if it is about one.
    pub fn call(self) -> Option<Arc<Call>> {
        match self {
            Self::Call(call) | Self::Heard(call, _) => Some(call),
            Self::Account(_) => None,
        }
    }

    /// The call and the peer's status, if the peer has answered.
    pub fn heard(self) -> Option<(Arc<Call>, u16)> {
        match self {
            Self::Heard(call, status) => Some((call, status)),
            Self::Call(_) | Self::Account(_) => None,
        }
    }

    /// The account, if it is about one.
    pub fn account(self) -> Option<Arc<Account>> {
        match self {
            Self::Account(account) => Some(account),
            Self::Call(_) | Self::Heard(..) => None,
        }
    }
}
