//! The core in virtual time.

mod accept;
mod cancel;
mod client_transactions;
mod close;
mod dialog;
mod harness;
mod limits;
mod matching;
mod phone;
mod random;
mod refuse;
mod responses;
mod ring;
mod screening;
mod transactions;
