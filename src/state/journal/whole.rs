//! Calls, put together from their events: the first one tells all of a call, later ones what can have changed. Those that are needed
//! for it are kept as long as the call.

use rusqlite::Connection;
use serde::Deserialize;

use super::JournalError;
use super::row::Turn;
use crate::agent::event::{CallState, EventKind, Sdp};
use crate::agent::{Call, CallId};

/// A call as it was after the last of its events that is kept, with what they leave out as far as that is known. `None`: nothing of it is.
pub(super) fn whole(connection: &Connection, id: CallId) -> Result<Option<Call>, JournalError> {
    let mut find = connection.prepare_cached(
        "SELECT picture,
             (SELECT envelope FROM event WHERE event.call = ?1 ORDER BY sequence LIMIT 1),
             (SELECT envelope FROM event WHERE event.sequence = call.remote),
             (SELECT envelope FROM event WHERE event.call = ?1 ORDER BY sequence DESC LIMIT 1)
         FROM call WHERE id = ?1",
    )?;
    let mut rows = find.query([id.to_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let told = |column| row.get_ref(column)?.as_blob_or_null().map_err(rusqlite::Error::from);
    let base = match told(0)? {
        Some(picture) if !picture.is_empty() => Some(Call::read(picture)?),
        _ => told(1)?.map(call_of).transpose()?.flatten(),
    };
    let remote = told(2)?.map(call_of).transpose()?.flatten();
    let base = base.map(|call| match remote {
        Some(Call { sdp, .. }) => Call { sdp: Sdp { remote: sdp.remote, ..call.sdp }, ..call },
        None => call,
    });
    let last = told(3)?.map(call_of).transpose()?.flatten();
    Ok(last.map(|call| call.completed(base.as_ref())).or(base))
}

/// The call of an envelope, as far as it is told there. `None`: the event could not be written whole.
pub(in crate::state) fn call_of(envelope: &[u8]) -> Result<Option<Call>, JournalError> {
    #[derive(Deserialize)]
    struct Envelope {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        call: Option<Call>,
    }

    let Envelope { data } = serde_json::from_slice(envelope)?;
    Ok(data.call.map(|call| call.completed(None)))
}

/// What an event makes of its call's row, told from its envelope.
pub(super) fn turn(topic: &str, envelope: &[u8]) -> Result<Turn, JournalError> {
    let is_first = EventKind::named(topic).is_some_and(EventKind::is_first);
    let turn = call_of(envelope)?.map(|call| Turn {
        is_over: call.state == CallState::Ended,
        tells_remote: !is_first && call.sdp.remote.is_some(),
    });
    Ok(turn.unwrap_or_default())
}
