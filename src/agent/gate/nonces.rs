//! Nonces of ours: known again without being remembered, and each count of one taken once (RFC 7616 §3.3, §3.4, §5.5).
//!
//! A nonce is its number, its age when it was made (that of the agent, in milliseconds) and what only we can have made of the
//! two. What has been answered with it is remembered from its first right answer on; whoever has no password cannot make us
//! remember anything.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a nonce is good for.
pub const LIFE: Duration = Duration::from_secs(300);

/// How many nonces that have been answered are remembered. Beyond it the oldest is forgotten, and with it all that are as old:
/// they are stale.
const MOST: usize = 10_000;

/// How many counts behind the highest may still come: requests overtake each other.
const WINDOW: u32 = u64::BITS;

/// Hexadecimal digits of the number and of the age, and of what proves them.
const PART: usize = 16;
const PROOF: usize = 32;

/// The nonces.
#[derive(Debug)]
pub struct Nonces {
    key: [u8; 32],
    start: Instant,
    last: u64,
    answered: BTreeMap<u64, Counts>,
    /// The newest of those that are forgotten.
    forgotten: u64,
}

/// Which counts of a nonce have come.
#[derive(Debug)]
struct Counts {
    highest: u32,
    /// The highest is the lowest bit.
    window: u64,
}

impl Nonces {
    /// None yet. Whoever knows the key can make nonces.
    pub fn new(key: [u8; 32], start: Instant) -> Self {
        Self { key, start, last: 0, answered: BTreeMap::new(), forgotten: 0 }
    }

    /// A new one.
    pub fn issue(&mut self, now: Instant) -> String {
        self.last += 1;
        let age = u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX);
        let said = format!("{:016x}{age:016x}", self.last);
        let proof = self.proof(&said);
        said + proof.get(..PROOF).unwrap_or_default()
    }

    /// Takes a right answer with a nonce; whether the nonce was good for it: ours, young, and never before answered with that
    /// count.
    pub fn take(&mut self, now: Instant, nonce: &[u8], count: u32) -> bool {
        let Some((number, made)) = self.read(nonce) else { return false };
        let since =
            |made| now.saturating_duration_since(self.start).saturating_sub(Duration::from_millis(made));
        if since(made) >= LIFE || number <= self.forgotten {
            return false;
        }
        self.answered.entry(number).or_insert(Counts { highest: 0, window: 0 }).take(count) && {
            self.make_room();
            number > self.forgotten
        }
    }

    /// The number of a nonce and the age it was made at, if we have made it.
    fn read(&self, nonce: &[u8]) -> Option<(u64, u64)> {
        let text = std::str::from_utf8(nonce).ok().filter(|text| text.is_ascii())?;
        let (said, proof) = text.split_at_checked(2 * PART)?;
        let expected = self.proof(said);
        let expected = expected.get(..PROOF).unwrap_or_default().as_bytes();
        let differs = |(one, other): (&u8, &u8)| one ^ other;
        let is_ours = proof.len() == PROOF
            && expected.iter().zip(proof.as_bytes()).map(differs).fold(0, |all, one| all | one) == 0;
        let (number, made) = said.split_at_checked(PART).filter(|_| is_ours)?;
        Some((u64::from_str_radix(number, 16).ok()?, u64::from_str_radix(made, 16).ok()?))
    }

    fn proof(&self, said: &str) -> String {
        // A key of any length is one for HMAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return String::new() };
        mac.update(said.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn make_room(&mut self) {
        while self.answered.len() > MOST
            && let Some((oldest, _)) = self.answered.pop_first()
        {
            self.forgotten = self.forgotten.max(oldest);
        }
    }
}

impl Counts {
    /// Takes a count; whether it has not come before.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.window = self.window.checked_shl(ahead).unwrap_or_default() | 1;
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        if count == 0 || behind >= WINDOW || self.window >> behind & 1 == 1 {
            return false;
        }
        self.window |= 1 << behind;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces() -> (Nonces, Instant) {
        let start = Instant::now();
        (Nonces::new([7; 32], start), start)
    }

    #[test]
    fn a_nonce_is_good_for_some_minutes_and_each_count_once() {
        let (mut nonces, start) = nonces();
        let nonce = nonces.issue(start);
        for (count, is_good) in
            [(1, true), (1, false), (3, true), (2, true), (2, false), (0, false), (200, true)]
        {
            assert_eq!(nonces.take(start, nonce.as_bytes(), count), is_good, "{count}");
        }
        assert!(!nonces.take(start, nonce.as_bytes(), 136), "too far behind");
        assert!(nonces.take(start, nonce.as_bytes(), 137));
        let late = nonces.issue(start + Duration::from_secs(10));
        assert!(nonces.take(start + LIFE - Duration::from_millis(1), nonce.as_bytes(), 201));
        assert!(!nonces.take(start + LIFE, nonce.as_bytes(), 202));
        assert!(nonces.take(start + LIFE, late.as_bytes(), 1));
    }

    #[test]
    fn a_nonce_that_we_have_not_made_is_no_good() {
        let (mut nonces, start) = nonces();
        let nonce = nonces.issue(start);
        let other = Nonces::new([8; 32], start).issue(start);
        let mut changed = nonce.clone().into_bytes();
        changed[15] ^= 2;
        for bad in
            [other.as_bytes(), &changed, b"", b"abc", &nonce.as_bytes()[1..], "ä".repeat(32).as_bytes()]
        {
            assert!(!nonces.take(start, bad, 1));
        }
        assert!(nonces.answered.is_empty(), "nothing is remembered of them");
        assert_ne!(nonces.issue(start), nonce, "no two are the same");
    }

    #[test]
    fn of_nonces_that_were_answered_only_so_many_are_remembered_and_older_ones_are_stale() {
        let (mut nonces, start) = nonces();
        let first = nonces.issue(start);
        let unused = nonces.issue(start);
        assert!(nonces.take(start, first.as_bytes(), 1));
        for _ in 0..=MOST {
            let nonce = nonces.issue(start);
            assert!(nonces.take(start, nonce.as_bytes(), 1));
        }
        assert_eq!(nonces.answered.len(), MOST);
        assert!(!nonces.take(start, first.as_bytes(), 1), "what was forgotten is not taken again");
        assert!(!nonces.take(start, unused.as_bytes(), 1), "nor what is as old");
    }
}
