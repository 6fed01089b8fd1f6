//! The traces that are kept, by Call-ID, bounded by the bytes of all of them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::belongs::belongs;
use super::trace::{Entry, Seen, Trace};
use crate::agent::{Call, CallId, Timestamp};

/// The traces, and the order in which they began.
#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    bytes: usize,
    traces: HashMap<Box<[u8]>, Trace>,
    /// The Call-IDs of the calls that they are of.
    names: HashMap<CallId, Box<[u8]>>,
    /// May name some that are gone.
    order: VecDeque<Box<[u8]>>,
}

impl Kept {
    pub fn new(most: usize) -> Self {
        Self { most, bytes: 0, traces: HashMap::new(), names: HashMap::new(), order: VecDeque::new() }
    }

    pub fn knows(&self, call_id: &[u8]) -> bool {
        self.traces.contains_key(call_id)
    }

    /// A call begins with this Call-ID.
    pub fn begin(&mut self, call_id: &[u8], call: CallId) {
        self.make(call_id);
        if let Some(trace) = self.traces.get_mut(call_id) {
            trace.calls.push(call);
            self.names.insert(call, call_id.into());
        }
    }

    /// The Call-ID of a call.
    pub fn call_id(&self, call: CallId) -> Option<Box<[u8]>> {
        self.names.get(&call).cloned()
    }

    fn make(&mut self, call_id: &[u8]) {
        if !self.knows(call_id) {
            let key: Box<[u8]> = call_id.into();
            self.bytes += Trace::default().bytes() + 3 * key.len();
            self.order.push_back(key.clone());
            self.traces.insert(key, Trace::default());
        }
    }

    /// Adds to a trace, or begins it; those that began first go if it is too much.
    pub fn add(&mut self, call_id: &[u8], entry: Entry) {
        self.make(call_id);
        if let Some(trace) = self.traces.get_mut(call_id) {
            self.bytes = self.bytes.saturating_add_signed(trace.add(entry));
        }
        while self.bytes > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, call_id: &[u8]) {
        if let Some(trace) = self.traces.remove(call_id) {
            trace.calls.iter().for_each(|call| drop(self.names.remove(call)));
            self.bytes = self.bytes.saturating_sub(trace.bytes() + 3 * call_id.len());
        }
    }

    pub fn end(&mut self, call_id: &[u8]) {
        if let Some(trace) = self.traces.get_mut(call_id) {
            trace.ended += 1;
        }
    }

    /// Forgets what was last seen so long ago, unless its call goes on.
    pub fn forget(&mut self, now: Timestamp, age: Duration) {
        let is_over = |trace: &Trace| {
            trace.ended >= trace.calls.len() && trace.last.is_none_or(|last| last.after(age) < now)
        };
        let over: Vec<_> =
            self.traces.iter().filter(|(_, trace)| is_over(trace)).map(|(key, _)| key.clone()).collect();
        over.iter().for_each(|key| self.remove(key));
        if !over.is_empty() {
            self.order.retain(|key| self.traces.contains_key(key));
        }
    }

    /// The bytes and the number of the traces.
    #[cfg(test)]
    pub fn sizes(&self) -> (usize, usize) {
        (self.bytes, self.traces.len())
    }

    /// What is of this call, and how much of its Call-ID was dropped.
    pub fn of(&self, call: &Call) -> (Vec<Entry>, usize) {
        let Some(trace) = self.traces.get(&**call.sip.call_id.as_bytes()) else { return (Vec::new(), 0) };
        let is_of_call = |entry: &&Entry| match &entry.seen {
            Seen::Message(sighting) => belongs(sighting, call),
            Seen::Command { asked, .. } => asked.call == Some(call.id),
        };
        (trace.entries().filter(is_of_call).cloned().collect(), trace.dropped())
    }
}
