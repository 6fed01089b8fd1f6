//! Webhooks: events sent to receivers, as CloudEvents signed by Standard Webhooks.
//!
//! ```text
//!  board ─feed─► Worker ─► Backlog (a lane for each call, the circuit) ─► post ─► receiver
//!    ▲              │
//!    └── journal ◄──┴─ how far it is, what is open, dead letters
//! ```
//!
//! A worker for each receiver reads the log like any other reader, so that a slow one delays no call and nobody else. Events of
//! one call are delivered in order, those of different calls side by side. What is not taken is tried again for 24 hours from
//! its first try, then set aside. A receiver that fails again and again is only probed, and the log is not read on for it
//! meanwhile: what it misses stays where it is, and what the log loses of that is told as a gap. After a restart it goes on
//! where it was; what was delivered in the last second before a crash is delivered again, under the same id.

mod backlog;
mod backoff;
mod circuit;
mod dead;
mod endpoint;
mod event;
mod feed;
mod post;
mod resume;
mod shared;
mod sign;
mod store;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{info, warn};

pub use dead::{DeadLetter, DeliveryFailure};
pub use endpoint::{BadEndpoint, Endpoint, Source, Types, Url, checked_id};
pub use shared::{Webhook, WebhookState};
pub use sign::Secret;

use dead::DeadLetters;
use event::Event;
use post::Post;
use resume::resume;
use shared::Shared;
use store::{Progress, Store};
use worker::{Order, Worker};

use crate::state::journal::{Journal, JournalError};
use crate::state::{Board, EventId};
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
    /// For how long an event is tried.
    patience: Duration,
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
    /// The event is not among the dead letters.
    #[error("this event is no dead letter; GET …/dead-letters lists those that there are")]
    NoDeadLetter,
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
    /// None yet. What is not taken is tried again for so long.
    pub fn new(board: Board, journal: Option<Journal>, tls: Tls, patience: Duration) -> Self {
        let (store, changes, running) = (Store(journal), Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { board, store, tls, patience, changes, running }))
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
            let progress = match progress.remove(&endpoint.id) {
                Some(progress) => progress,
                None => self.begin(&endpoint.id).await.unwrap_or_else(|error| {
                    warn!(webhook = endpoint.id, %error, "where it begins could not be put on record");
                    Progress::at(&self.0.board.last_event_id())
                }),
            };
            self.run(endpoint, progress).await?;
        }
        for forgotten in progress.into_keys() {
            info!(webhook = forgotten, "no longer set: forgotten");
            self.forget(&forgotten).await;
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
        let all = self.clone();
        whole(async move { all.added(endpoint).await }).await
    }

    async fn added(&self, endpoint: Endpoint) -> Result<Webhook, WebhookError> {
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
        // First the place: what happens from the answer on is told, whatever comes between.
        let progress = self.begin(&id).await?;
        self.0.store.add(&endpoint).await?;
        self.run(endpoint, progress).await?;
        self.webhook(&id).await.ok_or(WebhookError::NotFound)
    }

    /// Removes one that was added by request, with its dead letters.
    pub async fn remove(&self, id: &str) -> Result<(), WebhookError> {
        let (all, id) = (self.clone(), id.to_owned());
        whole(async move { all.removed(&id).await }).await
    }

    async fn removed(&self, id: &str) -> Result<(), WebhookError> {
        let _changes = self.0.changes.lock().await;
        let source = self.0.running.lock().await.get(id).ok_or(WebhookError::NotFound)?.endpoint.source;
        if source == Source::File {
            return Err(WebhookError::OfFile);
        }
        // As long as that is not on record it stays.
        self.0.store.remove(id).await?;
        if let Some(Running { task, .. }) = self.0.running.lock().await.remove(id) {
            task.abort();
            // Only then nothing more is put on record for it.
            let _ = task.await;
        }
        self.forget(id).await;
        Ok(())
    }

    /// The dead letters of one behind an event, at most so many.
    pub async fn dead_letters(&self, id: &str, after: u64, limit: usize) -> Option<Vec<DeadLetter>> {
        let running = self.0.running.lock().await;
        Some(running.get(id)?.shared.dead().page(after, limit))
    }

    /// Has dead letters sent again: that of an event, or all; how many of them could be.
    pub async fn redeliver(&self, id: &str, event: Option<&EventId>) -> Result<usize, WebhookError> {
        let (orders, sequences) = {
            let running = self.0.running.lock().await;
            let running = running.get(id).ok_or(WebhookError::NotFound)?;
            (running.orders.clone(), running.shared.dead().sequences(event))
        };
        if event.is_some() && sequences.is_empty() {
            return Err(WebhookError::NoDeadLetter);
        }
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

    /// Puts on record that a receiver is told of what comes next.
    async fn begin(&self, id: &str) -> Result<Progress, JournalError> {
        let progress = Progress::at(&self.0.board.last_event_id());
        self.0.store.save_progress(id, &progress).await?;
        Ok(progress)
    }

    /// Forgets what a receiver was sent. What stays on record is found at the next start.
    async fn forget(&self, id: &str) {
        if let Err(error) = self.0.store.forget(id).await {
            warn!(webhook = id, %error, "what is on record of it could not be removed");
        }
    }

    async fn run(&self, endpoint: Endpoint, progress: Progress) -> Result<(), JournalError> {
        let Inner { board, store, tls, patience, running, .. } = &*self.0;
        let letters = DeadLetters::new(store.dead_letters(&endpoint.id).await?);
        let start = resume(board, &endpoint, *patience, progress).await?;
        let shared = Arc::new(Shared::new(start.read.clone(), letters));
        let endpoint = Arc::new(endpoint);
        let (orders, inbox) = mpsc::channel(ORDERS);
        let both = (endpoint.clone(), shared.clone());
        let worker = Worker::new(both, board.clone(), store.clone(), Post::new(tls.clone()), start, inbox);
        let task = tokio::spawn(worker.run());
        let id = endpoint.id.clone();
        running.lock().await.insert(id, Running { endpoint, shared, orders, task });
        Ok(())
    }
}

/// Does it in a task of its own: who asks and hangs up leaves nothing half done.
async fn whole<T: Send + 'static>(
    change: impl Future<Output = Result<T, WebhookError>> + Send + 'static,
) -> Result<T, WebhookError> {
    tokio::spawn(change).await.unwrap_or(Err(WebhookError::Journal(JournalError::Closed)))
}

impl Running {
    fn shown(&self) -> Webhook {
        self.shared.webhook(&self.endpoint)
    }
}
