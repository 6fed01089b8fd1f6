//! What is on record of receivers: those that were added by request, how far each is, and the dead letters.

use serde::{Deserialize, Serialize};

use super::backlog::Pending;
use super::dead::DeadLetter;
use super::{Endpoint, Source, Types};
use crate::agent::Timestamp;
use crate::state::EventId;
use crate::state::journal::{Journal, JournalError, Write, kept};

/// Rooms of the journal.
const ADDED: &str = "webhook";
const PROGRESS: &str = "webhook-progress";

/// The journal, if there is one; else nothing is on record.
#[derive(Clone, Debug)]
pub(super) struct Store(pub Option<Journal>);

/// How far a receiver is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// From behind this event on the log is read again.
    pub read: String,
    /// Those up to it that the receiver has not taken yet.
    pub open: Vec<Open>,
}

/// An event that is not yet taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    pub sequence: u64,
    pub attempts: u32,
    /// When it failed first.
    pub since: Option<Timestamp>,
    /// What cannot be read in the log again: that something is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Open {
    /// Of an event that was tried, or waits for one that was.
    pub fn of(Pending { event, attempts, since, .. }: &Pending) -> Self {
        let body = (!event.is_kept()).then(|| String::from_utf8_lossy(&event.body).into_owned());
        Self { sequence: event.sequence, attempts: *attempts, since: *since, body }
    }
}

impl Progress {
    /// Of a receiver that has not missed anything up to this event.
    pub fn at(read: &EventId) -> Self {
        Self { read: read.to_string(), open: Vec::new() }
    }

    pub fn read(&self) -> Option<EventId> {
        self.read.parse().ok()
    }
}

/// A receiver that was added by request.
#[derive(Serialize, Deserialize)]
struct Added {
    url: String,
    secret: String,
    types: Types,
}

impl Store {
    /// The receivers that were added by request.
    pub async fn added(&self) -> Result<Vec<Endpoint>, JournalError> {
        let added = self.all::<Added>(ADDED.to_owned()).await?;
        // What is kept was checked when it was added, but perhaps less than now.
        let endpoint = |(id, Added { url, secret, types }): (String, _)| match (url.parse(), secret.parse()) {
            (Ok(url), Ok(secret)) => Some(Endpoint { id, url, secret, types, source: Source::Api }),
            (Err(fault), _) | (_, Err(fault)) => {
                tracing::warn!(webhook = id, %fault, "a webhook on record cannot be used: add it anew");
                None
            }
        };
        Ok(added.into_iter().filter_map(endpoint).collect())
    }

    pub async fn add(&self, endpoint: &Endpoint) -> Result<(), JournalError> {
        let Endpoint { id, url, secret, types, .. } = endpoint;
        let added = Added { url: url.whole(), secret: secret.reveal(), types: types.clone() };
        self.keep(ADDED.to_owned(), id.clone(), &added).await
    }

    /// It is no longer one of those that were added.
    pub async fn remove(&self, id: &str) -> Result<(), JournalError> {
        self.drop(ADDED.to_owned(), vec![id.to_owned()]).await
    }

    /// Forgets what it was sent; how far it was goes last, so that what is left is found at the next start.
    pub async fn forget(&self, id: &str) -> Result<(), JournalError> {
        let letters = self.all::<DeadLetter>(dead_room(id)).await?;
        self.drop(dead_room(id), letters.into_iter().map(|(key, _)| key).collect()).await?;
        self.drop(PROGRESS.to_owned(), vec![id.to_owned()]).await
    }

    /// The receivers of which something is on record.
    pub async fn progress(&self) -> Result<Vec<(String, Progress)>, JournalError> {
        self.all(PROGRESS.to_owned()).await
    }

    pub async fn save_progress(&self, id: &str, progress: &Progress) -> Result<(), JournalError> {
        self.keep(PROGRESS.to_owned(), id.to_owned(), progress).await
    }

    pub async fn dead_letters(&self, id: &str) -> Result<Vec<DeadLetter>, JournalError> {
        let letters = self.all(dead_room(id)).await?;
        Ok(letters.into_iter().map(|(_, letter)| letter).collect())
    }

    pub async fn keep_dead_letter(&self, id: &str, letter: &DeadLetter) -> Result<(), JournalError> {
        self.keep(dead_room(id), key(letter.sequence()), letter).await
    }

    pub async fn drop_dead_letters(&self, id: &str, sequences: &[u64]) -> Result<(), JournalError> {
        self.drop(dead_room(id), sequences.iter().copied().map(key).collect()).await
    }

    async fn all<T: for<'de> Deserialize<'de>>(
        &self,
        room: String,
    ) -> Result<Vec<(String, T)>, JournalError> {
        let Some(journal) = &self.0 else { return Ok(Vec::new()) };
        let rows = journal.read(move |connection| kept(connection, &room)).await?;
        rows.into_iter().map(|(key, value)| Ok((key, serde_json::from_slice(&value)?))).collect()
    }

    async fn keep(&self, room: String, key: String, value: &impl Serialize) -> Result<(), JournalError> {
        let Some(journal) = &self.0 else { return Ok(()) };
        journal.save(Write::Keep(room, key, serde_json::to_vec(value)?)).await
    }

    async fn drop(&self, room: String, keys: Vec<String>) -> Result<(), JournalError> {
        let Some(journal) = &self.0 else { return Ok(()) };
        journal.save(Write::Drop(room, keys)).await
    }
}

fn dead_room(id: &str) -> String {
    format!("webhook-dead/{id}")
}

/// As text in the order of the numbers.
fn key(sequence: u64) -> String {
    format!("{sequence:020}")
}
