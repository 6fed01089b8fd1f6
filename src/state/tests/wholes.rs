//! Calls on disk, where later events leave out what the first one has told.

use serde_json::json;

use super::journal::{Data, commit, killed};
use super::*;
use crate::state::journal::Retention;
use crate::state::records::{Wanted, records};

/// A call's life, of which the peer's description is known late, and is another later: each event, and whether it tells it.
fn life() -> Vec<Event> {
    let told = |kind, state, version, remote: Option<&'static str>, renegotiated| {
        let sdp = Sdp { local: Some("ours".into()), remote: remote.map(Into::into) };
        let event = event(kind, Call { sdp, ..call(1, state, version) });
        Event { renegotiated, ..event }
    };
    vec![
        told(EventKind::Offered, CallState::Offered, 1, None, false),
        told(EventKind::Ringing, CallState::Ringing, 2, None, false),
        told(EventKind::Established, CallState::Established, 3, Some("first"), true),
        told(EventKind::Held, CallState::Established, 4, Some("second"), true),
        told(EventKind::Updated, CallState::Established, 5, Some("second"), false),
        told(EventKind::Resumed, CallState::Established, 6, Some("third"), true),
        told(EventKind::Updated, CallState::Established, 7, Some("third"), false),
    ]
}

/// The only call that has not ended, as it comes back.
fn unfinished(data: &Data) -> Value {
    let (_journal, past) = data.open();
    let (_, unfinished) = Board::of_past(settings(), past).unwrap();
    let [(call, _)] = &unfinished[..] else { panic!("{unfinished:?}") };
    serde_json::to_value(&**call).unwrap()
}

/// The records of the calls that have ended.
async fn recorded(data: &Data) -> Vec<Value> {
    let (journal, board) = data.begin();
    let wanted = Wanted { limit: 10, ..Wanted::default() };
    let found = records(&board, Some(&journal), wanted).await.unwrap();
    found.calls.iter().map(|call| serde_json::to_value(&**call).unwrap()).collect()
}

fn json(event: &Event) -> Value {
    serde_json::to_value(&*event.call).unwrap()
}

fn keep(events: usize) -> Retention {
    Retention { events: events as u64, age: Duration::MAX, ..Retention::default() }
}

#[tokio::test]
async fn a_call_is_whole_however_many_of_its_events_are_kept() {
    let mut life = life();
    for (told, first) in (1..=life.len()).zip([EventKind::Offered, EventKind::Dialing].into_iter().cycle()) {
        let data = Data::new();
        life[0].kind = first;
        data.tell(life[..told].to_vec()).await;
        data.tell(vec![ended(2)]).await;
        for left in (1..=told + 1).rev() {
            assert_eq!(data.sweep(keep(left)), (told + 2 - left) as u64);
            assert_eq!(unfinished(&data), json(&life[told - 1]), "{told} events, {left} left");
        }
    }
}

#[tokio::test]
async fn a_call_is_whole_when_it_goes_on_after_events_have_gone() {
    let life = life();
    for gone in 1..life.len() {
        let data = Data::new();
        data.tell(life[..gone].to_vec()).await;
        data.tell(vec![ended(2)]).await;
        data.sweep(keep(1));
        data.tell(life[gone..].to_vec()).await;
        assert_eq!(unfinished(&data), json(life.last().unwrap()), "{gone} gone");
        data.tell(vec![ended(3)]).await;
        for left in (1..=life.len() - gone).rev() {
            data.sweep(keep(left));
            assert_eq!(unfinished(&data), json(life.last().unwrap()), "{gone} gone before, {left} left");
        }
    }
}

#[tokio::test]
async fn what_a_call_is_put_together_from_goes_with_it() {
    let data = Data::new();
    data.tell(life()).await;
    // More than one helping of them.
    data.tell((2..700).flat_map(|number| [offered(number), ended(number)]).collect()).await;
    let kept = || {
        let all = "SELECT count(*), (SELECT count(*) FROM call) FROM event";
        data.database().query_row(all, [], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))).unwrap()
    };
    data.sweep(keep(2));
    assert_eq!(unfinished(&data), json(life().last().unwrap()));
    assert_eq!(
        kept(),
        (3 + 2, 2),
        "its first and its last event, and the one that told the peer's description"
    );
    let (journal, past) = data.open();
    assert_eq!(past.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1402, 1403]);
    drop((journal, past));
    let (journal, board) = data.begin_with(settings());
    assert_eq!(board.envelopes_of(id(1), 10).await.unwrap().len(), 0, "nobody is told them any more");
    assert_eq!(board.envelopes(&[1, 1402]).await.unwrap().len(), 1);
    journal.close().await;
    drop((journal, board));
    data.tell(vec![ended(1), offered(700), ended(700)]).await;
    data.sweep(keep(2));
    assert_eq!(kept(), (2, 1));
}

