//! The board of an earlier run, played back from the journal.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::journal::{JournalError, LiveCall, Past, PastEvent};
use super::log::{Entry, Log, Subject};
use super::{Board, EventId, Frame, Settings, Topic};
use crate::agent::News;
use crate::agent::event::EventKind;
use crate::agent::{Call, CallId, Event, Saved};

/// A call that had not ended: as clients saw it last, and what brings it back.
pub type Unfinished = (Arc<Call>, Option<Saved>);

impl Board {
    /// The board as it was, and the calls that had not ended. Registrations are not played back: they are made anew.
    pub fn of_past(mut settings: Settings, past: Past) -> Result<(Self, Vec<Unfinished>), JournalError> {
        settings.epoch.clone_from(&past.epoch);
        let (max_events, max_bytes) = (settings.log_events, settings.log_bytes);
        let board = Self::new(settings);
        let mut wholes = wholes(&past.pictures)?;
        let unfinished = past.live.iter().map(unfinished).collect::<Result<_, _>>()?;
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
    wholes: &mut HashMap<CallId, Value>,
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

/// The pictures of calls, read.
pub(super) fn wholes(pictures: &HashMap<CallId, Vec<u8>>) -> Result<HashMap<CallId, Value>, JournalError> {
    pictures.iter().map(|(id, picture)| Ok((*id, serde_json::from_slice(picture)?))).collect()
}

/// The kind of an event of a call, and the call right after it. `None`: it is of a kind that is not known, or of a call that is not.
pub(super) fn replayed(
    (topic, id, envelope): (&str, CallId, &[u8]),
    wholes: &mut HashMap<CallId, Value>,
) -> Result<Option<(EventKind, Arc<Call>)>, JournalError> {
    let Some(kind) = EventKind::ALL.into_iter().find(|kind| kind.name() == topic) else { return Ok(None) };
    let whole = match kind {
        // Whole by itself.
        EventKind::Offered | EventKind::Dialing => wholes.entry(id).or_default(),
        _ => match wholes.get_mut(&id) {
            Some(whole) => whole,
            None => return Ok(None),
        },
    };
    let latest = completed(envelope, whole)?;
    if latest.is_null() {
        return Ok(None);
    }
    *whole = latest;
    Ok(Some((kind, Arc::new(Call::read(whole.clone())?))))
}

fn replayed_event(
    event: &PastEvent,
    wholes: &mut HashMap<CallId, Value>,
) -> Result<Option<(EventKind, Arc<Call>)>, JournalError> {
    let Some(id) = event.call else { return Ok(None) };
    replayed((&event.topic, id, &event.envelope), wholes)
}

fn unfinished(live: &LiveCall) -> Result<Unfinished, JournalError> {
    let picture = serde_json::from_slice(&live.picture)?;
    let latest = match &live.last {
        Some(envelope) => completed(envelope, &picture)?,
        None => picture,
    };
    let saved = live.saved.as_deref().map(serde_json::from_slice).transpose()?;
    Ok((Arc::new(Call::read(latest)?), saved))
}

/// The call of an envelope, with what later events leave out: what cannot have changed.
fn completed(envelope: &[u8], whole: &Value) -> Result<Value, JournalError> {
    let mut envelope: Value = serde_json::from_slice(envelope)?;
    let mut call = envelope.pointer_mut("/data/call").map(Value::take).unwrap_or_default();
    if let Some(call) = call.as_object_mut() {
        fill(call, "headers", whole);
        if let Some(sdp) = call.get_mut("sdp").and_then(Value::as_object_mut) {
            fill(sdp, "remote", whole.get("sdp").unwrap_or(&Value::Null));
        }
    }
    Ok(call)
}

fn fill(object: &mut Map<String, Value>, name: &str, from: &Value) {
    if !object.contains_key(name) {
        object.insert(name.to_owned(), from.get(name).cloned().unwrap_or_default());
    }
}
