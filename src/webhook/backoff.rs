//! How long to wait before another try.

use std::time::Duration;

/// Waits that double from one to another, shortened by up to a half by chance, so that not all tries come in one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub first: Duration,
    pub longest: Duration,
}

impl Backoff {
    /// The wait after so many failures, at least one; `chance` is any number.
    pub fn after(self, failures: u32, chance: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(self.longest);
        doubled.mul_f64(0.5 + f64::from(chance) / f64::from(u32::MAX) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_shortened_by_chance() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };
        let waits = [1, 2, 3, 7, 100].map(|failures| backoff.after(failures, u32::MAX).as_secs());
        assert_eq!(waits, [1, 2, 4, 60, 60]);
        assert_eq!(backoff.after(1, 0), Duration::from_millis(500));
    }
}
