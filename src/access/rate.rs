//! How often somebody may ask: so many requests at once, and so many a second after that (a token bucket, kept as the one
//! time at which it is full again: GCRA).

use std::collections::HashMap;
use std::hash::Hash;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many are counted apart. Those beyond are counted together, as one, until others have been quiet.
const MOST: usize = 10_000;

/// How long after a look for those who have been quiet the next may be.
const LOOK: Duration = Duration::from_secs(1);

/// So many requests a second, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// A second; not 0.
    per_second: u32,
    /// At once; not 0.
    burst: u32,
}

/// Not the text of a rate.
#[derive(Debug, thiserror::Error)]
#[error("a number of requests a second, or RATE:BURST, as in 50:200")]
pub struct BadRate;

impl Rate {
    /// `None` if either is 0.
    pub const fn new(per_second: u32, burst: u32) -> Option<Self> {
        if per_second == 0 || burst == 0 { None } else { Some(Self { per_second, burst }) }
    }

    fn step(self) -> Duration {
        Duration::from_secs(1) / self.per_second
    }
}

/// A rate that may be none at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaybeRate(pub Option<Rate>);

/// `RATE`, with a burst of twice that, or `RATE:BURST`; 0 is none.
impl FromStr for MaybeRate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let number = |text: &str| text.parse::<u32>().map_err(|_| BadRate);
        match text.split_once(':') {
            Some((rate, burst)) => {
                Rate::new(number(rate)?, number(burst)?).map(Some).map(Self).ok_or(BadRate)
            }
            None => number(text).map(|rate| Self(Rate::new(rate, rate.saturating_mul(2)))),
        }
    }
}

/// Who has asked how often.
#[derive(Debug)]
pub struct Rates<K> {
    rate: Option<Rate>,
    counted: Mutex<Counted<K>>,
}

#[derive(Debug)]
struct Counted<K> {
    /// When each may ask as much at once as ever.
    full_at: HashMap<K, Instant>,
    /// The same for those who found no place.
    others: Option<Instant>,
    looked: Option<Instant>,
}

impl<K: Eq + Hash> Rates<K> {
    /// Without a rate everybody may ask as often as he likes.
    pub fn new(rate: Option<Rate>) -> Self {
        Self { rate, counted: Mutex::new(Counted { full_at: HashMap::new(), others: None, looked: None }) }
    }

    /// Counts a request; one too many is not counted, and says how long to wait.
    pub fn take(&self, who: K, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = counted.of(&who).unwrap_or(now).max(now);
        wait(rate, full_at, now)?;
        counted.set(who, full_at + rate.step(), now);
        Ok(())
    }

    /// Whether a further one would be one too many; counts nothing.
    pub fn check(&self, who: &K, now: Instant) -> Result<(), Duration> {
        let Some(rate) = self.rate else { return Ok(()) };
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        wait(rate, counted.of(who).unwrap_or(now), now)
    }
}

fn wait(rate: Rate, full_at: Instant, now: Instant) -> Result<(), Duration> {
    let used = full_at.saturating_duration_since(now);
    match used.checked_sub(rate.step() * (rate.burst - 1)) {
        Some(wait) if !wait.is_zero() => Err(wait),
        _ => Ok(()),
    }
}

impl<K: Eq + Hash> Counted<K> {
    fn is_full(&self) -> bool {
        self.full_at.len() >= MOST
    }

    fn of(&self, who: &K) -> Option<Instant> {
        self.full_at.get(who).copied().or(self.others.filter(|_| self.is_full()))
    }

    fn set(&mut self, who: K, full_at: Instant, now: Instant) {
        let is_due = self.looked.is_none_or(|looked| now.saturating_duration_since(looked) >= LOOK);
        if self.is_full() && is_due {
            self.looked = Some(now);
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        if self.is_full() && !self.full_at.contains_key(&who) {
            self.others = Some(full_at);
        } else {
            self.full_at.insert(who, full_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(per_second: u32, burst: u32) -> Rates<usize> {
        Rates::new(Some(Rate::new(per_second, burst).unwrap()))
    }

    fn taken(rates: &Rates<usize>, who: usize, now: Instant) -> usize {
        (0..1000).take_while(|_| rates.take(who, now).is_ok()).count()
    }

    #[test]
    fn a_burst_passes_at_once_and_then_the_rate() {
        let (rates, start) = (rates(10, 5), Instant::now());
        assert_eq!(taken(&rates, 1, start), 5);
        assert_eq!(rates.take(1, start), Err(Duration::from_millis(100)));
        assert_eq!(rates.check(&1, start), Err(Duration::from_millis(100)));
        assert_eq!(rates.check(&2, start), Ok(()), "another is counted apart");
        let later = start + Duration::from_millis(100);
        assert_eq!(rates.check(&1, later), Ok(()));
        assert_eq!(taken(&rates, 1, later), 1);
        assert_eq!(taken(&rates, 1, start + Duration::from_secs(60)), 5);
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let rates = Rates::new(None);
        assert_eq!(taken(&rates, 1, Instant::now()), 1000);
    }

    #[test]
    fn those_beyond_the_bound_are_counted_together_until_others_were_quiet() {
        let (rates, start) = (rates(1, 2), Instant::now());
        (0..MOST).for_each(|who| rates.take(who, start).unwrap());
        assert_eq!(taken(&rates, MOST, start), 2);
        assert_eq!(taken(&rates, MOST + 1, start), 0, "they share what one has");
        assert_eq!(taken(&rates, 0, start), 1, "who has a place keeps it");
        assert_eq!(rates.counted.lock().unwrap().full_at.len(), MOST);
        let later = start + Duration::from_secs(5);
        assert_eq!(taken(&rates, MOST + 1, later), 2);
        assert_eq!(taken(&rates, MOST + 2, later), 2);
        assert_eq!(rates.counted.lock().unwrap().full_at.len(), 2);
    }

    #[test]
    fn a_rate_is_a_number_or_two_and_0_is_none() {
        let read = |text: &str| text.parse::<MaybeRate>().map(|rate| rate.0);
        assert_eq!(read("50").unwrap(), Rate::new(50, 100));
        assert_eq!(read("50:200").unwrap(), Rate::new(50, 200));
        assert_eq!(read("0").unwrap(), None);
        for bad in ["", "x", "-1", "50:", ":5", "5:0", "0:5", "1:2:3"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
