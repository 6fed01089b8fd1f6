//! The traces that are kept, by call, bounded by the bytes of all of them.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::dialog::{Dialog, Tags};
use super::trace::{Entry, Seen, Sighting, Trace};
use crate::agent::{Call, CallId, Timestamp};

/// How many calls with one Call-ID get what is seen with it: the latest ones.
const OF_ONE_CALL_ID: usize = 4;

type Hashing = ahash::RandomState;

/// With keys that no peer knows, who could choose Call-IDs that collide.
fn unguessable() -> Hashing {
    let random = RandomState::new();
    let [a, b, c, d] = [0, 1, 2, 3].map(|place: u8| random.hash_one(place));
    Hashing::with_seeds(a, b, c, d)
}

/// The traces; nothing here takes longer the more there are.
#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    bytes: usize,
    traces: HashMap<CallId, Box<Trace>, Hashing>,
    /// Ids begin with the time: the first call is the one that began first.
    order: BTreeSet<CallId>,
    by_call_id: HashMap<Arc<[u8]>, Vec<Dialog>, Hashing>,
    /// When which call ended.
    ended: BTreeSet<(Timestamp, CallId)>,
}

impl Kept {
    pub fn new(most: usize) -> Self {
        let hashing = unguessable();
        Self {
            most,
            bytes: 0,
            traces: HashMap::with_hasher(hashing.clone()),
            order: BTreeSet::new(),
            by_call_id: HashMap::with_hasher(hashing),
            ended: BTreeSet::new(),
        }
    }

    /// A call begins; what is seen of it from here on is kept.
    pub fn begin(&mut self, call: &Call) {
        self.remove(call.id);
        let (call_id, dialog) = (Arc::from(&**call.sip.call_id.as_bytes()), Dialog::of(call));
        let trace = Trace::new(Arc::clone(&call_id), dialog.size());
        self.bytes += trace.bytes();
        self.traces.insert(call.id, Box::new(trace));
        self.order.insert(call.id);
        let dialogs = self.by_call_id.entry(call_id).or_default();
        if dialogs.len() == OF_ONE_CALL_ID {
            dialogs.remove(0);
        }
        dialogs.push(dialog);
        self.shrink();
    }

    /// A message with this Call-ID was seen; its tags are asked for if there may be a call that it is of, and what is kept of it if
    /// there is.
    pub fn see<'a>(
        &mut self,
        call_id: &[u8],
        tags: impl FnOnce() -> Tags<'a>,
        at: Timestamp,
        sighting: impl FnOnce() -> Sighting,
    ) {
        let Some(dialogs) = self.by_call_id.get(call_id) else { return };
        let tags = tags();
        if let Some(dialog) = dialogs.iter().rev().find(|dialog| dialog.has(tags)) {
            self.add(dialog.call, Entry { at, seen: Seen::Message(sighting()) });
        }
    }

    /// Adds to the trace of a call that has one; those that began first go if it is too much.
    pub fn add(&mut self, call: CallId, entry: Entry) {
        if let Some(trace) = self.traces.get_mut(&call) {
            self.bytes = self.bytes.saturating_add_signed(trace.add(entry));
            self.shrink();
        }
    }

    /// A call has ended; what comes behind its end is still kept.
    pub fn end(&mut self, call: CallId, at: Timestamp) {
        if let Some(trace) = self.traces.get_mut(&call)
            && trace.ended.is_none()
        {
            trace.ended = Some(at);
            self.ended.insert((at, call));
        }
    }

    /// Forgets the calls that ended so long ago.
    pub fn forget(&mut self, now: Timestamp, age: Duration) {
        while let Some((ended, call)) = self.ended.first().copied()
            && ended.after(age) < now
        {
            self.remove(call);
        }
    }

    /// What was seen of a call, and how much more was.
    pub fn of(&self, call: CallId) -> (Vec<Entry>, usize) {
        let Some(trace) = self.traces.get(&call) else { return (Vec::new(), 0) };
        (trace.entries().cloned().collect(), trace.dropped())
    }

    fn shrink(&mut self) {
        while self.bytes > self.most
            && let Some(oldest) = self.order.first().copied()
        {
            self.remove(oldest);
        }
    }

    fn remove(&mut self, call: CallId) {
        let Some(trace) = self.traces.remove(&call) else { return };
        self.order.remove(&call);
        self.bytes -= trace.bytes();
        if let Some(ended) = trace.ended {
            self.ended.remove(&(ended, call));
        }
        if let Some(dialogs) = self.by_call_id.get_mut(&trace.call_id) {
            dialogs.retain(|dialog| dialog.call != call);
            if dialogs.is_empty() {
                self.by_call_id.remove(&trace.call_id);
            }
        }
    }

    /// The bytes, and how many there are of traces, names and ends.
    #[cfg(test)]
    pub fn sizes(&self) -> (usize, [usize; 3]) {
        assert!(self.order.iter().eq(self.traces.keys().collect::<BTreeSet<_>>()), "all have their turn");
        let bytes: usize = self.traces.values().map(|trace| trace.bytes()).sum();
        assert_eq!(self.bytes, bytes, "all are counted");
        let names = self.by_call_id.values().map(Vec::len).sum();
        (self.bytes, [self.traces.len(), names, self.ended.len()])
    }
}