#[tokio::test]
async fn a_call_that_its_row_holds_goes_on() {
    let life = life();
    let data = Data::new();
    data.tell(life[..3].to_vec()).await;
    // As earlier versions wrote it.
    let picture = serde_json::to_vec(&*life[2].call).unwrap();
    let changed = data.database().execute("UPDATE call SET picture = ?, remote = NULL", [picture]).unwrap();
    assert_eq!(changed, 1);
    data.database().execute("DELETE FROM event WHERE sequence = 1", []).unwrap();
    assert_eq!(unfinished(&data), json(&life[2]));
    data.tell(life[3..].to_vec()).await;
    assert_eq!(unfinished(&data), json(life.last().unwrap()));
}

/// A log from which all of a call has gone, and what is told of the call then.
async fn all_gone() -> (Data, Event) {
    let data = Data::new();
    data.tell(vec![offered(1), ended(1), offered(2)]).await;
    data.sweep(keep(1));
    (data, Event { kind: EventKind::Updated, ..ended(1) })
}

#[tokio::test]
async fn a_call_of_which_all_is_gone_but_a_late_label_is_whole() {
    let (data, late) = all_gone().await;
    data.tell(vec![late.clone()]).await;
    assert_eq!(recorded(&data).await, [json(&late)]);
}

#[tokio::test]
async fn a_call_of_which_a_kill_leaves_but_a_late_label_is_on_record_as_that_tells_it() {
    let (data, late) = all_gone().await;
    let (journal, board) = data.begin();
    let lock = data.lock();
    commit(&journal, &board, vec![late.clone()]).await;
    let left = killed(&data);
    drop(lock);
    let mut told = json(&late);
    told["headers"] = json!([]);
    assert_eq!(recorded(&left).await, [told]);
}

#[tokio::test]
async fn what_was_taken_away_does_not_come_back_from_a_file_that_stayed() {
    let data = Data::new();
    let (journal, board) = data.begin();
    let lock = data.lock();
    commit(&journal, &board, [life(), vec![ended(1)]].concat()).await;
    let [tail] = &data.tails()[..] else { panic!("one file") };
    let written = std::fs::read(tail).unwrap();
    drop(lock);
    journal.close().await;
    drop((journal, board));
    data.tell(vec![offered(2)]).await;
    data.sweep(keep(1));
    std::fs::write(tail, written).unwrap();
    drop(data.open());
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        data.database().query_row(&sql, [], |row| row.get::<_, u64>(0)).unwrap()
    };
    assert_eq!((count("event"), count("call")), (1, 1));
}

#[tokio::test]
async fn the_record_of_a_call_is_whole_as_long_as_its_end_is_kept() {
    let data = Data::new();
    let sdp = life().last().unwrap().call.sdp.clone();
    let end = event(EventKind::Ended, Call { sdp, ..call(1, CallState::Ended, 8) });
    data.tell([life(), vec![end.clone()]].concat()).await;
    for left in (1..=8).rev() {
        data.sweep(keep(left));
        assert_eq!(recorded(&data).await, [json(&end)], "{left} left");
    }
    data.tell(vec![offered(2), ended(2)]).await;
    data.sweep(keep(2));
    let left: Vec<_> = recorded(&data).await.iter().map(|call| call["id"].clone()).collect();
    assert_eq!(left, [json!(id(2))], "a record goes with its end");
}

#[tokio::test]
async fn what_a_kill_leaves_outside_the_database_is_whole_too() {
    let data = Data::new();
    let (journal, board) = data.begin();
    let lock = data.lock();
    commit(&journal, &board, life()).await;
    let left = killed(&data);
    drop(lock);
    let expected = json(life().last().unwrap());
    assert_eq!(unfinished(&left), expected);
    left.tell(vec![ended(2)]).await;
    for events in [4, 3, 2, 1] {
        left.sweep(keep(events));
        assert_eq!(unfinished(&left), expected, "{events} left");
    }
}
