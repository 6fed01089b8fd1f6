//! Calls and commands become spans. Knows no clock and no socket.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Event, SpanContext, SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;

use super::event::{Facts, Seen};
use super::{Commanded, is_wanted, spans};
use crate::agent::event::EventKind;
use crate::agent::{CallId, Timestamp};

/// How long a call that has ended waits for the commands that have ended it, and a command for the call that it is to; then each
/// goes alone.
const LINGER: Duration = Duration::from_secs(2);
/// How many events the span of a call has at most, and how many commands; those beyond are counted.
const MOST: usize = 128;
/// How many commands may wait for their calls.
const EARLY: usize = 4096;

/// The calls that have not ended, and what waits.
#[derive(Debug)]
pub(super) struct Collector {
    random: fn() -> u64,
    calls: HashMap<CallId, Open>,
    /// Those that have ended, in that order.
    ended: VecDeque<(Instant, CallId)>,
    /// Commands to calls that were not seen yet, or are seen no more.
    early: VecDeque<(Instant, Commanded)>,
    done: Vec<SpanData>,
    dropped: usize,
}

/// A call whose span is not complete.
#[derive(Debug)]
struct Open {
    facts: Facts,
    /// Of the span, in its own trace; the trace may turn out to be a client's.
    ids: (TraceId, SpanId),
    parent: Option<SpanContext>,
    events: Vec<Event>,
    dropped_events: u32,
    commands: Vec<Commanded>,
    ended: Option<Timestamp>,
}

impl Open {
    fn context(&self) -> SpanContext {
        let (trace, id) = self.ids;
        match &self.parent {
            Some(parent) => spans::context(parent, id),
            None => spans::root(trace, id),
        }
    }
}

impl Collector {
    /// Nothing yet; `random` is where ids come from.
    pub fn new(random: fn() -> u64) -> Self {
        let (calls, ended, early) = (HashMap::new(), VecDeque::new(), VecDeque::new());
        Self { random, calls, ended, early, done: Vec::new(), dropped: 0 }
    }

    /// An event was told.
    pub fn see(&mut self, seen: Seen, now: Instant) {
        let Seen { kind, time, data } = seen;
        let id = data.call.id;
        if matches!(kind, EventKind::Offered | EventKind::Dialing | EventKind::Recovered) {
            let open = self.begin(data.call);
            self.calls.insert(id, open);
            return;
        }
        let Some(open) = self.calls.get_mut(&id).filter(|open| open.ended.is_none()) else { return };
        open.facts = data.call;
        if kind == EventKind::Ended {
            open.ended = Some(time);
            self.ended.push_back((now, id));
        } else if open.events.len() < MOST {
            open.events.push(Event::new(kind.name(), spans::moment(time), Vec::<KeyValue>::new(), 0));
        } else {
            open.dropped_events += 1;
        }
    }

    fn begin(&self, facts: Facts) -> Open {
        let ids = self.ids();
        let (events, commands) = (Vec::new(), Vec::new());
        Open { facts, ids, parent: None, events, dropped_events: 0, commands, ended: None }
    }

    /// Those of a new span in a new trace.
    fn ids(&self) -> (TraceId, SpanId) {
        let random = self.random;
        let trace = u128::from(random()) << 64 | u128::from(random()) | 1;
        (TraceId::from(trace), SpanId::from(random() | 1))
    }

    /// A command was answered. Its call is seen later, if it is not yet.
    pub fn command(&mut self, command: Commanded, now: Instant) {
        if let Some(open) = self.calls.get_mut(&command.call) {
            if open.commands.len() >= MOST {
                self.dropped += 1;
                return;
            }
            if command.name == "create" {
                open.parent = command.parent.as_ref().map(|parent| parent.0.clone());
            }
            open.commands.push(command);
        } else if self.early.len() < EARLY {
            self.early.push_back((now, command));
        } else {
            self.dropped += 1;
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) {
        for (came, command) in std::mem::take(&mut self.early) {
            if self.calls.contains_key(&command.call) {
                self.command(command, now);
            } else if came + LINGER > now {
                self.early.push_back((came, command));
            } else {
                self.complete(command, None);
            }
        }
        while self.ended.front().is_some_and(|(ended, _)| *ended + LINGER <= now)
            && let Some((_, id)) = self.ended.pop_front()
        {
            self.finish(id);
        }
    }

    /// Nothing more comes: what has ended is complete, what has not is dropped.
    pub fn end(&mut self, now: Instant) {
        self.tick(now);
        while let Some((_, id)) = self.ended.pop_front() {
            self.finish(id);
        }
        for (_, command) in std::mem::take(&mut self.early) {
            self.complete(command, None);
        }
        self.lose();
    }

    /// Events were missed: of the calls that are open nobody knows whether they still are.
    pub fn lose(&mut self) {
        self.dropped += self.calls.values().filter(|open| open.ended.is_none()).count();
        self.calls.retain(|_, open| open.ended.is_some());
    }

    fn finish(&mut self, id: CallId) {
        let Some(mut open) = self.calls.remove(&id) else { return };
        let context = open.context();
        for command in std::mem::take(&mut open.commands) {
            self.complete(command, Some(&context));
        }
        let Open { facts, parent, events, dropped_events, ended: Some(ended), .. } = open else { return };
        if is_wanted(parent.as_ref()) {
            self.done.push(spans::of_call(context, parent.as_ref(), &facts, (events, dropped_events), ended));
        }
    }

    fn complete(&mut self, command: Commanded, call: Option<&SpanContext>) {
        if is_wanted(command.parent.as_ref().map(|parent| &parent.0)) {
            self.done.push(spans::of_command(command, call, self.ids()));
        }
    }

    /// How many spans are complete.
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Up to so many complete spans.
    pub fn take(&mut self, most: usize) -> Vec<SpanData> {
        let count = self.done.len().min(most);
        self.done.drain(..count).collect()
    }

    /// How many spans were dropped since this was last asked.
    pub fn take_dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }
}
