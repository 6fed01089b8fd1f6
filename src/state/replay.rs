//! The board of an earlier run, played back from the journal.

use std::collections::HashMap;
use std::sync::Arc;

use super::journal::{JournalError, LiveCall, Past, PastEvent, call_of};
use super::log::{Entry, Log, Subject};
use super::{Board, EventId, Frame, Settings, Topic};
use crate::agent::News;
use crate::agent::event::EventKind;
use crate::agent::{Call, CallId, Event, Saved};

/// A call that had not ended, or whose BYE may not have been sent: as clients saw it last, and what brings it back.
pub type Unfinished = (Arc<Call>, Option<Saved>);

impl Board {
    /// The board as it was, and what was unfinished. Registrations are not played back: they are made anew.
    pub fn of_past(mut settings: Settings, past: Past) -> Result<(Self, Vec<Unfinished>), JournalError> {
        settings.epochs.clone_from(&past.epochs);
        let (max_events, max_bytes) = (settings.log_events, settings.log_bytes);
        let board = Self::new(settings);
        let mut wholes = past.wholes;
        let unfinished = past.live.into_iter().map(unfinished).collect::<Result<_, _>>()?;
        board.press().go_on_behind(past.last);
        let mut shown = board.write();
        let first = past.events.first().map_or(past.last + 1, |event| event.sequence);
        shown.log = Log::behind(first - 1, max_events, max_bytes);
        let latest = past.events.last().map(|event| event.time);
        for event in past.events {
            let id = board.event_id(event.sequence);
            match replayed_event(&event, &mut wholes)? {
                Some((kind, call)) => {
                    let frame = Frame::again(&id, Topic::Call(kind), &event.envelope);
                    let event = Event { kind, time: event.time, call, renegotiated: false, detail: None };
                    shown.add(&News::Call(event), frame);
                }
                None => shown.log.push(plain(&id, event)),
            }
        }
        if let Some(latest) = latest {
            shown.views.forget(latest);
        }
        drop(shown);
        Ok((board, unfinished))
    }
}

/// An event of the past, as the log has it.
pub(super) fn replayed_entry(
    id: &EventId,
    event: PastEvent,
    wholes: &mut HashMap<CallId, Arc<Call>>,
) -> Result<Entry, JournalError> {
    let Some((kind, call)) = replayed_event(&event, wholes)? else { return Ok(plain(id, event)) };
    let topic = Topic::Call(kind);
    Ok(Entry { topic, subject: Subject::Call(call), frame: Frame::again(id, topic, &event.envelope) })
}

/// An event that is of no call.
fn plain(id: &EventId, event: PastEvent) -> Entry {
    let topic = Topic::all().find(|topic| topic.name() == event.topic).unwrap_or(Topic::Registration);
    let subject = event.account.map_or(Subject::Stream, |account| Subject::Account(account.into()));
    Entry { topic, subject, frame: Frame::again(id, topic, &event.envelope) }
}

/// The kind of an event of a call, and the call right after it. `None`: it is of a kind that is not known, or of a call that is not.
fn replayed_event(
    event: &PastEvent,
    wholes: &mut HashMap<CallId, Arc<Call>>,
) -> Result<Option<(EventKind, Arc<Call>)>, JournalError> {
    let (Some(id), Some(kind)) = (event.call, EventKind::named(&event.topic)) else { return Ok(None) };
    let base = wholes.get(&id);
    if base.is_none() && !kind.is_first() {
        return Ok(None);
    }
    let Some(call) = call_of(&event.envelope)? else { return Ok(None) };
    let call = Arc::new(call.completed(base.map(|base| &**base)));
    wholes.insert(id, call.clone());
    Ok(Some((kind, call)))
}

fn unfinished(live: LiveCall) -> Result<Unfinished, JournalError> {
    let saved = live.saved.as_deref().map(serde_json::from_slice).transpose()?;
    Ok((live.call, saved))
}
