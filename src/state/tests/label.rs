use super::*;

use crate::agent::Refusal;
use crate::agent::command::Labels;
use crate::state::relabelled;

/// What the driver does with new labels for an ended call.
fn label(
    board: &Board,
    id: CallId,
    if_version: Option<u64>,
    patch: &Labels,
    now: Timestamp,
) -> Result<Arc<Call>, Refusal> {
    let call = board.call(id).expect("a call");
    let event = relabelled(&call, if_version, patch, now)?;
    let call = event.call.clone();
    board.publish(vec![event]);
    Ok(call)
}

fn patch(json: &str) -> Labels {
    serde_json::from_str(json).unwrap()
}

#[test]
fn labels_of_an_ended_call_are_merged_and_told() {
    let board = board();
    board.publish(vec![offered(1), ended(1)]);
    let mut reader = follow(&board, "7f3a-2");
    let later = Timestamp(NOW.0 + 1);
    let call =
        label(&board, id(1), None, &patch(r#"{"labels": {"a": "b", "ticket": null}}"#), later).unwrap();
    assert_eq!((call.version, call.state), (4, CallState::Ended));
    assert_eq!(*call.labels, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    assert!(Arc::ptr_eq(&board.call(id(1)).unwrap(), &call));
    let told = envelope(&read(&mut reader).unwrap()[0]);
    assert_eq!((&told["type"], &told["id"]), (&"call.updated".into(), &"7f3a-3".into()));
    assert_eq!(told["data"]["call"]["labels"], serde_json::json!({"a": "b"}));
    assert_eq!(told["time"], "1970-01-01T00:00:01.000001Z");
}

#[test]
fn a_call_that_was_forgotten_meanwhile_does_not_come_back() {
    let board = Board::new(Settings { ended_calls: 1, ..settings() });
    board.publish(vec![offered(1), ended(1)]);
    let late = relabelled(&board.call(id(1)).unwrap(), None, &patch("{}"), NOW).unwrap();
    board.publish(vec![offered(2), ended(2)]);
    board.publish(vec![late]);
    assert!(board.call(id(1)).is_none());
    assert_eq!(board.last_event_id().sequence, 5, "it is told all the same");
}

#[test]
fn labels_at_another_version_or_over_the_bounds_change_nothing() {
    let board = board();
    board.publish(vec![offered(1), ended(1)]);
    let refused = label(&board, id(1), Some(2), &patch("{}"), NOW);
    assert!(matches!(refused, Err(Refusal::VersionMismatch(call)) if call.version == 3));
    let refused = label(&board, id(1), Some(3), &patch(r#"{"labels": {"": "b"}}"#), NOW);
    assert!(matches!(refused, Err(Refusal::InvalidField { field: "labels", .. })));
    assert_eq!((board.last_event_id().sequence, board.call(id(1)).unwrap().version), (2, 3));
}

#[test]
fn a_label_does_not_keep_an_ended_call_for_longer() {
    let board = Board::new(Settings { ended_age: hours(1), ..settings() });
    board.publish(vec![offered(1), ended_at(1, 0)]);
    label(&board, id(1), None, &patch(r#"{"labels": null}"#), Timestamp(3_599_000_000)).unwrap();
    board.forget(Timestamp(3_601_000_000));
    assert!(board.call(id(1)).is_none());
}

#[test]
fn the_stream_of_a_call_ends_with_its_end_also_when_labels_came_after() {
    let board = Board::new(Settings { ended_calls: 1, ..settings() });
    board.publish(vec![offered(1)]);
    let of_call = || board.follow_call(id(1), &After::Now, Filter::default(), NOW).unwrap();
    let (mut late, mut forgotten) = (of_call(), of_call());
    board.publish(vec![ended(1)]);
    label(&board, id(1), None, &patch(r#"{"labels": null}"#), NOW).unwrap();
    let life = [pair("call.offered", "7f3a-1"), pair("call.ended", "7f3a-2")];
    assert_eq!(told(&mut late), life);
    assert!(read(&mut late).is_none());
    board.publish(vec![offered(2), ended(2)]);
    assert!(board.call(id(1)).is_none());
    assert_eq!(told(&mut forgotten), life);
    assert!(read(&mut forgotten).is_none());
}
