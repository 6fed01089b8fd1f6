//! The tables, as numbered steps: a database is brought from the step it is at to the last one, and never back.

use rusqlite::{Connection, TransactionBehavior};

use super::JournalError;

/// Step by step; what is written here never changes once it is released.
const STEPS: [&str; 3] = [
    "
    -- One row a name: `epoch`, and `floor`, the sequence of the oldest event that is kept.
    CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

    CREATE TABLE event (
        sequence INTEGER PRIMARY KEY,
        time     INTEGER NOT NULL,      -- microseconds since 1970
        topic    TEXT NOT NULL,         -- call.offered, …
        call     BLOB,                  -- 16 bytes; null: of no call
        account  TEXT,                  -- the account whose registration changed
        envelope BLOB NOT NULL          -- CloudEvents, JSON
    ) STRICT;
    CREATE INDEX event_of_call ON event (call, sequence) WHERE call IS NOT NULL;

    -- Every call of which an event is kept.
    CREATE TABLE call (
        id             BLOB PRIMARY KEY,
        created        INTEGER NOT NULL,
        ended          INTEGER,         -- null: it has not
        ended_sequence INTEGER,
        picture        BLOB NOT NULL,   -- the call, JSON; whole at its first event and at its end
        saved          BLOB             -- what brings it back after a crash, JSON; null once it has ended
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX call_ended ON call (ended_sequence) WHERE ended IS NOT NULL;
    CREATE TABLE answer (
        key         TEXT PRIMARY KEY,   -- Idempotency-Key
        fingerprint BLOB NOT NULL,
        at          INTEGER NOT NULL,
        status      INTEGER,            -- null: the command is under way
        headers     TEXT,
        body        BLOB,
        call        BLOB
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX call_live ON call (id) WHERE ended IS NULL;
",
    "
    -- What other rooms keep: each its own keys and values.
    CREATE TABLE IF NOT EXISTS kept (
        room  TEXT NOT NULL,
        key   TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (room, key)
    ) STRICT, WITHOUT ROWID;

    -- With rows of their own calls lie in their pages, where a key that holds a picture needs a page beside them.
    ALTER TABLE call RENAME TO former;
    DROP INDEX call_ended;
    DROP INDEX call_live;
    CREATE TABLE call (
        id             BLOB NOT NULL UNIQUE,
        created        INTEGER NOT NULL,
        ended          INTEGER,
        ended_sequence INTEGER,
        picture        BLOB NOT NULL,
        saved          BLOB
    ) STRICT;
    INSERT INTO call SELECT id, created, ended, ended_sequence, picture, saved FROM former ORDER BY id;
    DROP TABLE former;
    CREATE INDEX call_ended ON call (ended_sequence) WHERE ended IS NOT NULL;
    CREATE INDEX call_live ON call (id) WHERE ended IS NULL;
",
    "
    -- A call is put together from its events. From here on `picture` is empty but for calls of which something was told behind their end.
    ALTER TABLE call ADD COLUMN remote INTEGER; -- the sequence of the last event that told a new description of the peer's
",
];

/// Brings the database to the last step. One of a later version of this program is left alone.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), JournalError> {
    let at: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if at > STEPS.len() {
        return Err(JournalError::TooNew { found: at, known: STEPS.len() });
    }
    for (step, sql) in STEPS.iter().enumerate().skip(at) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_an_earlier_step_keeps_what_is_in_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection
            .execute_batch(
                "PRAGMA user_version = 1;
                 INSERT INTO call VALUES (x'02', 7, 9, 40, x'7b7d', NULL), (x'01', 6, NULL, NULL, x'5b5d', x'00');",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let calls = "SELECT group_concat(hex(id) || created || coalesce(ended_sequence, '-') || hex(picture) || '/' || hex(saved)) FROM call";
        let kept: String = connection.query_row(calls, [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "016-5B5D/00,027407B7D/");
        connection.execute_batch("INSERT INTO kept VALUES ('room', 'key', x'00')").unwrap();
        migrate(&mut connection).unwrap();
    }
}
