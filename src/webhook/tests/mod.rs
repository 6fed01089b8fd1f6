//! Receivers that fail and recover.

mod backlog;
mod deliveries;
mod receiver;
