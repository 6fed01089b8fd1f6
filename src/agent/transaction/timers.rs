//! The timers of RFC 3261 §17 (table 4) and RFC 6026, by their letters.

use std::time::Duration;

/// Estimate of the round-trip time.
pub const T1: Duration = Duration::from_millis(500);
/// The longest interval between repeats.
pub const T2: Duration = Duration::from_secs(4);
/// How long a message may stay in the network.
pub const T4: Duration = Duration::from_secs(5);
/// 64·T1: how long a transaction waits for the other side.
pub const WAIT: Duration = Duration::from_secs(32);

/// A transaction's timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// INVITE repeats, unreliable transports only.
    A,
    /// INVITE client gives up.
    B,
    /// INVITE final response repeats are acknowledged, unreliable transports only.
    D,
    /// Non-INVITE request repeats, unreliable transports only.
    E,
    /// Non-INVITE client gives up.
    F,
    /// INVITE final response repeats, unreliable transports only.
    G,
    /// INVITE server waits for the ACK.
    H,
    /// ACK repeats are absorbed.
    I,
    /// Non-INVITE request repeats are answered.
    J,
    /// Final response repeats are absorbed.
    K,
    /// INVITE repeats after a 2xx are absorbed (RFC 6026).
    L,
    /// 2xx repeats, and those of forks, are acknowledged (RFC 6026).
    M,
}

impl Timer {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::A,
        Self::B,
        Self::D,
        Self::E,
        Self::F,
        Self::G,
        Self::H,
        Self::I,
        Self::J,
        Self::K,
        Self::L,
        Self::M,
    ];
}

/// The next interval of a repeat that doubles up to T2 (timers E and G, and 2xx repeats).
pub fn doubled(interval: Duration) -> Duration {
    (interval * 2).min(T2)
}
