//! The core in virtual time.

mod accept;
mod auth;
mod callee;
mod cancel;
mod certified;
mod claims;
mod client_invite;
mod client_transactions;
mod clocks;
mod close;
mod connect;
mod dialog;
mod drains;
mod early;
mod events;
mod failover;
mod faults;
mod forks;
mod gate;
mod give_up;
mod harness;
mod info;
mod large;
mod late_offer;
mod limits;
mod matching;
mod modify;
mod orders;
mod our_dialogs;
mod phone;
mod policies;
mod random;
mod reconnect;
mod recovery;
mod refuse;
mod registration;
mod responses;
mod ring;
mod screening;
mod tally;
mod transactions;

use super::Agent;

/// What there is of an agent; nothing, when every life is over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    pub calls: usize,
    pub dialogs: usize,
    pub transactions: usize,
    pub names: usize,
    pub alarms: usize,
    pub awaited: usize,
    pub reaching: usize,
}

impl Agent {
    /// How much of everything is there.
    pub(super) fn leftovers(&self) -> Leftovers {
        let (transactions, names) = self.stack.transactions.len();
        Leftovers {
            calls: self.calls.len(),
            dialogs: self.calls.dialogs() + self.calls.busy(),
            transactions,
            names,
            alarms: self.stack.fx.alarms.len(),
            awaited: self.stack.fx.waiting(),
            reaching: self.stack.reaching.len(),
        }
    }
}
