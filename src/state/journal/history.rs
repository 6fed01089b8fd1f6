//! The past, asked for piece by piece: events for who reads the file, ended calls for their records.

use std::io;
use std::path::Path;

use rusqlite::{Connection, params};

use super::row::{EventRow, Row};
use super::whole::whole;
use super::{COLUMNS, FILE, JournalError, PastEvent, life, load, read, tail};
use crate::agent::{Call, CallId, Timestamp};
use crate::state::Epochs;

/// A journal that is only read, whether an agent writes it or not.
#[derive(Debug)]
pub struct History {
    database: Connection,
    /// What was committed and not in the database when this was opened, or had come there just then.
    tail: Vec<PastEvent>,
}

impl History {
    /// Opens the journal in a data directory.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let file = directory.join(FILE);
        let missing = |error| JournalError::Directory { directory: file.clone(), error };
        std::fs::metadata(&file).map_err(missing)?;
        // In this order: what goes from the one to the other meanwhile is in both and not in neither.
        let tail = tail(directory)?;
        Ok(Self { database: read::open(&file)?, tail })
    }

    /// The epochs, and the sequence of the oldest event kept.
    pub fn place(&self) -> Result<(Epochs, u64), JournalError> {
        Ok((life::epochs(&self.database)?, load::oldest(&self.database)?))
    }

    /// The events behind a sequence, of one call or of all, to who takes them; until he has enough.
    pub fn events(
        &self,
        after: u64,
        call: Option<CallId>,
        mut take: impl FnMut(&PastEvent) -> bool,
    ) -> Result<(), JournalError> {
        // What is below the oldest is kept for its call, and told no more.
        let moment = self.database.unchecked_transaction()?;
        let mut last = after.max(load::oldest(&moment)? - 1);
        let of_call = if call.is_some() { "call = ?2" } else { "?2 IS NULL" };
        let sql = format!("SELECT {COLUMNS} FROM event WHERE sequence > ?1 AND {of_call} ORDER BY sequence");
        let mut find = moment.prepare(&sql)?;
        for event in find.query_map(params![last, call.map(CallId::to_bytes)], PastEvent::read)? {
            let event = event?;
            if !take(&event) {
                return Ok(());
            }
            last = event.sequence;
        }
        let is_wanted = |event: &&PastEvent| event.sequence > last && (call.is_none() || event.call == call);
        self.tail.iter().filter(is_wanted).all(take);
        Ok(())
    }
}

/// The events in the log's own files, in order.
fn tail(directory: &Path) -> Result<Vec<PastEvent>, JournalError> {
    let mut events = Vec::new();
    for file in tail::left(directory).map_err(JournalError::Tail)? {
        let bytes = match std::fs::read(file) {
            // The database has it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read.map_err(JournalError::Tail)?,
        };
        let rows = tail::records(&bytes).map_err(JournalError::Tail)?.flatten();
        events.extend(
            rows.filter_map(|row| if let Row::Event(event) = row { Some(event.into()) } else { None }),
        );
    }
    Ok(events)
}

impl From<EventRow> for PastEvent {
    fn from(EventRow { sequence, time, topic, call, account, envelope, .. }: EventRow) -> Self {
        let (time, call) = (Timestamp(time), call.map(CallId::from_bytes));
        Self { sequence, time, topic: topic.into_owned(), call, account, envelope: envelope.into() }
    }
}

/// The ended calls that began before `cursor` (excluded) and not before `since`, newest first, to who takes them; until he has
/// enough.
pub fn ended(
    connection: &Connection,
    since: CallId,
    cursor: CallId,
    mut take: impl FnMut(Call) -> Result<bool, JournalError>,
) -> Result<(), JournalError> {
    let mut find = connection.prepare_cached(
        "SELECT id FROM call WHERE id >= ? AND id < ? AND ended IS NOT NULL ORDER BY id DESC",
    )?;
    let mut rows = find.query(params![since.to_bytes(), cursor.to_bytes()])?;
    while let Some(row) = rows.next()? {
        let call = whole(connection, CallId::from_bytes(row.get(0)?))?;
        if !call.map_or(Ok(true), &mut take)? {
            return Ok(());
        }
    }
    Ok(())
}
