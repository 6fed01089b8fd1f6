//! Black box: the agent as a process of its own, over real sockets; and the rules that hold for its source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, also outside the functions that clippy knows as tests"
)]

mod accounts;
mod agent;
mod authority;
mod bad_input;
mod baresip;
mod built_in_caller;
mod caller;
mod calls;
mod client;
mod contract;
mod contract_accounts;
mod contract_letters;
mod contract_tests;
mod contract_webhooks;
mod diagnostics;
mod dialog;
mod dns;
mod drain;
mod exhausted;
mod extension;
mod faults;
mod flows;
mod gate;
mod house;
mod http_access;
mod http_calls;
mod http_commands;
mod http_keys;
mod http_requests;
mod https;
mod injection;
mod kamailio;
mod log;
mod metrics;
mod peer;
mod peers;
mod phones;
mod program;
mod race;
mod receiver;
mod registrar;
mod restart;
mod scratch;
mod secrets;
mod settings;
mod sipp;
mod sipp_udp;
mod soak;
mod sse_gaps;
mod sse_readers;
mod sse_streams;
mod timeline;
mod tls;
mod torture;
mod traces;
mod udp;
mod webhooks;
mod wire;
