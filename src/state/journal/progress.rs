//! How far the journal is.

use std::sync::Arc;

/// What is committed, what of it is in the database, and whether either can go on.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The number of the last batch that is committed.
    pub committed: u64,
    /// How many rows are committed.
    pub recorded: u64,
    /// How many of them are in the database.
    pub indexed: u64,
    /// The last event that is in the database.
    pub indexed_event: u64,
    /// The sequence of the oldest event kept.
    pub oldest: u64,
    /// Why nothing can be committed at present; `None`: it can.
    pub unwritten: Option<Arc<str>>,
    /// Why the database takes nothing at present; `None`: it does. What is committed waits for it.
    pub unindexed: Option<Arc<str>>,
}

impl Progress {
    /// Why not all is well.
    pub fn fault(&self) -> Option<&Arc<str>> {
        self.unwritten.as_ref().or(self.unindexed.as_ref())
    }
}
