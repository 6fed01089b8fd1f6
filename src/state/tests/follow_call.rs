use super::*;

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
