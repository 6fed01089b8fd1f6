//! The calls, by id and by dialog.

use std::collections::BTreeMap;

use bytestring::ByteString;

use super::busy::Busy;
use super::call::Call;
use super::gate::Callers;
use super::load::Load;
use super::map::{Hashing, Map};
use super::settings::Settings;
use super::stack::Stack;
use super::{CallId, FlowId};
use crate::sip::{Request, Response};

/// All calls of which something is left. The setting `max_calls` bounds how many of them are open and ending; of those that are over and
/// might still be answered by a fork each has a transaction, and so their bound.
#[derive(Debug)]
pub struct Calls {
    /// In boxes: the map moves what is in it when calls come and go.
    by_id: BTreeMap<CallId, Box<Call>>,
    by_tag: Map<ByteString, CallId>,
    /// How many of them are not over.
    load: Load,
    busy: Busy,
    callers: Callers,
}

impl Calls {
    /// None yet.
    pub fn new(hashing: Hashing, settings: &Settings) -> Self {
        let busy = Busy::new(hashing.clone(), settings.policies.busy_headers.clone());
        let callers = Callers::new(settings.gate.peer_calls > 0, hashing.clone());
        Self {
            by_id: BTreeMap::new(),
            by_tag: Map::with_hasher(hashing),
            load: Load::default(),
            busy,
            callers,
        }
    }

    /// How many there are that are not over.
    pub fn load(&self) -> Load {
        self.load
    }

    /// How many there are.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// How many dialogs they are found by.
    #[cfg(any(test, fuzzing))]
    pub fn dialogs(&self) -> usize {
        self.by_tag.len()
    }

    /// How many values of headers and callers are known.
    #[cfg(any(test, fuzzing))]
    pub fn busy(&self) -> usize {
        self.busy.len() + self.callers.len()
    }

    /// How many calls each peer has open with us.
    pub fn callers(&self) -> &Callers {
        &self.callers
    }

    /// Whether a call has a header of this INVITE that only one may have.
    pub fn are_busy_for(&self, invite: &Request) -> bool {
        self.busy.is_for(invite)
    }

    /// Whether nothing has to be waited for.
    pub fn are_idle(&self) -> bool {
        self.load.is_none()
    }

    /// Adds a call, unless it is over already.
    pub fn add(&mut self, call: Call) {
        if call.is_gone() {
            return;
        }
        if call.is_open() {
            self.load.open += 1;
            self.busy.begin(call.picture());
            self.callers.begin(call.picture());
        } else if !call.is_idle() {
            self.load.ending += 1;
        }
        self.by_tag.insert(call.local_tag().clone(), call.id());
        self.by_id.insert(call.id(), Box::new(call));
    }

    /// The call whose dialog a request belongs to (§12.2.2): by our tag, then by the peer's and the Call-ID.
    pub fn of_dialog(&self, request: &Request) -> Option<CallId> {
        let id = *self.by_tag.get(request.to.tag()?)?;
        self.by_id.get(&id).filter(|call| call.is_of(request)).map(|_| id)
    }

    /// The call that an earlier process has placed and that a 2xx, which is of no transaction, belongs to.
    pub fn of_answer(&self, ok: &Response) -> Option<CallId> {
        let id = *self.by_tag.get(ok.from.tag()?)?;
        self.by_id.get(&id).filter(|call| call.is_answered_by(ok)).map(|_| id)
    }

    /// Lets a call act, and forgets it if nothing is left of it. `None` if there is no such call.
    pub fn with<T>(&mut self, id: CallId, act: impl FnOnce(&mut Call) -> T) -> Option<T> {
        let call = self.by_id.get_mut(&id)?;
        let (was_open, was_idle) = (call.is_open(), call.is_idle());
        let result = act(call);
        if was_open && !call.is_open() {
            self.load.open -= 1;
            self.load.ending += 1;
            self.busy.end(call.picture());
            self.callers.end(id);
        }
        match (was_idle, call.is_idle()) {
            (false, true) => {
                self.load.ending -= 1;
                self.callers.forget(id);
            }
            // A fork has answered late.
            (true, false) => self.load.ending += 1,
            _ => {}
        }
        if call.is_gone() {
            self.by_tag.remove(call.local_tag());
            self.by_id.remove(&id);
        }
        Some(result)
    }

    /// The connections that the calls use which are not over.
    pub fn flows(&self) -> impl Iterator<Item = FlowId> {
        self.by_id.values().filter(|call| !call.is_idle()).filter_map(|call| call.flow())
    }

    /// Lets every call act, the oldest first.
    pub fn each(&mut self, stack: &mut Stack, act: impl Fn(&mut Call, &mut Stack)) {
        let ids: Vec<CallId> = self.by_id.keys().copied().collect();
        for id in ids {
            self.with(id, |call| act(call, stack));
        }
    }
}
