use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::state::Topics;

fn small(log_events: usize, max_lag: u64) -> Board {
    Board::new(Settings { log_events, max_lag, ..settings() })
}

fn gap_of(reader: &mut Reader) -> Value {
    let frames = read(reader).unwrap();
    assert!(!frames[0].sse().starts_with(b"id:"), "a gap has no id to resume from");
    let told = envelope(&frames[0]);
    assert_eq!((frames.len(), &told["type"]), (1, &Value::from("stream.gap")));
    told
}

#[test]
fn without_a_position_a_reader_starts_with_what_comes_next() {
    let board = board();
    board.publish(vec![offered(1)]);
    let mut reader = board.follow(&After::Now, Filter::default(), NOW);
    assert!(is_waiting(&mut reader));
    board.publish(vec![ringing(1)]);
    assert_eq!(told(&mut reader), [pair("call.ringing", "7f3a-2")]);
}

#[test]
fn a_position_resumes_right_behind_it() {
    let board = board();
    board.publish(vec![offered(1), ringing(1), ended(1)]);
    assert_eq!(told(&mut follow(&board, "7f3a-2")), [pair("call.ended", "7f3a-3")]);
    assert!(is_waiting(&mut follow(&board, "7f3a-3")));
    assert_eq!(told(&mut follow(&board, "7f3a-0")).len(), 3);
}

#[test]
fn a_dropped_position_is_said_aloud() {
    let board = small(2, 100);
    board.publish((1..=5).map(offered).collect());
    let mut reader = follow(&board, "7f3a-2");
    let gap = gap_of(&mut reader);
    assert_eq!(gap["data"], serde_json::json!({"oldest": "7f3a-4", "last": "7f3a-5"}));
    assert_eq!(told(&mut reader), [pair("call.offered", "7f3a-4"), pair("call.offered", "7f3a-5")]);
    let mut resumed = follow(&board, gap["id"].as_str().unwrap());
    assert_eq!(told(&mut resumed), [pair("call.offered", "7f3a-4"), pair("call.offered", "7f3a-5")]);
}

#[test]
fn the_position_right_before_the_oldest_event_has_lost_nothing() {
    let board = small(2, 100);
    board.publish((1..=5).map(offered).collect());
    assert_eq!(told(&mut follow(&board, "7f3a-3"))[0], pair("call.offered", "7f3a-4"));
}

#[test]
fn positions_of_another_epoch_or_never_given_are_gaps() {
    let board = board();
    board.publish(vec![offered(1)]);
    for position in ["beef-1", "7f3a-2", "7f3a-18446744073709551615"] {
        let mut reader = follow(&board, position);
        gap_of(&mut reader);
        assert_eq!(told(&mut reader), [pair("call.offered", "7f3a-1")]);
    }
}

#[test]
fn a_gap_of_an_empty_log_names_what_comes_next() {
    let gap = gap_of(&mut follow(&board(), "beef-9"));
    assert_eq!(gap["data"], serde_json::json!({"oldest": "7f3a-1", "last": "7f3a-0"}));
}

#[test]
fn what_is_no_position_is_refused() {
    for text in
        ["", "7", "7f3a", "7f3a-", "7f3a-x", "7f3-1", "xyzw-1", "7f3a-+1", "7f3a-18446744073709551616"]
    {
        assert!(text.parse::<After>().is_err(), "{text}");
    }
}

#[test]
fn a_live_reader_that_falls_too_far_behind_is_cut() {
    let board = small(100, 3);
    let mut reader = follow(&board, "earliest");
    assert!(is_waiting(&mut reader));
    board.publish((1..=3).map(offered).collect());
    assert_eq!(told(&mut reader).len(), 3);
    board.publish((4..=7).map(offered).collect());
    assert!(read(&mut reader).is_none());
}

#[test]
fn a_reader_that_is_catching_up_may_be_as_far_behind_as_the_log_reaches() {
    let board = small(1000, 3);
    board.publish((1..=1000).map(offered).collect());
    assert_eq!(told(&mut follow(&board, "earliest")).len(), 1000);
}

#[test]
fn a_reader_that_falls_off_the_old_end_is_cut() {
    let board = small(300, 1000);
    board.publish((1..=300).map(offered).collect());
    let mut reader = follow(&board, "earliest");
    assert_eq!(read(&mut reader).unwrap().len(), 256);
    board.publish((301..=600).map(offered).collect());
    assert!(read(&mut reader).is_none());
}

#[test]
fn the_log_is_bounded_by_bytes_too() {
    let board = Board::new(Settings { log_bytes: 20_000, ..settings() });
    board.publish((1..=1000).map(offered).collect());
    let kept = told(&mut follow(&board, "earliest"));
    assert!((2..20).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept.last(), Some(&pair("call.offered", "7f3a-1000")));
}

