//! What commands with an `Idempotency-Key` were answered: the same command again gets the first answer again, and is not done
//! twice; not after a crash either.
//!
//! A key is on record before its command is given, and its answer before that is sent. Kept for the life of the call and an
//! hour longer, but no more than 100,000 of them and 128 MiB with their answers: beyond either the oldest are forgotten, and what is sent
//! again then is a new command.
//!
//! Clients do not find each other's: a key is kept behind a line that names its client, if there is a name to tell him by.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::Board;
use super::journal::{Journal, JournalError, Write};
use crate::agent::{CallId, Timestamp};

/// For how long a key is kept when its call is over, or if it has none.
const KEPT: Duration = Duration::from_secs(3600);
/// How many keys are kept.
const MOST: usize = 100_000;
/// How many bytes of answers are kept, and of keys.
const MOST_BYTES: usize = 128 * 1024 * 1024;
/// How often those are looked for that are no longer kept.
const SWEEP: Duration = Duration::from_secs(60);

/// A command that was given under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The key, behind the line of its client.
    pub key: String,
    /// What the command was: a digest of all of it.
    pub fingerprint: [u8; 32],
    /// When it came.
    pub at: Timestamp,
    /// What it was answered; `None`: it is under way, or was when the process died.
    pub answer: Option<Answer>,
}

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that matter to the client.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The call that it is about.
    pub call: Option<CallId>,
}

/// What a key says of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is to be done, and is on record as under way.
    New,
    /// It was done, and answered so.
    Done(Answer),
    /// It is under way.
    UnderWay,
    /// It was under way when the process died: what became of it is not known.
    Unknown,
    /// Another command has this key.
    Another,
}

/// The keys and their answers. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub struct Answers {
    board: Board,
    /// `None`: they are forgotten with the process.
    journal: Option<Journal>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    by_key: HashMap<String, Entry>,
    /// By age.
    order: BTreeMap<u64, String>,
    last: u64,
    bytes: usize,
    /// When was looked for those that are over; `None`: never.
    swept: Option<Timestamp>,
}

#[derive(Debug)]
struct Entry {
    place: u64,
    keyed: Keyed,
    /// Whether the process that it was given to has died.
    is_of_the_dead: bool,
    /// Since when its call can no longer be read.
    gone: Option<Timestamp>,
}

impl Answers {
    /// Those of an earlier run, in the order in which they came.
    pub fn new(board: Board, journal: Option<Journal>, past: Vec<Keyed>) -> Self {
        let mut kept = Kept::default();
        for keyed in past {
            kept.add(keyed, true);
        }
        Self { board, journal, kept: Arc::new(Mutex::new(kept)) }
    }

    /// A command comes with a key. If it is new it must be ended by [`Answers::end`] or [`Answers::forget`].
    pub async fn begin(
        &self,
        key: &str,
        fingerprint: [u8; 32],
        now: Timestamp,
    ) -> Result<Known, JournalError> {
        let keyed = Keyed { key: key.to_owned(), fingerprint, at: now, answer: None };
        let forgotten = {
            let mut kept = self.lock();
            if let Some(entry) = kept.by_key.get(key).or_else(|| kept.of_nobody(key, &fingerprint)) {
                return Ok(entry.says(&fingerprint));
            }
            let mut forgotten = kept.sweep(&self.board, now);
            kept.add(keyed.clone(), false);
            forgotten.extend(kept.shrink());
            forgotten
        };
        let saved = async {
            if !forgotten.is_empty() {
                self.save(Write::ForgetAnswers(forgotten)).await?;
            }
            self.save(Write::Answer(Arc::new(keyed))).await
        };
        let saved = saved.await;
        if saved.is_err() {
            self.lock().remove(key);
        }
        saved.map(|()| Known::New)
    }

