//! What clients can see: the calls as they are, the numbered log of events, replay.
//!
//! ```text
//!  driver ─publish─► Board ┬─ views   the calls, by id; accounts ◄─ call, list, account, accounts
//!                          └─ log     the last events, numbered  ◄─ follow ─► Reader, Reader, …
//! ```
//!
//! Views and log change under one lock, the view first: a client that reads a call on receiving its event never sees an
//! older one, and a list, made from a snapshot, and its `last_event_id` are one cut. Readers pull from the one log by sequence; nothing is
//! copied for them and nothing waits for them.

mod accounts;
pub mod answers;
mod audience;
mod batch;
mod bells;
mod epochs;
mod filter;
mod follow;
mod frame;
pub mod journal;
mod label;
mod listed;
mod log;
mod past;
mod position;
mod readers;
pub mod records;
mod replay;
mod sealed;
mod shown;
mod size;
#[cfg(test)]
pub(crate) mod tests;
mod topic;
mod views;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::coop::consume_budget;

use crate::agent::{Call, CallId, Timestamp};

pub use accounts::Listing;
pub use audience::Listener;
pub use epochs::Epochs;
pub use filter::Filter;
pub use follow::Reader;
pub use frame::Frame;
pub use label::relabelled;
pub use position::{After, EventId, NotAPosition};
pub use replay::Unfinished;
pub use sealed::{Sealed, Told};
pub use topic::{Topic, Topics};

use accounts::Accounts;
use audience::Audience;
use bells::Bells;
use frame::Press;
use journal::Journal;
use listed::Listed;
use log::Log;
use readers::Readers;
use shown::Shown;
use views::{Bounds, Views};

/// The board's bounds and its name in envelopes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The agent's name: envelopes come from `/call-agent/NODE`.
    pub node: String,
    /// Each four or more hexadecimal digits, which tell this log's sequences from those of another.
    pub epochs: Epochs,
    /// How many events are kept for replay; the oldest go first.
    pub log_events: usize,
    /// About how many bytes of events, as they are when encoded, are kept for replay; the oldest go first.
    pub log_bytes: usize,
    /// How many ended calls stay readable; those that ended first go first.
    pub ended_calls: usize,
    /// About how many bytes of ended calls stay readable; those that ended first go first.
    pub ended_bytes: usize,
    /// How long an ended call stays readable.
    pub ended_age: Duration,
    /// How many events a reader that was up to date may fall behind before its stream is ended.
    pub max_lag: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: "call-agent".to_owned(),
            epochs: Epochs::default(),
            log_events: 100_000,
            log_bytes: 64 * 1024 * 1024,
            ended_calls: 10_000,
            ended_bytes: 64 * 1024 * 1024,
            ended_age: Duration::from_secs(3600),
            max_lag: 16_384,
        }
    }
}

/// The state that clients can see. Clones are handles to the same board.
#[derive(Clone, Debug)]
pub struct Board(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    /// Who holds it may number events.
    press: Mutex<Press>,
    shown: RwLock<Shown>,
    audience: Audience,
    readers: Readers,
    /// What memory does not keep; nothing, if it is all there is.
    journal: OnceLock<Journal>,
    bells: Bells,
    closed: watch::Sender<bool>,
}

/// One page of a listing and the place of its cut in the log.
#[derive(Clone, Debug)]
pub struct Page {
    /// Newest first.
    pub calls: Vec<Arc<Call>>,
    /// Where the next page starts; `None`: this was the last.
    pub next_cursor: Option<CallId>,
    /// The last event that this page has seen.
    pub last_event_id: EventId,
}

impl Board {
    /// A board without calls and events.
    pub fn new(settings: Settings) -> Self {
        let ended =
            Bounds { calls: settings.ended_calls, bytes: settings.ended_bytes, age: settings.ended_age };
        let shown = Shown {
            views: Views::new(ended),
            accounts: Accounts::default(),
            log: Log::new(settings.log_events, settings.log_bytes),
            draining: false,
            fault: None,
        };
        Self(Arc::new(Inner {
            press: Mutex::new(Press::new(&settings)),
            settings,
            shown: RwLock::new(shown),
            audience: Audience::new(),
            readers: Readers::default(),
            journal: OnceLock::new(),
            bells: Bells::default(),
            closed: watch::Sender::new(false),
        }))
    }

