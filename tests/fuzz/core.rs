//! The pure core of call-agent, by itself: no arrow leads out of these two rooms.

#![forbid(unsafe_code)]

#[path = "../../src/agent/mod.rs"]
pub mod agent;
#[path = "../../src/sip/mod.rs"]
pub mod sip;
