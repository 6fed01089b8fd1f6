//! The luck of a life, and what a network does with it.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::sip::Transport;

/// Where a life's luck comes from.
pub struct Chance(ChaCha8Rng);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound
    }

    pub fn up_to(&mut self, longest: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(longest.as_micros()).expect("a short time")))
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What a network does to messages, in percent.
#[derive(Clone, Copy)]
pub struct Network {
    pub transport: Transport,
    pub lost: u64,
    pub repeated: u64,
    /// Of all messages: the connection breaks instead of carrying it.
    pub cut: u64,
    pub keeps_order: bool,
}

impl Network {
    pub fn unreliable() -> Self {
        Self { transport: Transport::Udp, lost: 15, repeated: 10, cut: 0, keeps_order: false }
    }

    /// Messages take their time, and nothing else happens to them.
    pub fn perfect() -> Self {
        Self { transport: Transport::Tcp, lost: 0, repeated: 0, cut: 0, keeps_order: true }
    }

    /// Nothing happens to messages in it.
    pub fn is_perfect(&self) -> bool {
        self.lost + self.repeated + self.cut == 0
    }

    pub fn stream() -> Self {
        Self { transport: Transport::Tcp, lost: 0, repeated: 0, cut: 3, keeps_order: true }
    }
}
