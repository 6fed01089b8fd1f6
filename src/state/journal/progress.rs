//! How far the writer is.

use std::sync::Arc;

/// What is committed, and whether the journal can be written.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The number of the last batch that is committed.
    pub committed: u64,
    /// The sequence of the oldest event kept.
    pub oldest: u64,
    /// Why nothing can be committed at present; `None`: all is well.
    pub fault: Option<Arc<str>>,
}
