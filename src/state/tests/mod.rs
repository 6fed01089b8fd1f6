//! The board, without a clock and without a driver.

mod accounts;
mod answers;
mod audience;
mod follow;
mod follow_call;
pub(crate) mod journal;
mod label;
mod list;
mod listed;
mod lives;
mod publish;
mod wholes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;

use super::{After, Board, Filter, Frame, Page, Reader, Settings};
use crate::agent::event::{
    Call, CallState, Direction, Event, EventKind, HeaderField, Hold, Party, Sdp, SipFacts, actions_of,
};
use crate::agent::{CallId, Timestamp};

const NOW: Timestamp = Timestamp(1_000_000);

pub(crate) fn settings() -> Settings {
    Settings { node: "n1".to_owned(), epochs: "7f3a".into(), ..Settings::default() }
}

pub(crate) fn board() -> Board {
    Board::new(settings())
}

fn id(number: u64) -> CallId {
    CallId::new(number, 0)
}

fn call(number: u64, state: CallState, version: u64) -> Call {
    let party = |uri: &'static str| Arc::new(Party { uri: uri.into(), display_name: None });
    Call {
        id: id(number),
        direction: Direction::Inbound,
        state,
        version,
        from: party("sip:1001@pbx.example.com"),
        to: party("sip:1000@10.0.0.1:10000;transport=tcp"),
        request_uri: "sip:1000@10.0.0.1:10000;transport=tcp".into(),
        account: None,
        headers: [HeaderField { name: "X-empolyee_id".into(), value: "1001".into() }].into(),
        sdp: Sdp::default(),
        sip: Arc::new(SipFacts {
            call_id: "e040".into(),
            local_tag: "a".into(),
            remote_tag: Some("b".into()),
            transport: "tcp",
            peer: "10.0.0.1:5060".into(),
        }),
        labels: Arc::new(BTreeMap::from([("ticket".to_owned(), "4711".to_owned())])),
        hold: Hold::None,
        claim: None,
        created_at: NOW,
        ringing_at: None,
        accepted_at: None,
        established_at: None,
        ended_at: None,
        end: None,
        actions: actions_of(Direction::Inbound, state),
    }
}

fn event(kind: EventKind, call: Call) -> Event {
    Event { kind, time: NOW, call: Arc::new(call), renegotiated: false, detail: None }
}

pub(crate) fn offered(number: u64) -> Event {
    event(EventKind::Offered, call(number, CallState::Offered, 1))
}

pub(crate) fn ringing(number: u64) -> Event {
    event(EventKind::Ringing, call(number, CallState::Ringing, 2))
}

pub(crate) fn ended(number: u64) -> Event {
    event(EventKind::Ended, call(number, CallState::Ended, 3))
}

fn ended_at(number: u64, seconds: i64) -> Event {
    Event { time: Timestamp(seconds * 1_000_000), ..ended(number) }
}

/// What the reader has now; `None`: its stream is over. Panics if it would have to wait.
fn read(reader: &mut Reader) -> Option<Vec<Frame>> {
    reader.next().now_or_never().expect("the reader has nothing to say yet")
}

fn is_waiting(reader: &mut Reader) -> bool {
    reader.next().now_or_never().is_none()
}

fn envelope(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.line()).unwrap()
}

/// The envelopes' types and ids, as far as the reader has them now.
fn told(reader: &mut Reader) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all = Vec::new();
    while let Some(Some(frames)) = reader.next().now_or_never() {
        all.extend(frames.iter().map(envelope).map(|event| (text(&event["type"]), text(&event["id"]))));
    }
    all
}

fn list(board: &Board, filter: &Filter, limit: usize, cursor: Option<CallId>) -> Page {
    board.list(filter, limit, cursor).now_or_never().expect("outside of a runtime nothing is waited for")
}

fn ids(page: &Page) -> Vec<CallId> {
    page.calls.iter().map(|call| call.id).collect()
}

fn follow(board: &Board, after: &str) -> Reader {
    board.follow(&after.parse().unwrap(), Filter::default(), NOW)
}

fn pair(kind: &str, id: &str) -> (String, String) {
    (kind.to_owned(), id.to_owned())
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}
