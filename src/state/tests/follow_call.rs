use super::journal::{Data, commit, flush};
use super::*;
use crate::state::journal::{Journal, Retention};

fn of_call(board: &Board, number: u64, after: &After) -> Reader {
    board.follow_call(id(number), after, Filter::default(), NOW).unwrap()
}

fn after(text: &str) -> After {
    text.parse().unwrap()
}

#[test]
fn a_stream_of_a_call_starts_with_its_first_event_and_closes_after_its_last() {
    let board = board();
    board.publish(vec![offered(1), offered(2), ringing(1)]);
    let mut reader = of_call(&board, 1, &After::Now);
    assert_eq!(told(&mut reader), [pair("call.offered", "7f3a-1"), pair("call.ringing", "7f3a-3")]);
    assert!(is_waiting(&mut reader));
    board.publish(vec![ended(2), ended(1)]);
    assert_eq!(envelope(&read(&mut reader).unwrap()[0])["id"], "7f3a-5");
    assert!(read(&mut reader).is_none());
}

#[test]
fn an_ended_call_is_replayed() {
    let board = board();
    board.publish(vec![offered(1), ended(1)]);
    let mut reader = of_call(&board, 1, &After::Now);
    assert!(!reader.is_over());
    assert_eq!(read(&mut reader).unwrap().len(), 2);
    assert!(read(&mut reader).is_none());
    assert!(of_call(&board, 1, &after("7f3a-2")).is_over());
}

#[test]
fn an_unknown_call_has_no_stream() {
    assert!(board().follow_call(id(1), &After::Now, Filter::default(), NOW).is_none());
}

#[test]
fn a_position_resumes_a_stream_of_a_call() {
    let board = board();
    board.publish(vec![offered(1), offered(2), ringing(1)]);
    assert_eq!(told(&mut of_call(&board, 1, &after("7f3a-2"))), [pair("call.ringing", "7f3a-3")]);
    assert_eq!(told(&mut of_call(&board, 1, &after("7f3a-1"))), [pair("call.ringing", "7f3a-3")]);
}

#[test]
fn a_call_whose_first_events_are_gone_says_so() {
    let board = Board::new(Settings { log_events: 3, ..settings() });
    board.publish(vec![offered(1), offered(2), offered(3), ringing(1)]);
    let told = told(&mut of_call(&board, 1, &After::Now));
    assert_eq!(told, [pair("stream.gap", "7f3a-1"), pair("call.ringing", "7f3a-4")]);
}

#[test]
fn only_lost_events_of_the_call_itself_are_a_gap() {
    let board = Board::new(Settings { log_events: 2, ..settings() });
    board.publish(vec![offered(1), offered(2), offered(3), offered(4)]);
    assert!(is_waiting(&mut of_call(&board, 1, &after("7f3a-1"))));
    board.publish(vec![ringing(1), offered(5), offered(6), ended(1)]);
    assert_eq!(told(&mut of_call(&board, 1, &after("7f3a-5"))), [pair("call.ended", "7f3a-8")]);
    assert_eq!(told(&mut of_call(&board, 1, &after("7f3a-1")))[0], pair("stream.gap", "7f3a-6"));
}

#[test]
fn a_position_of_another_epoch_replays_the_call_behind_a_gap() {
    let board = board();
    board.publish(vec![offered(1)]);
    let told = told(&mut of_call(&board, 1, &after("beef-7")));
    assert_eq!(told, [pair("stream.gap", "7f3a-0"), pair("call.offered", "7f3a-1")]);
}

#[test]
fn a_reader_sees_the_end_of_a_call_that_is_forgotten_at_once() {
    let board = Board::new(Settings { ended_calls: 0, ..settings() });
    board.publish(vec![offered(1)]);
    let mut reader = of_call(&board, 1, &After::Now);
    assert_eq!(told(&mut reader).len(), 1);
    board.publish(vec![offered(2), ended(1)]);
    assert_eq!(envelope(&read(&mut reader).unwrap()[0])["type"], "call.ended");
    assert!(read(&mut reader).is_none());
}

#[test]
fn the_end_of_a_forgotten_call_is_found_however_much_came_in_between() {
    let board = Board::new(Settings { ended_calls: 0, ..settings() });
    board.publish(vec![offered(1)]);
    let mut reader = of_call(&board, 1, &After::Now);
    assert_eq!(told(&mut reader).len(), 1);
    board.publish((2..2000).map(offered).collect());
    board.publish(vec![ended(1)]);
    board.publish((2000..3000).map(offered).collect());
    assert_eq!(told(&mut reader), [pair("call.ended", "7f3a-2000")]);
    assert!(read(&mut reader).is_none());
}

#[tokio::test]
async fn an_event_of_another_call_does_not_wake_a_reader() {
    let board = board();
    board.publish(vec![offered(1)]);
    let mut reader = of_call(&board, 1, &After::Now);
    assert_eq!(reader.next().await.unwrap().len(), 1);
    let woken = {
        let mut next = task(reader.next());
        assert!(next.poll());
        board.publish(vec![offered(2)]);
        next.is_woken()
    };
    assert!(!woken);
}

struct Task<F> {
    future: std::pin::Pin<Box<F>>,
    woken: Arc<Flag>,
}

#[derive(Default)]
struct Flag(std::sync::atomic::AtomicBool);

impl std::task::Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

fn task<F: Future>(future: F) -> Task<F> {
    Task { future: Box::pin(future), woken: Arc::default() }
}

