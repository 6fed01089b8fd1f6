//! The traces that are kept, by call, bounded by the bytes of all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::dialog::{Dialog, Tags};
use super::trace::{Entry, Trace};
use crate::agent::{Call, CallId, Timestamp};

/// How many calls with one Call-ID get what is seen with it: the latest ones.
const OF_ONE_CALL_ID: usize = 4;

/// The traces; nothing here takes longer the more there are.
#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    bytes: usize,
    /// Ids begin with the time: the first call is the one that began first.
    traces: BTreeMap<CallId, Box<Trace>>,
    by_call_id: HashMap<Arc<[u8]>, Vec<Dialog>>,
    /// When which call ended.
    ended: BTreeSet<(Timestamp, CallId)>,
}

impl Kept {
    pub fn new(most: usize) -> Self {
        let (traces, by_call_id, ended) = Default::default();
        Self { most, bytes: 0, traces, by_call_id, ended }
    }

    /// A call begins; what is seen of it from here on is kept.
    pub fn begin(&mut self, call: &Call) {
        self.remove(call.id);
        let (call_id, dialog) = (Arc::from(&**call.sip.call_id.as_bytes()), Dialog::of(call));
        let trace = Trace::new(Arc::clone(&call_id), dialog.size());
        self.bytes += trace.bytes();
        self.traces.insert(call.id, Box::new(trace));
        let dialogs = self.by_call_id.entry(call_id).or_default();
        if dialogs.len() == OF_ONE_CALL_ID {
            dialogs.remove(0);
        }
        dialogs.push(dialog);
        self.shrink();
    }

    /// The call that a message with this Call-ID is of; its tags are asked for if there may be one.
    pub fn find<'a>(&self, call_id: &[u8], tags: impl FnOnce() -> Tags<'a>) -> Option<CallId> {
        let dialogs = self.by_call_id.get(call_id)?;
        let tags = tags();
        dialogs.iter().rev().find(|dialog| dialog.has(tags)).map(|dialog| dialog.call)
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
            && let Some((oldest, _)) = self.traces.first_key_value()
        {
            self.remove(*oldest);
        }
    }

    fn remove(&mut self, call: CallId) {
        let Some(trace) = self.traces.remove(&call) else { return };
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
        let bytes: usize = self.traces.values().map(|trace| trace.bytes()).sum();
        assert_eq!(self.bytes, bytes, "all are counted");
        let names = self.by_call_id.values().map(Vec::len).sum();
        (self.bytes, [self.traces.len(), names, self.ended.len()])
    }
}
