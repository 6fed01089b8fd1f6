//! Receivers that fail and recover.

mod answers;
mod backlog;
mod bounds;
mod dead;
mod deliveries;
mod harness;
mod receiver;
mod restart;
