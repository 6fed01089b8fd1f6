//! A stream of events, as the board writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::FutureExt;
use serde_json::Value;

use super::{after, cancelled, offered, registered, ringing};
use crate::agent::News;
use crate::agent::event::{AccountEvent, Event, EventKind};
use crate::state::{After, Board, EventId, Filter, Settings, Told};

/// A stream as server-sent events, and some of its lines by their types.
pub fn stream() -> (String, BTreeMap<String, Value>) {
    let board =
        Board::new(Settings { node: "agent-1".to_owned(), epochs: "7f3a".into(), ..Settings::default() });
    let gone = After::Event(EventId { epoch: "7f39".into(), sequence: 7 });
    let mut readers = [
        board.follow(&gone, Filter::default(), after(0)),
        board.follow(&After::Now, Filter::default(), after(0)),
    ];
    let event = |kind, time, call| {
        let (call, renegotiated, detail) = (Arc::new(call), false, None);
        News::from(Event { kind, time: after(time), call, renegotiated, detail })
    };
    board.publish(vec![
        AccountEvent { time: after(-60), account: Arc::new(registered()) }.into(),
        event(EventKind::Offered, 0, offered()),
        event(EventKind::Ringing, 1, ringing()),
        event(EventKind::Ended, 9, cancelled()),
    ]);
    board.publish(vec![Told::Draining(after(20))]);
    let frames = readers.iter_mut().filter_map(|reader| reader.next().now_or_never().flatten()).flatten();
    let mut events = String::new();
    let mut lines = BTreeMap::new();
    for frame in frames {
        let line: Value = serde_json::from_slice(&frame.line()).unwrap_or_default();
        lines.insert(line.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(), line);
        events.push_str(&String::from_utf8_lossy(&frame.sse()));
    }
    (events, lines)
}
