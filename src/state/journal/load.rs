//! What the journal holds of the past, read once at the start.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::kept::closing;
use super::whole::whole;
use super::{JournalError, answers, life};
use crate::agent::event::EventKind;
use crate::agent::{Call, CallId, Timestamp};
use crate::state::Epochs;
use crate::state::answers::Keyed;

/// How much of the log is read at the start: what is kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Events at most.
    pub events: u64,
    /// Bytes of envelopes at most.
    pub bytes: u64,
}

/// What is read at the start.
#[derive(Debug)]
pub struct Past {
    /// Tell this log's sequences from those of another.
    pub epochs: Epochs,
    /// The sequence of the last event; 0 before the first.
    pub last: u64,
    /// The oldest event that is kept.
    pub oldest: u64,
    /// The newest events, in order.
    pub events: Vec<PastEvent>,
    /// The calls that these are of, whole. Not those that are whole in their first event here.
    pub wholes: HashMap<CallId, Arc<Call>>,
    /// The calls that have not ended, oldest first; behind them those that have and whose BYE may not have been sent.
    pub live: Vec<LiveCall>,
    /// The commands that came with a key.
    pub keyed: Vec<Keyed>,
}

/// An event of the past.
#[derive(Debug)]
pub struct PastEvent {
    /// Its number.
    pub sequence: u64,
    /// When it happened.
    pub time: Timestamp,
    /// Its name.
    pub topic: String,
    /// The call it is of.
    pub call: Option<CallId>,
    /// The account it is of.
    pub account: Option<String>,
    /// The CloudEvents envelope, JSON.
    pub envelope: Vec<u8>,
}

/// A call that had not ended, or whose BYE may not have been sent.
#[derive(Debug)]
pub struct LiveCall {
    /// The call, whole, as it was told of last.
    pub call: Arc<Call>,
    /// What brings it back: JSON; `None`: nothing does.
    pub saved: Option<Vec<u8>>,
}

/// The columns of an event, as [`PastEvent::read`] wants them.
pub const COLUMNS: &str = "sequence, time, topic, call, account, envelope";

impl PastEvent {
    /// From a row of [`COLUMNS`].
    pub fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sequence: row.get(0)?,
            time: Timestamp(row.get(1)?),
            topic: row.get(2)?,
            call: row.get::<_, Option<[u8; 16]>>(3)?.map(CallId::from_bytes),
            account: row.get(4)?,
            envelope: row.get(5)?,
        })
    }
}

/// Reads it.
pub(super) fn past(connection: &Connection, limits: Limits) -> Result<Past, JournalError> {
    let oldest = oldest(connection)?;
    let events = newest_events(connection, limits)?;
    Ok(Past {
        epochs: life::epochs(connection)?,
        last: last(connection)?,
        oldest,
        wholes: wholes(connection, &events)?,
        events,
        live: live(connection)?,
        keyed: answers::all(connection)?,
    })
}

/// The sequence of the last event; 0 before the first.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<u64> {
    let newest: Option<u64> =
        connection.query_row("SELECT max(sequence) FROM event", [], |row| row.get(0))?;
    newest.map_or_else(|| Ok(oldest(connection)? - 1), Ok)
}

/// The sequence of the oldest event that is still told, or of the first that will come. Older ones are there for their calls.
pub fn oldest(connection: &Connection) -> rusqlite::Result<u64> {
    let floor = connection.query_row("SELECT value FROM meta WHERE name = 'floor'", [], |row| row.get(0));
    Ok(floor.optional()?.unwrap_or(1))
}

/// Events, and the calls that are not whole in their first event there.
pub type Stretch = (Vec<PastEvent>, HashMap<CallId, Arc<Call>>);

