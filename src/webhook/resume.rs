//! Where a receiver goes on: behind what it was told in earlier runs, with what it had not taken yet.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tracing::warn;

use super::backlog::{Backlog, Pending};
use super::store::Progress;
use super::worker::Start;
use super::{Endpoint, Event};
use crate::driver;
use crate::state::Board;
use crate::state::journal::JournalError;

/// Reads what is on record of it.
pub(super) async fn resume(
    board: &Board,
    endpoint: &Endpoint,
    patience: Duration,
    progress: Progress,
) -> Result<Start, JournalError> {
    let read = progress.read().unwrap_or_else(|| board.last_event_id());
    let mut backlog = Backlog::new(patience, read.sequence);
    let (open, lost) = open(board, progress).await?;
    // What is behind `read` and gone the log tells itself.
    let gap = (lost > 0).then(|| board.gap_now(driver::wall_clock())).flatten();
    let gap = gap.and_then(|gap| Event::read(gap.envelope())).filter(|gap| gap.sequence <= read.sequence);
    if lost > 0 {
        warn!(webhook = endpoint.id, events = lost, "gone from the log before they could be delivered");
    }
    let gap = gap.map(Pending::new);
    gap.into_iter().chain(open).for_each(|pending| backlog.push(pending));
    Ok(Start { read, backlog })
}

/// The events that it had not taken yet, and how many of these the log no longer has.
async fn open(board: &Board, progress: Progress) -> Result<(Vec<Pending>, usize), JournalError> {
    let mut open = progress.open;
    open.sort_by_key(|open| open.sequence);
    let in_log = open.iter().filter(|open| open.body.is_none());
    let sequences: Vec<_> = in_log.map(|open| open.sequence).collect();
    let events = board.envelopes(&sequences).await?.into_iter().filter_map(Event::read);
    let mut events: BTreeMap<_, _> = events.map(|event| (event.sequence, event)).collect();
    let lost = sequences.len() - events.len();
    let pending = open.into_iter().filter_map(|open| {
        let event = match open.body {
            Some(body) => Event::read(Bytes::from(body)),
            None => events.remove(&open.sequence),
        };
        Some(Pending::tried(event?, open.attempts, open.since))
    });
    Ok((pending.collect(), lost))
}