    /// The command was answered. The answer is on record when this is over; if that fails the key is as it was begun.
    pub async fn end(&self, key: &str, answer: Answer) {
        let keyed = {
            let mut kept = self.lock();
            let bytes = answer.body.len();
            let Some(entry) = kept.by_key.get_mut(key) else { return };
            entry.keyed.answer = Some(answer);
            let keyed = entry.keyed.clone();
            kept.bytes += bytes;
            keyed
        };
        if let Err(error) = self.save(Write::Answer(Arc::new(keyed))).await {
            tracing::warn!(%error, "an answer could not be put on record");
        }
    }

    /// Nothing was done: the key is free again.
    pub async fn forget(&self, key: &str) {
        self.lock().remove(key);
        if let Err(error) = self.save(Write::ForgetAnswers(vec![key.to_owned()])).await {
            tracing::warn!(%error, "a key could not be taken off the record");
        }
    }

    async fn save(&self, write: Write) -> Result<(), JournalError> {
        match &self.journal {
            Some(journal) => journal.save(write).await,
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn says(&self, fingerprint: &[u8; 32]) -> Known {
        match &self.keyed.answer {
            _ if self.keyed.fingerprint != *fingerprint => Known::Another,
            Some(answer) => Known::Done(answer.clone()),
            None if self.is_of_the_dead => Known::Unknown,
            None => Known::UnderWay,
        }
    }

    /// Whether its time is over: an hour after the call has ended, or after it came if it is of none. When a call has ended that can
    /// no longer be read is not known: that was before it was first missed.
    fn is_over(&mut self, board: &Board, now: Timestamp) -> bool {
        let Some(answer) = &self.keyed.answer else {
            return self.is_of_the_dead && self.keyed.at.after(KEPT) < now;
        };
        let since = match answer.call.map(|call| board.call(call)) {
            Some(Some(call)) => match call.ended_at {
                Some(ended) => ended,
                None => return false,
            },
            Some(None) => *self.gone.get_or_insert(now),
            None => self.keyed.at,
        };
        since.after(KEPT) < now
    }

    /// With its key, which stands in three places.
    fn bytes(&self) -> usize {
        3 * self.keyed.key.len() + self.keyed.answer.as_ref().map_or(0, |answer| answer.body.len())
    }
}

impl Kept {
    fn add(&mut self, keyed: Keyed, is_of_the_dead: bool) {
        self.last += 1;
        self.order.insert(self.last, keyed.key.clone());
        let entry = Entry { place: self.last, keyed, is_of_the_dead, gone: None };
        self.bytes += entry.bytes();
        self.by_key.insert(entry.keyed.key.clone(), entry);
    }

    /// The same command, on record without a client: all was open then, or clients were not told apart.
    fn of_nobody(&self, key: &str, fingerprint: &[u8; 32]) -> Option<&Entry> {
        let (_, key) = key.split_once('\n')?;
        self.by_key.get(key).filter(|entry| entry.keyed.fingerprint == *fingerprint)
    }

    fn remove(&mut self, key: &str) {
        if let Some(entry) = self.by_key.remove(key) {
            self.order.remove(&entry.place);
            self.bytes -= entry.bytes();
        }
    }

    /// Forgets those whose time is over, if it is time to look.
    fn sweep(&mut self, board: &Board, now: Timestamp) -> Vec<String> {
        if self.swept.is_some_and(|swept| now < swept.after(SWEEP)) {
            return Vec::new();
        }
        self.swept = Some(now);
        let over = |entry: &mut Entry| entry.is_over(board, now).then(|| entry.keyed.key.clone());
        let gone: Vec<String> = self.by_key.values_mut().filter_map(over).collect();
        gone.iter().for_each(|key| self.remove(key));
        gone
    }

    /// Forgets the oldest that are too many or too large together.
    fn shrink(&mut self) -> Vec<String> {
        let mut gone = Vec::new();
        while (self.by_key.len() > MOST || self.bytes > MOST_BYTES)
            && let Some((_, oldest)) = self.order.first_key_value()
        {
            let oldest = oldest.clone();
            self.remove(&oldest);
            gone.push(oldest);
        }
        gone
    }
}
