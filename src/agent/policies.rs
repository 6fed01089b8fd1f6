//! What is done with calls without asking anybody, and with which status.

use std::time::Duration;

/// The policies; each is a setting.
#[derive(Clone, Debug)]
pub struct Policies {
    /// What `on_offer` rejects with.
    pub reject_status: u16,
    /// What a call is answered that nobody answers in time.
    pub ring_timeout_status: u16,
    /// How long an established call may last; zero: as long as both sides want.
    pub max_duration: Duration,
    /// What a new call is answered while nobody listens to what it would tell.
    pub no_listener_status: u16,
    /// Headers of an INVITE whose value only one call at a time may have.
    pub busy_headers: Vec<String>,
    /// What another such call is answered.
    pub busy_status: u16,
    /// What a call beyond `max_calls` is answered, with Retry-After.
    pub max_calls_status: u16,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            reject_status: 486,
            ring_timeout_status: 480,
            max_duration: Duration::ZERO,
            no_listener_status: 503,
            busy_headers: Vec::new(),
            busy_status: 486,
            max_calls_status: 503,
        }
    }
}
