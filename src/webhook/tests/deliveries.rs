//! Deliveries over real sockets.

use std::time::Duration;

use tokio::net::TcpListener;

use super::receiver::{Receiver, endpoint};
use crate::agent::event::Event;
use crate::state::journal::Journal;
use crate::state::tests::journal::{Data, commit};
use crate::state::tests::{board, ended, offered, ringing, settings};
use crate::state::{Board, Settings};
use crate::tls::tests::{Authority, Folder};
use crate::tls::{self, Tls};
use crate::webhook::{Endpoint, Secret, Source, WebhookError, WebhookState, Webhooks};

fn no_tls() -> Tls {
    Tls::read(tls::Settings::default()).unwrap()
}

async fn started(of_file: Vec<Endpoint>, board: &Board, journal: Option<Journal>, tls: Tls) -> Webhooks {
    let webhooks = Webhooks::new(board.clone(), journal, tls);
    webhooks.start(of_file).await.unwrap();
    webhooks
}

async fn in_memory(board: &Board) -> Webhooks {
    started(Vec::new(), board, None, no_tls()).await
}

/// As it happens now: events of tests are as old as 1970, which is too old to be tried again.
fn now(event: Event) -> Event {
    Event { time: crate::driver::wall_clock(), ..event }
}

/// Waits until a webhook is as wanted.
async fn until(webhooks: &Webhooks, is_so: impl Fn(&crate::webhook::Webhook) -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let webhook = webhooks.webhook("crm").await.unwrap();
            if is_so(&webhook) {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("it comes to be so");
}

#[tokio::test]
async fn each_event_is_posted_as_a_cloud_event_under_its_own_id() {
    let (board, mut receiver) = (board(), Receiver::start().await);
    let webhooks = in_memory(&board).await;
    board.publish(vec![offered(1)]);
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    board.publish(vec![ringing(1), offered(2)]);
    let first = receiver.next().await;
    assert_eq!(first.headers["content-type"], "application/cloudevents+json; charset=utf-8");
    assert_eq!(first.headers["user-agent"], concat!("call-agent/", env!("CARGO_PKG_VERSION")));
    assert_eq!((&first.event["specversion"], &first.event["id"]), (&"1.0".into(), &"7f3a-2".into()));
    assert_eq!(first.event["data"]["call"]["state"], "ringing");
    let (id, kind, _) = first.told();
    assert_eq!((&*id, &*kind), ("7f3a-2", "call.ringing"), "it begins with what comes next");
    assert_eq!(receiver.told().await.1, "call.offered");
    until(&webhooks, |webhook| webhook.delivered == 2 && webhook.pending == 0).await;
}

#[tokio::test]
async fn only_the_wanted_types_are_sent() {
    let (board, mut receiver) = (board(), Receiver::start().await);
    let webhooks = in_memory(&board).await;
    webhooks.add(receiver.endpoint("crm", &["call.ended"])).await.unwrap();
    board.publish(vec![offered(1), ringing(1), ended(1)]);
    assert_eq!(receiver.told().await.1, "call.ended");
    assert!(receiver.is_quiet());
}

#[tokio::test]
async fn what_is_refused_comes_again_under_the_same_id_before_what_follows_it() {
    let (board, mut receiver) = (board(), Receiver::answering(&[500]).await);
    let webhooks = in_memory(&board).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    board.publish(vec![now(offered(1)), now(ringing(1)), now(offered(2))]);
    let mut told = Vec::new();
    for _ in 0..4 {
        let (id, _, call) = receiver.told().await;
        told.push((id, call));
    }
    let of_first: Vec<_> = told.iter().filter(|(_, call)| *call == told[0].1).map(|(id, _)| &**id).collect();
    // Whichever of the two calls came first was refused.
    assert!(of_first == ["7f3a-1", "7f3a-1", "7f3a-2"] || of_first == ["7f3a-3", "7f3a-3"], "{told:?}");
    until(&webhooks, |webhook| webhook.delivered == 3).await;
}

#[tokio::test]
async fn a_redirection_is_not_followed_and_the_failure_is_told() {
    let (board, mut receiver) = (board(), Receiver::start().await);
    let webhooks = in_memory(&board).await;
    receiver.will_answer([(302, Some(("location", "/elsewhere")))]);
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    board.publish(vec![now(offered(1))]);
    receiver.told().await;
    until(&webhooks, |webhook| webhook.failure.is_some()).await;
    let webhook = webhooks.webhook("crm").await.unwrap();
    let failure = webhook.failure.unwrap();
    assert_eq!((failure.status, &*failure.detail), (Some(302), "the receiver answered 302"));
    assert!(webhook.next_attempt_at.is_some() && webhook.pending == 1);
    assert!(webhook.url.ends_with("/hooks?…"), "{}", webhook.url);
}

#[tokio::test]
async fn a_receiver_that_asks_for_rest_is_left_alone_until_dead_letters_are_wanted() {
    let (board, mut receiver) = (board(), Receiver::start().await);
    let webhooks = in_memory(&board).await;
    receiver.will_answer([(429, Some(("retry-after", "3000")))]);
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    assert!(board.is_listened_to(Duration::ZERO), "who works hears of calls");
    board.publish(vec![now(offered(1))]);
    receiver.told().await;
    until(&webhooks, |webhook| webhook.state == WebhookState::Failing).await;
    assert!(!board.is_listened_to(Duration::ZERO));
    assert_eq!(webhooks.redeliver("crm", None).await.unwrap(), 0);
    assert_eq!(receiver.told().await.0, "7f3a-1");
    until(&webhooks, |webhook| webhook.state == WebhookState::Working).await;
    assert!(board.is_listened_to(Duration::ZERO));
}

#[tokio::test]
async fn who_does_not_want_to_hear_of_new_calls_does_not_listen_for_them() {
    let (board, receiver) = (board(), Receiver::start().await);
    in_memory(&board).await.add(receiver.endpoint("crm", &["call.ended"])).await.unwrap();
    assert!(!board.is_listened_to(Duration::ZERO));
}

#[tokio::test]
async fn what_was_tried_for_too_long_is_a_dead_letter_that_can_be_sent_again() {
    let (board, mut receiver) = (board(), Receiver::answering(&[500]).await);
    let webhooks = in_memory(&board).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    // Of 1970.
    board.publish(vec![offered(1)]);
    receiver.told().await;
    until(&webhooks, |webhook| webhook.dead_letters == 1 && webhook.pending == 0).await;
    let letters = webhooks.dead_letters("crm", 0, 10).await.unwrap();
    assert_eq!((&*letters[0].event_id, letters[0].attempts), ("7f3a-1", 1));
    assert_eq!(letters[0].failure.status, Some(500));
    assert_eq!(webhooks.redeliver("crm", Some(2)).await.unwrap(), 0);
    assert_eq!(webhooks.redeliver("crm", Some(1)).await.unwrap(), 1);
    assert_eq!(receiver.told().await.0, "7f3a-1");
    until(&webhooks, |webhook| webhook.dead_letters == 0 && webhook.delivered == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_never_answers_fails_in_ten_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let board = board();
    let webhooks = in_memory(&board).await;
    webhooks.add(endpoint("crm", &url, &Secret::random().unwrap(), &["*"])).await.unwrap();
    board.publish(vec![now(offered(1))]);
    loop {
        tokio::time::advance(Duration::from_millis(100)).await;
        let Some(failure) = webhooks.webhook("crm").await.unwrap().failure else { continue };
        assert_eq!((failure.status, &*failure.detail), (None, "no answer within 10 s"));
        break;
    }
}

#[tokio::test]
async fn webhooks_are_added_and_removed_and_those_of_the_file_stay() {
    let (board, mut receiver) = (board(), Receiver::start().await);
    let of_file = Endpoint { source: Source::File, ..receiver.endpoint("pbx", &["*"]) };
    let webhooks = started(vec![of_file], &board, None, no_tls()).await;
    assert!(matches!(webhooks.add(receiver.endpoint("pbx", &["*"])).await, Err(WebhookError::Taken)));
    assert!(matches!(webhooks.remove("pbx").await, Err(WebhookError::OfFile)));
    assert!(matches!(webhooks.remove("crm").await, Err(WebhookError::NotFound)));
    assert_eq!(webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap().id, "crm");
    webhooks.remove("crm").await.unwrap();
    assert_eq!(webhooks.list().await.len(), 1);
    board.publish(vec![offered(1)]);
    receiver.told().await;
    webhooks.close().await;
    assert!(receiver.is_quiet(), "one event, one webhook");
    for number in 1..=100 {
        let added = webhooks.add(receiver.endpoint(&number.to_string(), &["*"])).await;
        assert!(added.is_ok());
    }
    assert!(matches!(webhooks.add(receiver.endpoint("one-more", &["*"])).await, Err(WebhookError::TooMany)));
}

#[tokio::test]
async fn a_certificate_must_be_of_whom_we_trust() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    for (authority, expected) in [(&ours, None), (&other, Some("UnknownIssuer"))] {
        let folder = Folder::new();
        let settings = folder.settings(&ours, &authority.issue(&["localhost"]));
        let server = Tls::read(settings.clone()).unwrap().http().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(stream) = tokio_rustls::TlsAcceptor::from(server).accept(socket).await else { return };
            let answer = async |_| Ok::<_, String>(hyper::Response::new(String::new()));
            let service = hyper::service::service_fn(answer);
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
        let board = board();
        let webhooks = started(Vec::new(), &board, None, Tls::read(settings).unwrap()).await;
        webhooks.add(endpoint("crm", &url, &Secret::random().unwrap(), &["*"])).await.unwrap();
        board.publish(vec![now(offered(1))]);
        until(&webhooks, |webhook| webhook.delivered == 1 || webhook.failure.is_some()).await;
        let failure = webhooks.webhook("crm").await.unwrap().failure;
        assert_eq!(failure.is_some(), expected.is_some(), "{failure:?}");
        let detail = failure.map(|failure| failure.detail).unwrap_or_default();
        assert!(detail.contains(expected.unwrap_or_default()), "{detail}");
    }
}

/// An agent's board, journal and webhooks, in one of its lives.
async fn life(data: &Data) -> (Board, Journal, Webhooks) {
    let (journal, past) = data.open();
    let board = Board::of_past(Settings { log_events: 3, ..settings() }, past).unwrap().0;
    board.remember_by(journal.clone());
    let webhooks = started(Vec::new(), &board, Some(journal.clone()), no_tls()).await;
    (board, journal, webhooks)
}

#[tokio::test]
async fn after_a_restart_it_goes_on_where_it_was() {
    let (data, mut receiver) = (Data::new(), Receiver::start().await);
    let (board, journal, webhooks) = life(&data).await;
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    commit(&journal, &board, vec![now(offered(1)), now(ringing(1))]).await;
    assert_eq!([receiver.told().await.0, receiver.told().await.0], ["7f3a-1", "7f3a-2"]);
    // One that is refused, and what memory does not keep when it is tried again.
    until(&webhooks, |webhook| webhook.delivered == 2).await;
    receiver.will_answer([(500, None)]);
    commit(&journal, &board, vec![now(offered(2))]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.failure.is_some()).await;
    webhooks.close().await;
    receiver.told().await;
    for number in 3..=9 {
        commit(&journal, &board, vec![now(offered(number))]).await;
    }
    journal.close().await;
    drop((board, journal, webhooks));

    let (_, journal, webhooks) = life(&data).await;
    let mut told = Vec::new();
    for _ in 3..=9 {
        told.push(receiver.told().await.0);
    }
    told.sort_by_key(|id| id.len());
    told[..6].sort();
    assert_eq!(told, (4..=10).map(|number| format!("7f3a-{number}")).collect::<Vec<_>>());
    until(&webhooks, |webhook| webhook.delivered == 7 && webhook.pending == 0).await;
    webhooks.close().await;
    assert!(receiver.is_quiet());
    journal.close().await;
}

#[tokio::test]
async fn what_is_open_and_dead_survives_a_restart_and_what_is_removed_does_not() {
    let (data, mut receiver) = (Data::new(), Receiver::answering(&[500]).await);
    let (board, journal, webhooks) = life(&data).await;
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    commit(&journal, &board, vec![offered(1)]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.dead_letters == 1).await;
    receiver.will_answer([(429, Some(("retry-after", "3000")))]);
    commit(&journal, &board, vec![now(offered(2))]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.pending == 1 && webhook.state == WebhookState::Failing).await;
    // Ends at once, with the open one on record.
    webhooks.close().await;
    journal.close().await;
    drop((board, journal, webhooks));

    let (_, journal, webhooks) = life(&data).await;
    assert_eq!(receiver.told().await.0, "7f3a-2", "the open one is tried at once");
    assert_eq!(webhooks.dead_letters("crm", 0, 10).await.unwrap()[0].event_id, "7f3a-1");
    webhooks.remove("crm").await.unwrap();
    webhooks.close().await;
    journal.close().await;
    drop((journal, webhooks));

    let (.., webhooks) = life(&data).await;
    assert!(webhooks.list().await.is_empty());
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    assert_eq!(webhooks.dead_letters("crm", 0, 10).await.unwrap().len(), 0);
}
