//! Labels of calls that have ended: the agent has forgotten them, so they are changed here.

use std::sync::Arc;

use crate::agent::command::Labels;
use crate::agent::event::EventKind;
use crate::agent::{Call, Event, Refusal, Timestamp};

/// An ended call with other labels, as `call.updated` tells it; `if_version` as in [`Command`](crate::agent::Command).
pub fn relabelled(
    call: &Arc<Call>,
    if_version: Option<u64>,
    patch: &Labels,
    now: Timestamp,
) -> Result<Event, Refusal> {
    if if_version.is_some_and(|version| version != call.version) {
        return Err(Refusal::VersionMismatch(call.clone()));
    }
    let labels = Arc::new(patch.merge(&call.labels)?);
    let call = Arc::new(Call { labels, version: call.version + 1, ..Call::clone(call) });
    Ok(Event { kind: EventKind::Updated, time: now, call, renegotiated: false, detail: None })
}