impl<F: Future> Task<F> {
    /// Whether it is still waiting.
    fn poll(&mut self) -> bool {
        let waker = self.woken.clone().into();
        self.future.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending()
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}

#[test]
fn what_a_slow_reader_of_a_call_has_missed_ends_its_stream_and_is_not_passed_over() {
    let board = Board::new(Settings { log_events: 3, ..settings() });
    board.publish(vec![offered(1)]);
    let mut reader = of_call(&board, 1, &After::Now);
    assert_eq!(told(&mut reader).len(), 1);
    board.publish(vec![ringing(1), offered(2), offered(3), offered(4)]);
    board.publish(vec![event(EventKind::Established, call(1, CallState::Established, 3))]);
    assert!(read(&mut reader).is_none());
}

/// A board of an earlier run that keeps few events in memory, and all on disk.
async fn behind_a_disk(data: &Data, events: Vec<Event>) -> (Journal, Board) {
    let (journal, board) = data.begin_with(Settings { log_events: 2, ended_calls: 1, ..settings() });
    commit(&journal, &board, events).await;
    (journal, board)
}

/// The next events, so many.
async fn next(reader: &mut Reader, count: usize) -> Vec<(String, String)> {
    let mut all = Vec::new();
    while all.len() < count {
        let frames = reader.next().await.expect("the stream goes on");
        all.extend(frames.iter().map(envelope).map(|event| {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            (text("type"), text("id"))
        }));
    }
    assert_eq!(all.len(), count);
    all
}

#[tokio::test]
async fn a_call_is_followed_from_its_first_event_on_also_where_memory_no_longer_reaches() {
    let data = Data::new();
    let recovered = event(EventKind::Recovered, call(1, CallState::Established, 3));
    let (journal, board) =
        behind_a_disk(&data, vec![offered(1), ringing(1), offered(2), offered(3), offered(4)]).await;
    let whole = [pair("call.offered", "7f3a-1"), pair("call.ringing", "7f3a-2")];
    assert_eq!(next(&mut of_call(&board, 1, &After::Now), 2).await, whole);
    journal.close().await;
    drop((journal, board));
    // Another run, whose memory has none of it.
    let (journal, board) = behind_a_disk(&data, vec![recovered]).await;
    let mut reader = of_call(&board, 1, &After::Now);
    assert_eq!(next(&mut reader, 3).await, [&whole[..], &[pair("call.recovered", "7f3a-6")]].concat());
    assert_eq!(next(&mut of_call(&board, 1, &after("7f3a-1")), 2).await[0], whole[1]);
    assert!(is_waiting(&mut of_call(&board, 1, &after("7f3a-6"))));
    let unknown = next(&mut of_call(&board, 1, &after("beef-6")), 4).await;
    assert_eq!(unknown[..2], [pair("stream.gap", "7f3a-0"), whole[0].clone()]);
    // The reader falls behind, and the call ends and is forgotten.
    commit(&journal, &board, vec![ended(2), ended(1), ended(3), ended(4)]).await;
    assert!(board.call(id(1)).is_none());
    assert_eq!(next(&mut reader, 1).await, [pair("call.ended", "7f3a-8")]);
    assert!(reader.next().await.is_none());
}

#[tokio::test]
async fn a_call_that_can_no_longer_be_read_is_followed_on_disk() {
    let data = Data::new();
    let late = event(EventKind::Updated, call(1, CallState::Ended, 4));
    let told = vec![offered(1), ringing(1), ended(1), late, offered(2), ended(2)];
    let (journal, board) = behind_a_disk(&data, told).await;
    assert!(board.call(id(1)).is_none());
    let past = async |number, position: &str| {
        board.follow_past_call(id(number), &after(position), Filter::default(), NOW).await.unwrap()
    };
    let mut reader = past(1, "earliest").await.unwrap();
    assert!(!reader.is_over());
    assert_eq!(next(&mut reader, 3).await[2], pair("call.ended", "7f3a-3"));
    assert!(reader.next().await.is_none());
    assert!(past(1, "7f3a-3").await.unwrap().is_over());
    assert!(past(9, "earliest").await.is_none());
    journal.close().await;
}

#[tokio::test]
async fn what_is_gone_from_disk_of_a_call_is_said() {
    let data = Data::new();
    let told = vec![offered(1), offered(2), ringing(1), offered(3), offered(4), offered(5)];
    let (journal, board) = behind_a_disk(&data, told).await;
    flush(&journal).await;
    data.sweep(Retention { events: 5, age: Duration::MAX, ..Retention::default() });
    let lost = [pair("stream.gap", "7f3a-1"), pair("call.ringing", "7f3a-3")];
    assert_eq!(next(&mut of_call(&board, 1, &After::Now), 2).await, lost);
    assert_eq!(next(&mut of_call(&board, 2, &After::Now), 1).await, [pair("call.offered", "7f3a-2")]);
    journal.close().await;
}

#[tokio::test]
async fn what_goes_from_disk_while_a_call_is_read_is_said_too() {
    let data = Data::new();
    let told = vec![offered(1), ringing(1), offered(2), offered(3), offered(4)];
    let (journal, board) = behind_a_disk(&data, told).await;
    let mut reader = of_call(&board, 1, &After::Now);
    assert_eq!(next(&mut reader, 2).await[1], pair("call.ringing", "7f3a-2"));
    let updated = |version| event(EventKind::Updated, call(1, CallState::Ringing, version));
    let told = vec![updated(3), offered(5), updated(4), offered(6), offered(7), offered(8)];
    commit(&journal, &board, told).await;
    flush(&journal).await;
    data.sweep(Retention { events: 4, age: Duration::MAX, ..Retention::default() });
    assert_eq!(next(&mut reader, 1).await, [pair("stream.gap", "7f3a-7")]);
    assert_eq!(next(&mut reader, 1).await, [pair("call.updated", "7f3a-8")]);
    assert!(is_waiting(&mut reader), "and once");
    journal.close().await;
}
