//! The core in virtual time.

mod cancel;
mod client_transactions;
mod harness;
mod limits;
mod matching;
mod phone;
mod responses;
mod screening;
mod transactions;
