//! Webhooks: events sent to receivers, as CloudEvents signed by Standard Webhooks.
//!
//! ```text
//!  board ─feed─► Worker ─► Backlog (a lane for each call, the circuit) ─► post ─► receiver
//!    ▲              │
//!    └── journal ◄──┴─ how far it is, what is open, dead letters
//! ```
//!
//! A worker for each receiver reads the log like any other reader, so that a slow one delays no call and nobody else. Events of
//! one call are delivered in order, those of different calls side by side. What is not taken is tried again for 24 hours,
//! then set aside. A receiver that fails again and again is only probed, and the log is not read on for it meanwhile: what
//! it misses stays where it is. After a restart it goes on where it was; what was delivered in the last second before a
//! crash is delivered again, under the same id.

mod backlog;
mod backoff;
mod circuit;
mod dead;
mod endpoint;
mod event;
mod feed;
mod post;
mod shared;
mod sign;
mod store;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{info, warn};

pub use dead::{DeadLetter, DeliveryFailure};
pub use endpoint::{BadEndpoint, Endpoint, Source, Types, Url, checked_id};
pub use shared::{Webhook, WebhookState};
pub use sign::Secret;

use backlog::{Backlog, Pending};
use dead::DeadLetters;
use event::Event;
use post::Post;
use shared::Shared;
use store::{Progress, Store};
use worker::{Order, Start, Worker};

use crate::driver;
use crate::state::Board;
use crate::state::journal::{Journal, JournalError};
use crate::tls::Tls;

/// How many receivers there may be.
pub const MOST: usize = 100;
/// How many orders may wait for a worker; a further one waits for its turn.
const ORDERS: usize = 16;

/// The receivers. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub struct Webhooks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    board: Board,
    store: Store,
    tls: Tls,
    /// Who holds it may add and remove.
    changes: Mutex<()>,
    running: Mutex<BTreeMap<String, Running>>,
}

#[derive(Debug)]
struct Running {
    endpoint: Arc<Endpoint>,
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

/// Why a receiver cannot be added, removed or told.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is none of this name.
    #[error("no webhook has this id")]
    NotFound,
    /// There is one of this name.
    #[error("another webhook has this id")]
    Taken,
    /// There are as many as there may be.
    #[error("there are {MOST} webhooks, and there may be no more")]
    TooMany,
    /// It is of the file.
    #[error("this webhook is set in the agent's file of settings; it is removed there")]
    OfFile,
    /// It is not on record, or cannot be put there.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Webhooks {
    /// None yet.
    pub fn new(board: Board, journal: Option<Journal>, tls: Tls) -> Self {
        let store = Store(journal);
        Self(Arc::new(Inner { board, store, tls, changes: Mutex::default(), running: Mutex::default() }))
    }

    /// Starts those of the file and those that were added by request. Once.
    pub async fn start(&self, of_file: Vec<Endpoint>) -> Result<(), JournalError> {
        let store = &self.0.store;
        let mut progress: BTreeMap<_, _> = store.progress().await?.into_iter().collect();
        let mut endpoints = of_file;
        for added in store.added().await? {
            if endpoints.iter().any(|endpoint| endpoint.id == added.id) {
                warn!(webhook = added.id, "set in the file and added by request: that of the file is used");
            } else {
                endpoints.push(added);
            }
        }
        for endpoint in endpoints {
            let progress = progress.remove(&endpoint.id);
            self.run(endpoint, progress).await?;
        }
        for forgotten in progress.into_keys() {
            info!(webhook = forgotten, "no longer set: forgotten");
            store.remove(&forgotten).await?;
        }
        Ok(())
    }

    /// Each of them, by name.
    pub async fn list(&self) -> Vec<Webhook> {
        self.0.running.lock().await.values().map(Running::shown).collect()
    }

    /// One of them.
    pub async fn webhook(&self, id: &str) -> Option<Webhook> {
        self.0.running.lock().await.get(id).map(Running::shown)
    }

    /// Adds one, which is told of what happens from now on.
    pub async fn add(&self, endpoint: Endpoint) -> Result<Webhook, WebhookError> {
        let _changes = self.0.changes.lock().await;
        let id = endpoint.id.clone();
        {
            let running = self.0.running.lock().await;
            if running.contains_key(&id) {
                return Err(WebhookError::Taken);
            }
            if running.len() >= MOST {
                return Err(WebhookError::TooMany);
            }
        }
        self.0.store.add(&endpoint).await?;
        self.run(endpoint, None).await?;
        self.webhook(&id).await.ok_or(WebhookError::NotFound)
    }

