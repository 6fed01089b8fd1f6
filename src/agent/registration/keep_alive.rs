//! Keep-alives on the connection of a registration (RFC 5626 §3.5.1, §4.4.1).
//!
//! ```text
//!           ping              pong in time          ping
//!  Untried ─────► Hoping ◄─┐ ─────────────► Trusting ────► Due ── no pong ──► the connection is dead
//!                   └─ping─┘                    ▲           │
//!                                               └── pong ───┘
//! ```
//! A peer that has never answered one may not know them; one that has, does.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::retry::part;
use crate::agent::alarms::{AccountAlarm, Alarm};
use crate::agent::network::{Flow, Transmit};
use crate::agent::settings::AccountNumber;
use crate::agent::stack::{Stack, is_reliable};

const PING: Bytes = Bytes::from_static(b"\r\n\r\n");
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// The shortest and the longest time between two.
const ON_STREAMS: (Duration, Duration) = (Duration::from_secs(95), Duration::from_secs(120));
const ON_DATAGRAMS: (Duration, Duration) = (Duration::from_secs(25), Duration::from_secs(30));

/// What is known of how the peer takes keep-alives.
#[derive(Debug)]
pub enum KeepAlive {
    /// None was sent.
    Untried,
    /// None was answered; the last was sent then.
    Hoping { sent_at: Instant },
    /// The last was answered.
    Trusting,
    /// The last is to be answered.
    Due,
}

impl KeepAlive {
    /// Begins on a new connection.
    pub fn begin(stack: &mut Stack, account: AccountNumber, flow: &Flow) -> Self {
        arm(stack, account, flow);
        Self::Untried
    }

    /// One is due.
    pub fn ping(&mut self, stack: &mut Stack, account: AccountNumber, flow: &Flow) {
        stack.fx.send(Transmit { flow: Some(flow.id), otherwise: None, receipt: None, bytes: PING });
        arm(stack, account, flow);
        match self {
            Self::Untried | Self::Hoping { .. } => *self = Self::Hoping { sent_at: stack.fx.now.instant },
            Self::Trusting => {
                *self = Self::Due;
                stack.fx.arm(Alarm::Account(account, AccountAlarm::Pong), ANSWER);
            }
            Self::Due => {}
        }
    }

    /// A line end came between two messages. Some peers send them with every message: only what comes soon after a
    /// keep-alive can be its answer.
    pub fn handle_pong(&mut self, stack: &mut Stack, account: AccountNumber) {
        match self {
            Self::Hoping { sent_at } => {
                if stack.fx.now.instant.saturating_duration_since(*sent_at) <= ANSWER {
                    *self = Self::Trusting;
                }
            }
            Self::Due => {
                stack.fx.disarm(Alarm::Account(account, AccountAlarm::Pong));
                *self = Self::Trusting;
            }
            Self::Untried | Self::Trusting => {}
        }
    }

    /// Ends with its connection.
    pub fn end(stack: &mut Stack, account: AccountNumber) {
        stack.fx.disarm(Alarm::Account(account, AccountAlarm::Ping));
        stack.fx.disarm(Alarm::Account(account, AccountAlarm::Pong));
    }
}

fn arm(stack: &mut Stack, account: AccountNumber, flow: &Flow) {
    let (shortest, longest) = if is_reliable(flow.transport) { ON_STREAMS } else { ON_DATAGRAMS };
    let after = shortest + part(&mut stack.ids, longest - shortest, 0);
    stack.fx.arm(Alarm::Account(account, AccountAlarm::Ping), after);
}