#[test]
fn a_filter_narrows_a_stream_by_call_and_by_type() {
    let board = board();
    board.publish(vec![offered(1), ringing(1), ended(1)]);
    board.drain();
    board.publish(vec![super::super::Told::Draining(NOW)]);
    let mut topics = super::super::Topics::NONE;
    assert!(topics.add("call.ended") && topics.add("stream.*"));
    let mut reader = board.follow(&After::Earliest, Filter { topics, ..Filter::default() }, NOW);
    assert_eq!(told(&mut reader), [pair("call.ended", "7f3a-3"), pair("stream.draining", "7f3a-4")]);
    let states = vec![CallState::Ringing];
    let mut reader = board.follow(&After::Earliest, Filter { states, ..Filter::default() }, NOW);
    assert_eq!(told(&mut reader), [pair("call.ringing", "7f3a-2"), pair("stream.draining", "7f3a-4")]);
}

#[test]
fn a_pattern_of_types_ends_at_a_dot() {
    let mut topics = super::super::Topics::NONE;
    assert_eq!(["call.o*", "call", "nothing.*", "call.gone"].map(|name| topics.add(name)), [false; 4]);
    assert_eq!(["*", "call.*", "call.ringing"].map(|name| topics.add(name)), [true; 3]);
}

#[test]
fn names_that_are_still_to_come_can_be_asked_for_and_let_nothing_else_through() {
    let board = board();
    board.publish(vec![offered(1)]);
    let mut topics = super::super::Topics::NONE;
    for name in ["call.message", "call.transfer.*", "call.recovered"] {
        assert!(topics.add(name), "{name}");
    }
    assert!(!topics.add("call.transfer"));
    let mut reader = board.follow(&After::Earliest, Filter { topics, ..Filter::default() }, NOW);
    assert!(is_waiting(&mut reader));
}

#[tokio::test]
async fn an_event_wakes_a_waiting_reader() {
    let board = board();
    let mut reader = follow(&board, "earliest");
    let waiting = tokio::spawn(async move { reader.next().await.unwrap().len() });
    tokio::task::yield_now().await;
    board.publish(vec![offered(1)]);
    assert_eq!(waiting.await.unwrap(), 1);
}

#[tokio::test]
async fn closing_the_board_ends_the_streams_after_what_is_there() {
    let board = board();
    let mut reader = follow(&board, "earliest");
    board.publish(vec![offered(1)]);
    board.close();
    assert_eq!(reader.next().await.unwrap().len(), 1);
    assert!(reader.next().await.is_none());
}

#[test]
fn a_large_event_is_handed_over_alone_and_small_ones_together() {
    let board = board();
    let mut large = offered(3);
    let sdp = Sdp { remote: Some("x".repeat(20_000).into()), local: None };
    large.call = Arc::new(Call { sdp, ..Call::clone(&large.call) });
    board.publish(vec![offered(1), offered(2), large.clone(), large, offered(4), offered(5)]);
    let mut reader = follow(&board, "earliest");
    let batches: [_; 4] = std::array::from_fn(|_| read(&mut reader).unwrap().len());
    assert_eq!(batches, [2, 1, 1, 2]);
    assert!(is_waiting(&mut reader));
}

#[test]
fn a_batch_ends_at_its_bytes() {
    let board = board();
    let sdp = Sdp { remote: Some("x".repeat(10_000).into()), local: None };
    let wide =
        |number| event(EventKind::Offered, Call { sdp: sdp.clone(), ..call(number, CallState::Offered, 1) });
    board.publish((1..=100).map(wide).collect());
    let mut reader = follow(&board, "earliest");
    let sizes: Vec<usize> =
        (0..3).map(|_| read(&mut reader).unwrap().iter().map(Frame::size).sum()).collect();
    assert!(sizes.iter().all(|size| (200_000..=256 * 1024).contains(size)), "{sizes:?}");
    assert_eq!(told(&mut follow(&board, "earliest")).len(), 100);
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_reader_is_woken_by_what_it_has_asked_for() {
    let board = board();
    board.publish((1..=200).map(offered).collect());
    let mut topics = Topics::NONE;
    assert!(topics.add("call.ended"));
    let mut reader = board.follow(&After::Now, Filter { topics, ..Filter::default() }, NOW);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut next = pin!(reader.next());
    assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    board.publish(vec![ringing(1)]);
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    board.publish(vec![ended(1)]);
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    let Poll::Ready(Some(frames)) = next.poll(&mut Context::from_waker(&waker)) else { panic!() };
    assert_eq!(envelope(&frames[0])["id"], "7f3a-202");
}
