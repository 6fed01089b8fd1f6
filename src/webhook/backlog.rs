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
const MOST: usize = 2000;
/// How many bytes they may be.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How many are held while the receiver is only probed: some to choose from.
const MOST_OPEN: usize = 16;
/// With so many that may go at once there is enough to do, and nothing is gained by more.
const READY: usize = 64;
/// The same for a receiver that has taken nothing yet.
const READY_AT_FIRST: usize = 16;
/// How many deliveries are on their way at a time.
const IN_FLIGHT: usize = 32;
/// How many that are to a receiver that has taken nothing yet, since the start or since it failed: enough to open the circuit.
const IN_FLIGHT_AT_FIRST: usize = 10;
/// When there is no room for more, what was refused for so long is given up before its time.
const ROOM: Duration = Duration::from_secs(3600);
/// When an event is tried again.
const RETRIES: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(300) };

/// An event that is waiting or on its way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub event: Event,
    /// How often it was tried.
    pub attempts: u32,
    /// When it failed first: from then on it is tried for as long as is set.
    pub since: Option<Timestamp>,
    /// And so until then, wherever the clock on the wall is set meanwhile.
    until: Option<Instant>,
}

impl Pending {
    /// An event that was not tried yet.
    pub fn new(event: Event) -> Self {
        Self::tried(event, 0, None)
    }

    /// One that was tried so often, and failed first at that time.
    pub fn tried(event: Event, attempts: u32, since: Option<Timestamp>) -> Self {
        Self { event, attempts, since, until: None }
    }

    /// It failed, perhaps not for the first time: until when it is tried.
    fn tried_until(&mut self, patience: Duration, now: Now) -> Instant {
        let since = *self.since.get_or_insert(now.wall);
        let age = Duration::from_micros(u64::try_from(now.wall.0.saturating_sub(since.0)).unwrap_or(0));
        *self.until.get_or_insert(now.instant + patience.saturating_sub(age))
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
    /// For how long an event is tried.
    patience: Duration,
    /// Whether it has taken something since it was last found to fail.
    is_proven: bool,
    /// Whether the last failure was an answer, and so may be of that event alone.
    answers: bool,
    /// The last event of the log that was tried, or that one before it was.
    touched: u64,
    in_flight: usize,
    events: usize,
    bytes: usize,
}

/// The events of one call. The first of them is on its way, ready or waiting.
#[derive(Debug, Default)]
struct Lane(VecDeque<Pending>);

impl Backlog {
    /// An empty one, for what comes behind that event of the log. Each event is tried for so long.
    pub fn new(patience: Duration, touched: u64) -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            waits: 0,
            circuit: Circuit::Closed(0),
            patience,
            is_proven: false,
            answers: false,
            touched,
            in_flight: 0,
            events: 0,
            bytes: 0,
        }
    }

    /// Whether the receiver is believed to work.
    pub fn is_working(&self) -> bool {
        self.circuit.is_closed()
    }

    /// Whether nothing more is to be read. For a receiver that is only probed that is soon; but one that answers, if only with
    /// a no, may take an event that is not here yet.
    pub fn is_full(&self) -> bool {
        let looks_for_others = self.answers && self.ready.is_empty();
        let most = if self.is_working() || looks_for_others { MOST } else { MOST_OPEN };
        let ready = if self.is_proven { READY } else { READY_AT_FIRST };
        self.events >= most || self.bytes >= MOST_BYTES || self.ready.len() >= ready
    }

    /// Whether there is room for what is given again, however the receiver is.
    pub fn has_room(&self) -> bool {
        self.events < MOST && self.bytes < MOST_BYTES
    }

    /// When all that is held was refused and waits, and there is no room for other events: the one that was refused for longest,
    /// if that is long enough. It is given up.
    pub fn make_room(&mut self, now: Instant) -> Option<Pending> {
        if self.has_room() || !self.is_working() || !self.ready.is_empty() || self.is_busy() {
            return None;
        }
        let until = |subject: &Option<String>| self.lanes.get(subject)?.0.front()?.until;
        let (at, until) = self
            .waiting
            .iter()
            .filter_map(|(at, subject)| Some((*at, until(subject)?)))
            .min_by_key(|found| found.1)?;
        if self.patience.saturating_sub(until.saturating_duration_since(now)) < ROOM {
            return None;
        }
        let subject = self.waiting.remove(&at)?;
        self.advance(&subject)
    }

    /// The place in the log from which all can be read again but for what is open: if it was read up to `read`, that, or
    /// before the first event that was not tried yet.
    pub fn position(&self, read: u64) -> u64 {
        let untouched =
            self.pending().map(|pending| pending.event.sequence).filter(|next| *next > self.touched);
        untouched.min().map_or(read, |first| first - 1)
    }

    /// What is not taken and not behind [`Backlog::position`].
    pub fn open(&self) -> impl Iterator<Item = &Pending> {
        self.pending().filter(|pending| pending.event.sequence <= self.touched)
    }

    /// How many events are waiting or on their way.
    pub fn len(&self) -> usize {
        self.events
    }

    /// All of them, in no order.
    pub(super) fn pending(&self) -> impl Iterator<Item = &Pending> {
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
        if self.is_busy() || !self.has_next(now) || !self.circuit.admit(now) {
            return None;
        }
        let subject = self.ready.pop_front().or_else(|| Some(self.waiting.pop_first()?.1))?;
        self.in_flight += 1;
        let next = self.lanes.get(&subject)?.0.front()?.clone();
        self.touched = self.touched.max(next.event.sequence);
        Some(next)
    }

    /// Whether nothing more may be on its way. What is dead takes few connections to be found so.
    fn is_busy(&self) -> bool {
        self.in_flight >= if self.is_proven { IN_FLIGHT } else { IN_FLIGHT_AT_FIRST }
    }

    /// A probe is not kept waiting for an event's next try.
    fn has_next(&self, now: Instant) -> bool {
        let is_due = |(due, _): &(Instant, u64)| *due <= now || !self.is_working();
        !self.ready.is_empty() || self.waiting.keys().next().is_some_and(is_due)
    }

    /// When there is something to try that cannot be tried now.
    pub fn next_due(&self) -> Option<Instant> {
        let has_any = !self.ready.is_empty() || !self.waiting.is_empty();
        if !has_any || self.is_busy() {
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
                self.is_proven = true;
                if self.circuit.succeed() {
                    // Who had to wait for the receiver need not wait any more.
                    self.ready.extend(std::mem::take(&mut self.waiting).into_values());
                }
                self.advance(subject);
                None
            }
            Tried::Failed { of_receiver, at_least } => {
                self.answers = !of_receiver;
                let until = first.tried_until(self.patience, now);
                // An event that is refused again and again says no more of the receiver than the first time.
                if of_receiver || first.attempts == 1 || matches!(self.circuit, Circuit::Probing(_)) {
                    self.circuit.fail(now.instant, at_least, chance);
                    self.is_proven &= self.circuit.is_closed();
                }
                // That something is lost is told until the receiver is there to hear it.
                let may_go = first.event.is_kept() || !of_receiver;
                if may_go && until <= now.instant {
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
