//! Black box: the agent as a process of its own, over real sockets; and the rules that hold for its source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also outside the functions that clippy knows as tests"
)]

mod agent;
mod bad_input;
mod calls;
mod dialog;
mod drain;
mod faults;
mod flows;
mod house;
mod peer;
mod race;
mod sipp;
mod torture;
