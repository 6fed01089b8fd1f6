//! Whether a receiver is worth calling: one that fails again and again is only probed.

use std::time::{Duration, Instant};

use super::backoff::Backoff;

/// So many failures without a success between them open the circuit.
const FAILURES: u32 = 10;
/// When a receiver is probed again.
const PROBES: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

/// ```text
///            FAILURES          due              success
///  Closed ────────────► Open ───────► Probing ──────────► Closed
///                        ▲                │ failure
///                        └────────────────┘
/// ```
#[derive(Debug)]
pub(super) enum Circuit {
    /// It works, but for so many failures since the last success.
    Closed(u32),
    /// It is left alone until then, after so many probes.
    Open(Instant, u32),
    /// One delivery is on its way to find out.
    Probing(u32),
}

impl Circuit {
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    /// When the next probe may go.
    pub fn due(&self) -> Option<Instant> {
        match self {
            Self::Open(until, _) => Some(*until),
            Self::Closed(_) | Self::Probing(_) => None,
        }
    }

    /// A delivery begins; whether it may.
    pub fn admit(&mut self, now: Instant) -> bool {
        match *self {
            Self::Closed(_) => true,
            Self::Open(until, probes) if until <= now => {
                *self = Self::Probing(probes);
                true
            }
            Self::Open(..) | Self::Probing(_) => false,
        }
    }

    /// A delivery succeeded; whether that closes the circuit.
    pub fn succeed(&mut self) -> bool {
        let closes = !self.is_closed();
        *self = Self::Closed(0);
        closes
    }

    /// A delivery failed in a way that tells of the receiver; it asks to be left alone for at least so long.
    pub fn fail(&mut self, now: Instant, at_least: Duration, chance: u32) {
        let open = |probes| {
            let wait = PROBES.after(probes + 1, chance).max(at_least);
            Self::Open(now + wait, probes + 1)
        };
        match *self {
            Self::Closed(failures) if failures + 1 < FAILURES && at_least.is_zero() => {
                *self = Self::Closed(failures + 1);
            }
            Self::Closed(_) => *self = open(0),
            Self::Probing(probes) => *self = open(probes),
            // What was on its way when it opened.
            Self::Open(..) => {}
        }
    }

    /// Has the next probe go at once.
    pub fn hurry(&mut self, now: Instant) {
        if let Self::Open(until, _) = self {
            *until = now;
        }
    }
}
