//! What a receiver has not yet taken: a lane for each call, in which one event follows the other.
//!
//! Knows no clock and no socket: who works with it says what the time is and what became of a try. Bounded by events and by
//! bytes: while it is full, or the circuit is open, nothing more is read from the log, where it all is anyway.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::Event;
use super::backoff::Backoff;
use super::circuit::Circuit;
use crate::agent::{Now, Timestamp};

/// How many events are held at most, give or take what is read at a time.
const MOST: usize = 10_000;
/// How many bytes they may be.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How many are held while the receiver is only probed: some to choose from.
const MOST_OPEN: usize = 64;
/// How many deliveries are on their way at a time.
const IN_FLIGHT: usize = 32;
/// For how long an event is tried, from when it happened or was given again.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);
/// When an event is tried again.
const RETRIES: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(300) };

/// An event that is waiting or on its way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub event: Event,
    /// How often it was tried.
    pub attempts: u32,
    /// It is tried for 24 hours from then.
    pub since: Timestamp,
    /// And so until then, wherever the clock on the wall is set meanwhile.
    until: Instant,
}

impl Pending {
    /// An event that is tried from `since` on.
    pub fn new(event: Event, attempts: u32, since: Timestamp, now: Now) -> Self {
        let age = Duration::from_micros(u64::try_from(now.wall.0.saturating_sub(since.0)).unwrap_or(0));
        Self { event, attempts, since, until: now.instant + PATIENCE.saturating_sub(age) }
    }
}

/// What became of a try.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tried {
    /// It was taken.
    Taken,
    /// It was not.
    Failed {
        /// Whether this tells of the receiver, and not of this event.
        of_receiver: bool,
        /// The receiver wants to be left alone for so long.
        at_least: Duration,
    },
}

/// The lanes and the circuit.
#[derive(Debug)]
pub(super) struct Backlog {
    lanes: HashMap<Option<String>, Lane>,
    /// Lanes whose next event may go now.
    ready: VecDeque<Option<String>>,
    /// Lanes whose next event waits for another try; the number tells those of one moment apart.
    waiting: BTreeMap<(Instant, u64), Option<String>>,
    waits: u64,
    circuit: Circuit,
    in_flight: usize,
    events: usize,
    bytes: usize,
}

/// The events of one call. The first of them is on its way, ready or waiting.
#[derive(Debug, Default)]
struct Lane(VecDeque<Pending>);

impl Backlog {
    pub fn new() -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            waits: 0,
            circuit: Circuit::Closed(0),
            in_flight: 0,
            events: 0,
            bytes: 0,
        }
    }

    /// Whether the receiver is believed to work.
    pub fn is_working(&self) -> bool {
        self.circuit.is_closed()
    }

    /// Whether nothing more is to be read.
    pub fn is_full(&self) -> bool {
        let most = if self.is_working() { MOST } else { MOST_OPEN };
        self.events >= most || self.bytes >= MOST_BYTES
    }

    /// How many events are waiting or on their way.
    pub fn len(&self) -> usize {
        self.events
    }

    /// All of them, in no order.
    pub fn pending(&self) -> impl Iterator<Item = &Pending> {
        self.lanes.values().flat_map(|lane| &lane.0)
    }

    /// An event comes to the end of its lane.
    pub fn push(&mut self, pending: Pending) {
        self.events += 1;
        self.bytes += pending.event.body.len();
        let subject = pending.event.subject.clone();
        let lane = self.lanes.entry(subject.clone()).or_default();
        lane.0.push_back(pending);
        if lane.0.len() == 1 {
            self.ready.push_back(subject);
        }
    }

    /// The next event to try, if one may be tried now; what became of it is said by [`Backlog::settle`].
    pub fn next(&mut self, now: Instant) -> Option<Pending> {
        if self.in_flight >= IN_FLIGHT || !self.has_next(now) || !self.circuit.admit(now) {
            return None;
        }
        let subject = self.ready.pop_front().or_else(|| Some(self.waiting.pop_first()?.1))?;
        self.in_flight += 1;
        self.lanes.get(&subject)?.0.front().cloned()
    }

    /// A probe is not kept waiting for an event's next try.
    fn has_next(&self, now: Instant) -> bool {
        let is_due = |(due, _): &(Instant, u64)| *due <= now || !self.is_working();
        !self.ready.is_empty() || self.waiting.keys().next().is_some_and(is_due)
    }

    /// When there is something to try that cannot be tried now.
    pub fn next_due(&self) -> Option<Instant> {
        if self.events == 0 || self.in_flight >= IN_FLIGHT {
            return None;
        }
        match self.circuit {
            Circuit::Closed(_) => Some(self.waiting.keys().next()?.0),
            _ => self.circuit.due(),
        }
    }

    /// The next event of that lane was tried. An event that is given up comes back: it was tried for as long as it is.
    pub fn settle(
        &mut self,
        subject: &Option<String>,
        tried: Tried,
        now: Now,
        chance: u32,
    ) -> Option<Pending> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let first = self.lanes.get_mut(subject)?.0.front_mut()?;
        first.attempts += 1;
        match tried {
            Tried::Taken => {
                if self.circuit.succeed() {
                    // Who had to wait for the receiver need not wait any more.
                    self.ready.extend(std::mem::take(&mut self.waiting).into_values());
                }
                self.advance(subject);
                None
            }
            Tried::Failed { of_receiver, at_least } => {
                // An event that is refused again and again says no more of the receiver than the first time.
                if of_receiver || first.attempts == 1 || matches!(self.circuit, Circuit::Probing(_)) {
                    self.circuit.fail(now.instant, at_least, chance);
                }
                if first.until <= now.instant {
                    return self.advance(subject);
                }
                let wait = RETRIES.after(first.attempts, chance).max(at_least);
                self.waits += 1;
                self.waiting.insert((now.instant + wait, self.waits), subject.clone());
                None
            }
        }
    }

    /// The first event of a lane leaves it.
    fn advance(&mut self, subject: &Option<String>) -> Option<Pending> {
        let lane = self.lanes.get_mut(subject)?;
        let gone = lane.0.pop_front()?;
        self.events -= 1;
        self.bytes -= gone.event.body.len();
        if lane.0.is_empty() {
            self.lanes.remove(subject);
        } else {
            self.ready.push_back(subject.clone());
        }
        Some(gone)
    }

    /// Has all that waits for another try go now.
    pub fn hurry(&mut self, now: Instant) {
        self.circuit.hurry(now);
        self.ready.extend(std::mem::take(&mut self.waiting).into_values());
    }
}
