//! How much of the past is kept, by age, count and bytes; what is over goes in small helpings between two batches, so that no
//! call waits for it.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Result, TransactionBehavior, params};

use super::load::oldest;

/// How many events one helping takes away at most.
const HELPING: u64 = 500;

/// Takes away the events between two, but not those that a call which stays is put together from: nobody is told them any more.
const EVENTS: &str = "DELETE FROM event WHERE sequence >= ?1 AND sequence < ?2 AND NOT EXISTS (
    SELECT 1 FROM call WHERE call.id = event.call AND (call.ended IS NULL OR call.ended_sequence >= ?2) AND (
        event.topic IN ('call.offered', 'call.dialing') OR event.sequence = call.remote
        OR NOT EXISTS (SELECT 1 FROM event AS later WHERE later.call = call.id AND later.sequence > event.sequence)
    )
)";
/// Takes away all events of the calls that go.
const EVENTS_OF_CALLS: &str = "DELETE FROM event INDEXED BY event_of_call WHERE call IN (
    SELECT id FROM call INDEXED BY call_ended WHERE ended IS NOT NULL AND ended_sequence < ?1
) AND sequence < ?1";
const CALLS: &str = "DELETE FROM call INDEXED BY call_ended WHERE ended IS NOT NULL AND ended_sequence < ?1";

/// What is kept at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How long an event is kept.
    pub age: Duration,
    /// How many events are kept.
    pub events: u64,
    /// How large the database may be, bytes. A call that goes on is kept beyond all bounds.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_secs(7 * 24 * 3600), events: 10_000_000, bytes: 4 << 30 }
    }
}

/// What a helping has come to.
pub(super) struct Swept {
    /// The oldest event that is still told.
    pub oldest: u64,
    /// Whether there is more to take away.
    pub more: bool,
}

/// Takes away a helping of what is over the bounds.
pub(super) fn sweep(connection: &mut Connection, retention: Retention) -> Result<Swept> {
    let floor = oldest(connection)?;
    let next = over(connection, retention, floor)?.min(floor + HELPING);
    if next <= floor {
        return Ok(Swept { oldest: floor, more: false });
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(EVENTS, [floor, next])?;
    transaction.execute(EVENTS_OF_CALLS, [next])?;
    transaction.execute(CALLS, [next])?;
    transaction.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('floor', ?)", [next])?;
    transaction.commit()?;
    Ok(Swept { oldest: next, more: next == floor + HELPING })
}

/// The first event that may stay.
fn over(connection: &Connection, retention: Retention, floor: u64) -> Result<u64> {
    let last: u64 =
        connection.query_row("SELECT coalesce(max(sequence), 0) FROM event", [], |row| row.get(0))?;
    let by_count = (last + 1).saturating_sub(retention.events);
    let by_age = behind_older(connection, floor, before(retention.age))?.unwrap_or(floor);
    let by_size = if size(connection)? > retention.bytes { floor + HELPING } else { floor };
    // The newest always stays: the next sequence follows it.
    Ok(by_count.max(by_age).max(by_size).min(last))
}

/// The first event behind those that are older; those of one helping are looked at. What is before an older one is as old, whatever a clock
/// that was ahead has said of it; but nothing goes that is behind a younger one of a time that has been: there the clock was behind.
fn behind_older(connection: &Connection, floor: u64, time: i64) -> Result<Option<u64>> {
    let mut find = connection.prepare_cached(
        "SELECT max(sequence) + 1 FROM event WHERE sequence >= ?1 AND time < ?3 AND sequence < coalesce(
             (SELECT min(sequence) FROM event
              WHERE sequence >= ?1 AND sequence < ?1 + ?2 AND time BETWEEN ?3 AND ?4),
             ?1 + ?2
         )",
    )?;
    find.query_row(params![floor, HELPING, time, before(Duration::ZERO)], |row| row.get(0))
}

/// How many bytes are in use; what was taken away is used again.
fn size(connection: &Connection) -> Result<u64> {
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0));
    Ok(pragma("page_count")?.saturating_sub(pragma("freelist_count")?) * pragma("page_size")?)
}

fn before(age: Duration) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.saturating_sub(age).as_micros()).unwrap_or(0)
}

/// Takes all of it away, and gives the oldest event that is kept.
#[cfg(test)]
pub fn sweep_all(connection: &mut Connection, retention: Retention) -> u64 {
    loop {
        let swept = sweep(connection, retention).expect("it can be written");
        if !swept.more {
            return swept.oldest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::event::EventKind;
    use crate::state::journal::schema;

    #[test]
    fn a_helping_looks_at_its_own_rows_alone() {
        let mut database = Connection::open_in_memory().unwrap();
        schema::migrate(&mut database).unwrap();
        for (sql, indexes) in [
            (EVENTS, &["PRIMARY KEY", "call_1", "event_of_call"][..]),
            (EVENTS_OF_CALLS, &["event_of_call", "call_ended"]),
            (CALLS, &["call_ended"]),
        ] {
            let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
            let steps = steps.collect::<Result<Vec<_>>>().unwrap();
            let looks: Vec<_> =
                steps.iter().filter(|step| step.contains("SCAN") || step.contains("SEARCH")).collect();
            let fit = looks
                .iter()
                .zip(indexes)
                .all(|(look, index)| look.starts_with("SEARCH") && look.contains(index));
            assert!(fit && looks.len() == indexes.len(), "{steps:?}");
        }
    }

    #[test]
    fn the_first_events_of_calls_are_known() {
        let firsts = EventKind::ALL
            .into_iter()
            .filter(|kind| kind.is_first())
            .map(|kind| format!("'{}'", kind.name()));
        assert!(EVENTS.contains(&format!("IN ({})", firsts.collect::<Vec<_>>().join(", "))));
    }
}
