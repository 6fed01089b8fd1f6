use super::*;

#[test]
fn an_event_is_a_cloud_event() {
    let board = board();
    let mut reader = follow(&board, "earliest");
    board.publish(vec![offered(1)]);
    let frames = read(&mut reader).unwrap();
    let expected = serde_json::json!({
        "specversion": "1.0", "id": "7f3a-1", "source": "/call-agent/n1", "type": "call.offered",
        "subject": id(1), "time": "1970-01-01T00:00:01.000000Z", "datacontenttype": "application/json",
        "data": {"call": call(1, CallState::Offered, 1)},
    });
    assert_eq!(envelope(&frames[0]), expected);
}

#[test]
fn the_server_sent_event_holds_the_envelope_in_one_line() {
    let board = board();
    let mut reader = follow(&board, "earliest");
    board.publish(vec![offered(1)]);
    let frame = &read(&mut reader).unwrap()[0];
    let line = String::from_utf8(frame.line().to_vec()).unwrap();
    assert!(line.ends_with("}\n"), "{line}");
    assert_eq!(frame.sse(), format!("id: 7f3a-1\nevent: call.offered\ndata: {line}\n"));
}

#[test]
fn later_events_leave_out_what_cannot_have_changed() {
    let board = board();
    let mut reader = follow(&board, "earliest");
    board.publish(vec![offered(1), ringing(1)]);
    let frames = read(&mut reader).unwrap();
    assert!(envelope(&frames[0])["data"]["call"].get("headers").is_some());
    assert!(envelope(&frames[1])["data"]["call"].get("headers").is_none());
}

#[test]
fn a_call_is_seen_as_its_last_event_left_it() {
    let board = board();
    board.publish(vec![offered(1), ringing(1)]);
    assert_eq!(board.call(id(1)).unwrap().state, CallState::Ringing);
    assert!(board.call(id(2)).is_none());
}

#[test]
fn a_call_is_never_older_than_the_event_that_a_reader_has() {
    let board = board();
    let reading = board.clone();
    let reader = std::thread::spawn(move || {
        let mut reader = follow(&reading, "earliest");
        let (mut position, mut seen) = (0, 0);
        while seen < 2000 {
            let Some(Some(frames)) = reader.next().now_or_never() else { continue };
            for frame in frames {
                let told = envelope(&frame);
                position += 1;
                assert_eq!(told["id"], format!("7f3a-{position}"));
                let call = reading.call(told["subject"].as_str().unwrap().parse().unwrap()).unwrap();
                assert!(call.version >= told["data"]["call"]["version"].as_u64().unwrap());
                seen += 1;
            }
        }
    });
    for number in 0..1000 {
        board.publish(vec![offered(number)]);
        board.publish(vec![ringing(number)]);
    }
    reader.join().unwrap();
}

#[test]
fn ended_calls_stay_readable_up_to_their_number() {
    let board = Board::new(Settings { ended_calls: 2, ..settings() });
    for number in 1..=3 {
        board.publish(vec![offered(number), ended(number)]);
    }
    board.publish(vec![offered(4)]);
    let kept = [1, 2, 3, 4].map(|number| board.call(id(number)).is_some());
    assert_eq!(kept, [false, true, true, true]);
}

#[test]
fn ended_calls_stay_readable_for_their_time() {
    let board = Board::new(Settings { ended_age: hours(1), ..settings() });
    board.publish(vec![ended_at(1, 0), ended_at(2, 1800)]);
    board.publish(vec![ended_at(3, 3601)]);
    let kept = [1, 2, 3].map(|number| board.call(id(number)).is_some());
    assert_eq!(kept, [false, true, true]);
    board.forget(Timestamp(3_600_000_000 * 9));
    assert!(list(&board, &Filter::default(), 10, None).calls.is_empty());
}

#[test]
fn ended_calls_stay_readable_up_to_their_size_also_when_labels_make_them_larger() {
    let board = Board::new(Settings { ended_bytes: 25_000, ..settings() });
    let large = |number| {
        let sdp = Sdp { remote: Some("x".repeat(10_000).into()), local: None };
        event(EventKind::Ended, Call { sdp, ..call(number, CallState::Ended, 3) })
    };
    for number in 1..=3 {
        board.publish(vec![offered(number), large(number)]);
    }
    board.publish(vec![ended(4)]);
    let kept = || [1, 2, 3, 4].map(|number| board.call(id(number)).is_some());
    assert_eq!(kept(), [false, true, true, true]);
    let labels = (0..20).map(|name| (name.to_string(), Some("y".repeat(256)))).collect();
    let patch = crate::agent::command::Labels { labels: Some(labels) };
    let relabelled = crate::state::relabelled(&board.call(id(4)).unwrap(), None, &patch, NOW).unwrap();
    board.publish(vec![relabelled]);
    board.forget(NOW);
    assert_eq!(kept(), [false, false, true, true]);
    board.publish((5..=7).map(large).collect());
    assert_eq!(ids(&list(&board, &Filter::default(), 10, None)), [7, 6].map(id));
}

#[test]
fn draining_is_told_and_numbered() {
    let board = board();
    let mut reader = follow(&board, "earliest");
    assert!(!board.is_draining());
    board.drain();
    board.publish(vec![super::super::Told::Draining(NOW)]);
    assert!(board.is_draining());
    let frames = read(&mut reader).unwrap();
    let told = envelope(&frames[0]);
    assert_eq!((frames.len(), &told["type"], &told["id"]), (1, &"stream.draining".into(), &"7f3a-1".into()));
    assert_eq!((told.get("subject"), &told["data"]), (None, &serde_json::json!({})));
}

#[test]
fn before_any_event_the_last_id_is_zero() {
    assert_eq!(board().last_event_id().to_string(), "7f3a-0");
}
