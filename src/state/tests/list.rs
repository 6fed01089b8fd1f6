use super::*;

fn listed(board: &Board, filter: Filter) -> Vec<CallId> {
    ids(&list(board, &filter, 100, None))
}

#[test]
fn pages_go_from_the_newest_to_the_oldest_call() {
    let board = board();
    board.publish((1..=5).map(offered).collect());
    let first = list(&board, &Filter::default(), 2, None);
    let second = list(&board, &Filter::default(), 2, first.next_cursor);
    let third = list(&board, &Filter::default(), 2, second.next_cursor);
    assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), [5, 4, 3, 2, 1].map(id));
    assert_eq!(third.next_cursor, None);
}

#[test]
fn a_full_last_page_has_no_cursor() {
    let board = board();
    board.publish((1..=2).map(offered).collect());
    assert_eq!(list(&board, &Filter::default(), 2, None).next_cursor, None);
}

#[test]
fn a_cursor_holds_while_calls_come_and_go() {
    let board = Board::new(Settings { ended_calls: 0, ..settings() });
    board.publish((1..=4).map(offered).collect());
    let first = list(&board, &Filter::default(), 2, None);
    board.publish(vec![offered(9), ended(3), ended(4)]);
    assert_eq!(ids(&list(&board, &Filter::default(), 2, first.next_cursor)), [2, 1].map(id));
}

#[test]
fn a_list_and_the_events_after_it_miss_and_repeat_nothing() {
    let board = board();
    let publishing = board.clone();
    let publisher = std::thread::spawn(move || {
        for number in 0..500 {
            publishing.publish(vec![offered(number), ringing(number)]);
        }
        publishing.close();
    });
    let page = list(&board, &Filter::default(), 1000, None);
    publisher.join().unwrap();
    assert!(page.calls.iter().all(|call| call.state == CallState::Ringing), "half of a batch was seen");
    assert_eq!(page.last_event_id.sequence, page.calls.len() as u64 * 2);
    let mut reader = board.follow(&After::Event(page.last_event_id), Filter::default(), NOW);
    let later = told(&mut reader).iter().filter(|(kind, _)| kind == "call.offered").count();
    assert_eq!(page.calls.len() + later, 500);
}

#[test]
fn a_state_filter_takes_any_of_its_states() {
    let board = board();
    board.publish(vec![offered(1), ringing(2), ended(3)]);
    let states = vec![CallState::Offered, CallState::Ended];
    assert_eq!(listed(&board, Filter { states, ..Filter::default() }), [3, 1].map(id));
}

#[test]
fn from_and_to_are_matched_by_uri_or_user() {
    let board = board();
    board.publish(vec![offered(1)]);
    let from = |text: &str| listed(&board, Filter { from: Some(text.to_owned()), ..Filter::default() }).len();
    let to = |text: &str| listed(&board, Filter { to: Some(text.to_owned()), ..Filter::default() }).len();
    let found = ["sip:1001@pbx.example.com", "1001", "100", "pbx.example.com"].map(from);
    assert_eq!(found, [1, 1, 0, 0]);
    assert_eq!(["sip:1000@10.0.0.1:10000;transport=tcp", "1000", "1001"].map(to), [1, 1, 0]);
}

#[test]
fn a_tel_number_is_its_own_user_part() {
    let board = board();
    let mut call = call(1, CallState::Offered, 1);
    call.from = Arc::new(Party { uri: "tel:+4930123;phone-context=x".into(), display_name: None });
    board.publish(vec![event(EventKind::Offered, call)]);
    assert_eq!(listed(&board, Filter { from: Some("+4930123".to_owned()), ..Filter::default() }), [id(1)]);
}

#[test]
fn header_names_are_matched_without_case_and_values_exactly() {
    let board = board();
    board.publish(vec![offered(1)]);
    let found = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        listed(&board, Filter { headers, ..Filter::default() }).len()
    };
    assert_eq!(
        [found("x-EMPOLYEE_id", "1001"), found("X-empolyee_id", "100"), found("X", "1001")],
        [1, 0, 0]
    );
}

#[test]
fn a_call_is_found_by_its_call_id_as_by_a_header() {
    let board = board();
    let call_id = offered(1).call.sip.call_id.to_string();
    board.publish(vec![offered(1)]);
    let found = |name: &str, value: &str| {
        let headers = vec![(name.to_owned(), value.to_owned())];
        listed(&board, Filter { headers, ..Filter::default() }).len()
    };
    assert_eq!([found("call-id", &call_id), found("Call-ID", &(call_id.clone() + "x"))], [1, 0]);
}

#[test]
fn labels_direction_and_account_narrow_a_list() {
    let board = board();
    board.publish(vec![offered(1)]);
    let label =
        |value: &str| Filter { labels: vec![("ticket".to_owned(), value.to_owned())], ..Filter::default() };
    assert_eq!([listed(&board, label("4711")).len(), listed(&board, label("4712")).len()], [1, 0]);
    assert!(listed(&board, Filter { direction: Some(Direction::Outbound), ..Filter::default() }).is_empty());
    assert!(listed(&board, Filter { account: Some("1000".to_owned()), ..Filter::default() }).is_empty());
}

#[tokio::test]
async fn a_listing_shows_its_beginning_and_publishing_does_not_wait_for_its_end() {
    let board = board();
    board.publish((0..1000).map(offered).collect());
    let states = vec![CallState::Offered];
    let filter = Filter { states, ..Filter::default() };
    let mut listing = Box::pin(board.list(&filter, 1000, None));
    assert!(listing.as_mut().now_or_never().is_none(), "it lets others have their turn");
    board.publish((0..1001).map(ringing).collect());
    let page = listing.await;
    assert_eq!((page.calls.len(), page.last_event_id.sequence), (1000, 1000));
    assert!(page.calls.iter().all(|call| call.version == 1));
    let mut reader = board.follow(&After::Event(page.last_event_id), Filter::default(), NOW);
    assert_eq!(told(&mut reader).len(), 1001);
}