    /// From here on the board says that the agent is not ready. [`Told::Draining`] tells the readers.
    pub fn drain(&self) {
        self.write().draining = true;
    }

    /// Whether [`Board::drain`] was called.
    pub fn is_draining(&self) -> bool {
        self.read().draining
    }

    /// The log cannot be written for this reason, or can be again.
    pub fn set_fault(&self, fault: Option<Arc<str>>) {
        self.write().fault = fault;
    }

    /// Why the log cannot be written; `None`: it can.
    pub fn fault(&self) -> Option<Arc<str>> {
        self.read().fault.clone()
    }

    /// Whether anybody follows all events, or did within that time.
    pub fn is_listened_to(&self, within: Duration) -> bool {
        self.0.audience.is_there(within)
    }

    /// Somebody who hears of calls in a way of his own; he counts for as long as this is kept.
    pub fn listener(&self) -> Listener {
        self.0.audience.join()
    }

    /// Forgets the ended calls whose time is over. [`Board::publish`] does the same by the times of its events; an agent
    /// without events needs to be told the time.
    pub fn forget(&self, now: Timestamp) {
        self.write().views.forget(now);
    }

    /// Whether nothing more is told.
    pub fn is_closed(&self) -> bool {
        *self.0.closed.borrow()
    }

    /// Ends every reader's stream, after what is in the log.
    pub fn close(&self) {
        self.0.closed.send_replace(true);
    }

    /// The call as it is; ended ones too while they are kept.
    pub fn call(&self, id: CallId) -> Option<Arc<Call>> {
        self.read().views.call(id)
    }

    /// Up to `limit` calls that the filter lets through, newest first, older than `cursor`.
    ///
    /// Only the snapshot is taken under the lock, a step for each 64 calls, with the place of its cut; the filter looks at it
    /// afterwards, and lets other tasks have their turn meanwhile. So nothing waits for filters, however many there are.
    pub async fn list(&self, filter: &Filter, limit: usize, cursor: Option<CallId>) -> Page {
        let (calls, last_event_id) = self.cut();
        let mut page = Vec::new();
        let mut next_cursor = None;
        for call in calls.older_than(cursor) {
            consume_budget().await;
            if !filter.lets_call(call) {
                continue;
            }
            if page.len() == limit {
                next_cursor = page.last().map(|call: &Arc<Call>| call.id);
                break;
            }
            page.push(call.clone());
        }
        Page { calls: page, next_cursor, last_event_id }
    }

    /// The calls, and the last event that made them so.
    fn cut(&self) -> (Listed, EventId) {
        let shown = self.read();
        (shown.views.snapshot(), self.event_id(shown.log.last()))
    }

    /// The agent's name in envelopes.
    pub fn node(&self) -> &str {
        &self.0.settings.node
    }

    /// How many calls have not ended.
    pub fn alive(&self) -> usize {
        self.read().views.alive()
    }

    /// The id of the last event; sequence 0 before the first.
    pub fn last_event_id(&self) -> EventId {
        let last = self.read().log.last();
        self.event_id(last)
    }

    /// What the ids of new events begin with.
    pub fn epoch(&self) -> Arc<str> {
        self.0.settings.epochs.current().clone()
    }

    fn event_id(&self, sequence: u64) -> EventId {
        self.0.settings.epochs.id(sequence)
    }

    // A lock is poisoned by a panic in another thread; what it guards is still whole, since nothing in here panics
    // half-way, and the calls must go on.
    fn press(&self) -> MutexGuard<'_, Press> {
        self.0.press.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, Shown> {
        self.0.shown.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shown> {
        self.0.shown.write().unwrap_or_else(PoisonError::into_inner)
    }
}
