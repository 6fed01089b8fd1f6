//! The records of ended calls: from the journal as long as it keeps them; without one, those that are still readable.

use std::sync::Arc;

use super::journal::{Journal, JournalError, ended};
use super::{Board, Filter};
use crate::agent::event::{CallState, EndCause};
use crate::agent::{Call, CallId, Timestamp};

/// How many records are looked at for one page; a page may be short, and the next one goes on.
const LOOKS: usize = 10_000;

/// Which records are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What the calls were like.
    pub filter: Filter,
    /// How they ended; empty: in any way.
    pub causes: Vec<EndCause>,
    /// They began then or later.
    pub since: Option<Timestamp>,
    /// They began before that.
    pub until: Option<Timestamp>,
    /// They began before this call.
    pub cursor: Option<CallId>,
    /// At most so many.
    pub limit: usize,
}

/// One page of records.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Newest first.
    pub calls: Vec<Arc<Call>>,
    /// Where the next page starts; `None`: this was the last.
    pub next_cursor: Option<CallId>,
}

impl Wanted {
    fn lets(&self, call: &Call) -> bool {
        let cause = call.end.as_ref().map(|end| end.cause);
        (self.causes.is_empty() || cause.is_some_and(|cause| self.causes.contains(&cause)))
            && self.since.is_none_or(|since| call.created_at >= since)
            && self.until.is_none_or(|until| call.created_at < until)
            && self.filter.lets_call(call)
    }

    /// The ids between which the calls are: they begin with the time.
    fn bounds(&self) -> (CallId, CallId) {
        let first = CallId::new(self.since.map_or(0, Timestamp::milliseconds), 0);
        let last = CallId::from_bytes([0xff; 16]);
        let until = self.until.map_or(last, |until| CallId::new(until.milliseconds() + 1, 0));
        (first, self.cursor.map_or(until, |cursor| cursor.min(until)))
    }
}

/// A page of records.
pub async fn records(
    board: &Board,
    journal: Option<&Journal>,
    wanted: Wanted,
) -> Result<Records, JournalError> {
    match journal {
        Some(journal) => journal.read(move |connection| from_journal(connection, &wanted)).await,
        None => Ok(from_board(board, wanted).await),
    }
}

fn from_journal(connection: &rusqlite::Connection, wanted: &Wanted) -> Result<Records, JournalError> {
    let (since, cursor) = wanted.bounds();
    let mut page = Records::default();
    let mut looks = 0;
    ended(connection, since, cursor, |call| {
        if page.calls.len() == wanted.limit {
            page.next_cursor = page.calls.last().map(|call: &Arc<Call>| call.id);
            return Ok(false);
        }
        looks += 1;
        if looks > LOOKS {
            page.next_cursor = Some(call.id.behind());
            return Ok(false);
        }
        if wanted.lets(&call) {
            page.calls.push(Arc::new(call));
        }
        Ok(true)
    })?;
    Ok(page)
}

/// Those that are readable at all are few.
async fn from_board(board: &Board, mut wanted: Wanted) -> Records {
    let (since, mut cursor) = wanted.bounds();
    let mut page = Records::default();
    let states = &mut wanted.filter.states;
    if !states.is_empty() && !states.contains(&CallState::Ended) {
        return page;
    }
    *states = vec![CallState::Ended];
    loop {
        let found = board.list(&wanted.filter, wanted.limit, Some(cursor)).await;
        for call in found.calls.into_iter().filter(|call| call.id >= since && wanted.lets(call)) {
            if page.calls.len() == wanted.limit {
                page.next_cursor = page.calls.last().map(|call| call.id);
                return page;
            }
            page.calls.push(call);
        }
        match found.next_cursor {
            Some(next) => cursor = next,
            None => return page,
        }
    }
}
