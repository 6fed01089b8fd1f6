//! The settings of policies.

use std::time::Duration;

use clap::Args;

use super::value;
use crate::agent::Policies;

// What is written on the fields is the text of `--help`.
#[derive(Debug, Default, Args)]
pub(super) struct PolicyLayer {
    /// What `--on-offer reject` answers [default: 486]
    #[arg(long, value_name = "STATUS", value_parser = value::status)]
    reject_status: Option<u16>,

    /// What a call is answered that nobody answers within --ring-timeout [default: 480]
    #[arg(long, value_name = "STATUS", value_parser = value::status)]
    ring_timeout_status: Option<u16>,

    /// How long an established call may last; 0: as long as both sides want [default: 0]
    #[arg(long, value_name = "SECONDS", value_parser = value::seconds)]
    max_call_seconds: Option<Duration>,

    /// Refuse new calls when nobody has followed `/v1/events` for so long; 0: never [default: 0]
    #[arg(long, value_name = "SECONDS", value_parser = value::seconds)]
    no_listener_seconds: Option<Duration>,

    /// What they are answered then [default: 503]
    #[arg(long, value_name = "STATUS", value_parser = value::status)]
    no_listener_status: Option<u16>,

    /// A header whose value only one call at a time may have; a list
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = value::header_name)]
    busy_header: Option<Vec<String>>,

    /// What another call with that value is answered [default: 486]
    #[arg(long, value_name = "STATUS", value_parser = value::status)]
    busy_status: Option<u16>,

    /// What a call beyond --max-calls is answered, with Retry-After [default: 503]
    #[arg(long, value_name = "STATUS", value_parser = value::status)]
    max_calls_status: Option<u16>,
}

impl PolicyLayer {
    /// What this source does not give, by the next one.
    pub(super) fn or(self, lower: Self) -> Self {
        Self {
            reject_status: self.reject_status.or(lower.reject_status),
            ring_timeout_status: self.ring_timeout_status.or(lower.ring_timeout_status),
            max_call_seconds: self.max_call_seconds.or(lower.max_call_seconds),
            no_listener_seconds: self.no_listener_seconds.or(lower.no_listener_seconds),
            no_listener_status: self.no_listener_status.or(lower.no_listener_status),
            busy_header: self.busy_header.or(lower.busy_header),
            busy_status: self.busy_status.or(lower.busy_status),
            max_calls_status: self.max_calls_status.or(lower.max_calls_status),
        }
    }

    /// How long nobody may listen before new calls are refused; `None`: for ever.
    pub(super) fn no_listener_after(&self) -> Option<Duration> {
        self.no_listener_seconds.filter(|after| !after.is_zero())
    }

    /// The core's part, complete.
    pub(super) fn complete(self) -> Policies {
        let default = Policies::default();
        Policies {
            reject_status: self.reject_status.unwrap_or(default.reject_status),
            ring_timeout_status: self.ring_timeout_status.unwrap_or(default.ring_timeout_status),
            max_duration: self.max_call_seconds.unwrap_or(default.max_duration),
            no_listener_status: self.no_listener_status.unwrap_or(default.no_listener_status),
            busy_headers: self.busy_header.unwrap_or(default.busy_headers),
            busy_status: self.busy_status.unwrap_or(default.busy_status),
            max_calls_status: self.max_calls_status.unwrap_or(default.max_calls_status),
        }
    }
}