    /// Removes one that was added by request, with its dead letters.
    pub async fn remove(&self, id: &str) -> Result<(), WebhookError> {
        let _changes = self.0.changes.lock().await;
        let mut running = self.0.running.lock().await;
        let endpoint = &running.get(id).ok_or(WebhookError::NotFound)?.endpoint;
        if endpoint.source == Source::File {
            return Err(WebhookError::OfFile);
        }
        let gone = running.remove(id);
        drop(running);
        if let Some(Running { task, .. }) = gone {
            task.abort();
            // Only now: nothing more is put on record for it.
            let _ = task.await;
        }
        Ok(self.0.store.remove(id).await?)
    }

    /// The dead letters of one behind an event, at most so many.
    pub async fn dead_letters(&self, id: &str, after: u64, limit: usize) -> Option<Vec<DeadLetter>> {
        let running = self.0.running.lock().await;
        Some(running.get(id)?.shared.dead().page(after, limit))
    }

    /// Has dead letters sent again: that of an event, or all; how many of them could be.
    pub async fn redeliver(&self, id: &str, event: Option<u64>) -> Result<usize, WebhookError> {
        let (orders, sequences) = {
            let running = self.0.running.lock().await;
            let running = running.get(id).ok_or(WebhookError::NotFound)?;
            (running.orders.clone(), running.shared.dead().sequences(event))
        };
        let (reply, replied) = oneshot::channel();
        // A worker that is gone was removed meanwhile.
        orders.send(Order::Redeliver(sequences, reply)).await.map_err(|_| WebhookError::NotFound)?;
        Ok(replied.await.map_err(|_| WebhookError::NotFound)??)
    }

    /// Waits until what was told is delivered, as long as that does not take too long, and all is on record.
    pub async fn close(&self) {
        let running = std::mem::take(&mut *self.0.running.lock().await);
        for Running { orders, .. } in running.values() {
            let _ = orders.send(Order::End).await;
        }
        for Running { task, .. } in running.into_values() {
            let _ = task.await;
        }
    }

    async fn run(&self, endpoint: Endpoint, progress: Option<Progress>) -> Result<(), JournalError> {
        let Inner { board, store, tls, running, .. } = &*self.0;
        let letters = DeadLetters::new(store.dead_letters(&endpoint.id).await?);
        let read = progress.as_ref().and_then(Progress::read).unwrap_or_else(|| board.last_event_id());
        let mut backlog = Backlog::new();
        for pending in open(board, progress).await? {
            backlog.push(pending);
        }
        let shared = Arc::new(Shared::new(read.clone(), letters));
        let endpoint = Arc::new(endpoint);
        let (orders, inbox) = mpsc::channel(ORDERS);
        let both = (endpoint.clone(), shared.clone());
        let post = Post::new(tls.clone());
        let worker = Worker::new(both, board.clone(), store.clone(), post, Start { read, backlog }, inbox);
        let task = tokio::spawn(worker.run());
        let id = endpoint.id.clone();
        running.lock().await.insert(id, Running { endpoint, shared, orders, task });
        Ok(())
    }
}

/// The events that a receiver had not taken yet when the agent stopped.
async fn open(board: &Board, progress: Option<Progress>) -> Result<Vec<Pending>, JournalError> {
    let mut open = progress.map(|progress| progress.open).unwrap_or_default();
    open.sort_by_key(|open| open.sequence);
    let sequences: Vec<_> = open.iter().map(|open| open.sequence).collect();
    let events: BTreeMap<_, _> = board
        .envelopes(&sequences)
        .await?
        .into_iter()
        .filter_map(Event::read)
        .map(|event| (event.sequence, event))
        .collect();
    let now = driver::now();
    let pending = |open: store::Open| {
        let event = events.get(&open.sequence)?.clone();
        Some(Pending::new(event, open.attempts, open.since, now))
    };
    Ok(open.into_iter().filter_map(pending).collect())
}

impl Running {
    fn shown(&self) -> Webhook {
        self.shared.webhook(&self.endpoint)
    }
}
