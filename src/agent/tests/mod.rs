//! The core in virtual time.

mod accept;
mod auth;
mod cancel;
mod client_transactions;
mod close;
mod dialog;
mod events;
mod faults;
mod harness;
mod info;
mod late_offer;
mod limits;
mod matching;
mod modify;
mod phone;
mod random;
mod reconnect;
mod refuse;
mod registration;
mod responses;
mod ring;
mod screening;
mod transactions;

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
