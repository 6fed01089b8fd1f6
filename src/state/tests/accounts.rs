use super::*;

use crate::agent::event::{Account, AccountEvent, RegistrationState};
use crate::agent::{CallId, News};
use crate::state::Topics;

fn account(id: &'static str, state: RegistrationState) -> Arc<Account> {
    Arc::new(Account {
        id: id.into(),
        aor: format!("sip:{id}@pbx.example.com").into(),
        registrar: "sip:pbx.example.com;transport=tcp".into(),
        outbound_proxy: None,
        state,
        contact: None,
        transport: None,
        peer: None,
        registered_at: None,
        expires_at: None,
        next_attempt_at: None,
        failure: None,
    })
}

fn changed(id: &'static str, state: RegistrationState) -> News {
    AccountEvent { time: NOW, account: account(id, state) }.into()
}

fn registered(id: &'static str) -> News {
    changed(id, RegistrationState::Registered)
}

/// A board that begins with these accounts, unregistered.
fn board_with(ids: &[&'static str]) -> Board {
    let board = board();
    board.begin_with(ids.iter().map(|id| account(id, RegistrationState::Unregistered)).collect());
    board
}

fn states(board: &Board) -> Vec<(String, RegistrationState)> {
    board.accounts().accounts.iter().map(|account| (account.id.to_string(), account.state)).collect()
}

fn followed(board: &Board, filter: Filter) -> Vec<(String, String)> {
    told(&mut board.follow(&After::Earliest, filter, NOW))
}

#[test]
fn accounts_are_there_from_the_beginning_in_the_order_of_the_settings_and_without_events() {
    let board = board_with(&["1001", "1000"]);
    let unregistered = |id: &str| (id.to_owned(), RegistrationState::Unregistered);
    assert_eq!(states(&board), [unregistered("1001"), unregistered("1000")]);
    assert_eq!(board.account("1000").unwrap().aor, "sip:1000@pbx.example.com");
    assert!(board.account("100").is_none());
    assert_eq!(board.accounts().last_event_id.to_string(), "7f3a-0");
}

#[test]
fn a_change_of_a_registration_is_a_cloud_event_of_its_account() {
    let board = board_with(&["1000"]);
    let mut reader = follow(&board, "earliest");
    board.publish(vec![registered("1000")]);
    let frame = &read(&mut reader).unwrap()[0];
    let expected = serde_json::json!({
        "specversion": "1.0", "id": "7f3a-1", "source": "/call-agent/n1", "type": "registration.changed",
        "subject": "1000", "time": "1970-01-01T00:00:01.000000Z", "datacontenttype": "application/json",
        "data": {"account": *account("1000", RegistrationState::Registered)},
    });
    assert_eq!(envelope(frame), expected);
    let line = String::from_utf8(frame.line().to_vec()).unwrap();
    assert_eq!(frame.sse(), format!("id: 7f3a-1\nevent: registration.changed\ndata: {line}\n"));
}

#[test]
fn an_account_is_seen_as_its_last_event_left_it_and_keeps_its_place() {
    let board = board_with(&["1000", "1001"]);
    board.publish(vec![changed("1000", RegistrationState::Registering), registered("1000")]);
    assert_eq!(board.account("1000").unwrap().state, RegistrationState::Registered);
    let expected = [("1000", RegistrationState::Registered), ("1001", RegistrationState::Unregistered)];
    assert_eq!(states(&board), expected.map(|(id, state)| (id.to_owned(), state)));
    assert_eq!(board.accounts().last_event_id.to_string(), "7f3a-2");
}

#[test]
fn an_account_is_never_older_than_the_event_that_a_reader_has() {
    let board = board_with(&["1000"]);
    let reading = board.clone();
    let reader = std::thread::spawn(move || {
        let mut reader = follow(&reading, "earliest");
        let mut seen = 0;
        while seen < 2000 {
            let Some(Some(frames)) = reader.next().now_or_never() else { continue };
            for frame in frames {
                let told = envelope(&frame)["data"]["account"]["expires_at"].as_str().unwrap().to_owned();
                let account = serde_json::to_value(&*reading.account("1000").unwrap()).unwrap();
                assert!(*account["expires_at"].as_str().unwrap() >= *told);
                seen += 1;
            }
        }
    });
    for number in 0..2000 {
        let expires_at = Some(Timestamp(number * 1_000_000));
        let account =
            Account { expires_at, ..Account::clone(&account("1000", RegistrationState::Registered)) };
        board.publish(vec![AccountEvent { time: NOW, account: Arc::new(account) }]);
    }
    reader.join().unwrap();
}

#[test]
fn calls_and_registrations_are_told_in_one_order() {
    let board = board_with(&["1000"]);
    board.publish(vec![offered(1).into(), registered("1000"), ended(1).into()]);
    let expected = [("call.offered", "7f3a-1"), ("registration.changed", "7f3a-2"), ("call.ended", "7f3a-3")];
    assert_eq!(told(&mut follow(&board, "earliest")), expected.map(|(kind, id)| pair(kind, id)));
    assert_eq!(
        told(&mut follow(&board, "7f3a-1")),
        expected[1..].iter().map(|(k, i)| pair(k, i)).collect::<Vec<_>>()
    );
}

#[test]
fn types_ask_for_registrations_or_leave_them_out() {
    let board = board_with(&["1000"]);
    board.publish(vec![offered(1).into(), registered("1000")]);
    for (name, expected) in [
        ("registration.changed", pair("registration.changed", "7f3a-2")),
        ("registration.*", pair("registration.changed", "7f3a-2")),
        ("call.*", pair("call.offered", "7f3a-1")),
    ] {
        let mut topics = Topics::NONE;
        assert!(topics.add(name));
        assert_eq!(followed(&board, Filter { topics, ..Filter::default() }), [expected], "{name}");
    }
}

#[test]
fn an_account_filters_its_registrations_and_its_calls() {
    let board = board_with(&["1000", "1001"]);
    let of_account = Call { account: Some("1000".into()), ..call(1, CallState::Offered, 1) };
    board.publish(vec![
        event(EventKind::Offered, of_account).into(),
        offered(2).into(),
        registered("1000"),
        registered("1001"),
    ]);
    let found = followed(&board, Filter { account: Some("1000".to_owned()), ..Filter::default() });
    assert_eq!(found, [pair("call.offered", "7f3a-1"), pair("registration.changed", "7f3a-3")]);
}

#[test]
fn a_stream_that_is_narrowed_to_calls_has_no_registrations() {
    let board = board_with(&["1000"]);
    board.publish(vec![offered(1).into(), registered("1000")]);
    let text = |text: &str| Some(text.to_owned());
    let named = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let filters = [
        Filter { states: vec![CallState::Offered], ..Filter::default() },
        Filter { direction: Some(Direction::Inbound), ..Filter::default() },
        Filter { from: text("1001"), ..Filter::default() },
        Filter { to: text("1000"), ..Filter::default() },
        Filter { headers: named("X-empolyee_id", "1001"), ..Filter::default() },
        Filter { labels: named("ticket", "4711"), ..Filter::default() },
    ];
    for filter in filters {
        assert_eq!(followed(&board, filter.clone()), [pair("call.offered", "7f3a-1")], "{filter:?}");
    }
}

#[test]
fn the_stream_of_a_call_has_no_registrations() {
    let board = board_with(&["1000"]);
    board.publish(vec![offered(1).into(), registered("1000"), ended(1).into()]);
    let mut reader = board.follow_call(CallId::new(1, 0), &After::Now, Filter::default(), NOW).unwrap();
    assert_eq!(told(&mut reader), [pair("call.offered", "7f3a-1"), pair("call.ended", "7f3a-3")]);
}

#[test]
fn registrations_are_bounded_in_the_log_like_calls_but_accounts_stay() {
    let board = Board::new(Settings { log_events: 3, ..settings() });
    board.publish((0..10).map(|_| registered("1000")).collect());
    assert_eq!(told(&mut follow(&board, "7f3a-1"))[0], pair("stream.gap", "7f3a-7"));
    assert_eq!(followed(&board, Filter::default()).len(), 3);
    assert_eq!(states(&board), [("1000".to_owned(), RegistrationState::Registered)]);
}

#[tokio::test]
async fn a_change_of_a_registration_wakes_a_waiting_reader() {
    let board = board_with(&["1000"]);
    let mut reader = follow(&board, "earliest");
    let waiting = tokio::spawn(async move { reader.next().await.unwrap().len() });
    tokio::task::yield_now().await;
    board.publish(vec![registered("1000")]);
    assert_eq!(waiting.await.unwrap(), 1);
}