/// The events behind a sequence up to another, and the calls that they are of.
pub fn events_behind(connection: &Connection, after: u64, upto: u64) -> Result<Stretch, JournalError> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event WHERE sequence > ? AND sequence <= ? ORDER BY sequence"
    ))?;
    let after = after.max(oldest(connection)? - 1);
    let events = find.query_map([after, upto], PastEvent::read)?.collect::<Result<Vec<_>, _>>()?;
    let wholes = wholes(connection, &events)?;
    Ok((events, wholes))
}

/// The same of one call.
pub fn events_of(
    connection: &Connection,
    call: CallId,
    (after, upto): (u64, u64),
    limit: u64,
) -> Result<Stretch, JournalError> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event WHERE call = ? AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?"
    ))?;
    let after = after.max(oldest(connection)? - 1);
    let found = find.query_map(params![call.to_bytes(), after, upto, limit], PastEvent::read)?;
    let events = found.collect::<Result<Vec<_>, _>>()?;
    let wholes = wholes(connection, &events)?;
    Ok((events, wholes))
}

/// The sequence of a call's end, if it is kept.
pub fn end_of(connection: &Connection, call: CallId) -> Result<Option<u64>, JournalError> {
    let mut find = connection
        .prepare_cached("SELECT sequence FROM event WHERE call = ? AND topic = 'call.ended' LIMIT 1")?;
    Ok(find.query_row([call.to_bytes()], |row| row.get(0)).optional()?)
}

/// The envelopes of these events, as far as they are kept.
pub fn envelopes(connection: &Connection, sequences: &[u64]) -> Result<Vec<Vec<u8>>, JournalError> {
    let mut find = connection.prepare_cached("SELECT envelope FROM event WHERE sequence = ?")?;
    let oldest = oldest(connection)?;
    let kept = sequences.iter().filter(|sequence| **sequence >= oldest);
    let found = kept.map(|sequence| find.query_row([sequence], |row| row.get(0)).optional());
    Ok(found.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

/// The envelopes of a call's first events, as far as they are kept.
pub fn envelopes_of(
    connection: &Connection,
    call: CallId,
    limit: usize,
) -> Result<Vec<Vec<u8>>, JournalError> {
    let mut find = connection.prepare_cached(
        "SELECT envelope FROM event WHERE call = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
    )?;
    let found = find.query_map(params![call.to_bytes(), oldest(connection)?, limit], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn newest_events(connection: &Connection, limits: Limits) -> Result<Vec<PastEvent>, JournalError> {
    let mut find = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM event WHERE sequence >= ? ORDER BY sequence DESC LIMIT ?"
    ))?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    for event in find.query_map([oldest(connection)?, limits.events], PastEvent::read)? {
        let event = event?;
        bytes += event.envelope.len() as u64;
        if bytes > limits.bytes && !events.is_empty() {
            break;
        }
        events.push(event);
    }
    events.reverse();
    Ok(events)
}

/// The calls of these events, as far as they are known and are not whole in their first event here.
fn wholes(connection: &Connection, events: &[PastEvent]) -> Result<HashMap<CallId, Arc<Call>>, JournalError> {
    let (mut seen, mut wholes) = (HashSet::new(), HashMap::new());
    for event in events {
        let Some(call) = event.call.filter(|call| seen.insert(*call)) else { continue };
        let is_whole = EventKind::named(&event.topic).is_some_and(EventKind::is_first);
        if !is_whole && let Some(whole) = whole(connection, call)? {
            wholes.insert(call, Arc::new(whole));
        }
    }
    Ok(wholes)
}

fn live(connection: &Connection) -> Result<Vec<LiveCall>, JournalError> {
    let mut find = connection
        .prepare("SELECT id, saved FROM call INDEXED BY call_live WHERE ended IS NULL ORDER BY id")?;
    let mut live = Vec::new();
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        let id = CallId::from_bytes(row.get(0)?);
        match whole(connection, id)? {
            Some(call) => live.push(LiveCall { call: Arc::new(call), saved: row.get(1)? }),
            None => tracing::warn!(call = %id, "nothing is known any more of a call that had not ended"),
        }
    }
    live.extend(closing(connection)?);
    Ok(live)
}
