//! Where what the agent tells is put on record.

use crate::metrics::Metrics;
use crate::state::journal::Journal;
use crate::state::{Board, Unfinished};
use crate::timeline::Timelines;

/// Where clients see what the agent tells, and what an earlier run has left.
#[derive(Debug)]
pub struct Recorded {
    /// What clients see.
    pub board: Board,
    /// The log on disk; `None`: the log is in memory.
    pub journal: Option<Journal>,
    /// The calls that had not ended, and those whose BYE may not have been sent.
    pub unfinished: Vec<Unfinished>,
    /// What happened to calls.
    pub timelines: Timelines,
    /// Where what happens is counted.
    pub metrics: Metrics,
}

impl Recorded {
    /// A log in memory, which begins now; without timelines, and counted for nobody.
    pub fn in_memory(board: Board) -> Self {
        let (timelines, metrics) = (Timelines::default(), Metrics::default());
        Self { board, journal: None, unfinished: Vec::new(), timelines, metrics }
    }
}
