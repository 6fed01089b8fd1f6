//! Deliveries over real sockets.

use std::time::Duration;

use tokio::net::TcpListener;

use super::harness::{DAY, in_memory, no_tls, started, until};
use super::receiver::{Receiver, endpoint};
use crate::state::tests::{board, ended, offered, ringing};
use crate::tls::Tls;
use crate::tls::tests::{Authority, Folder};
use crate::webhook::{Endpoint, Secret, Source, WebhookError, WebhookState};

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
    board.publish(vec![offered(1), ringing(1), offered(2)]);
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
    board.publish(vec![offered(1)]);
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
    board.publish(vec![offered(1)]);
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

#[tokio::test(start_paused = true)]
async fn a_receiver_that_never_answers_fails_in_ten_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let board = board();
    let webhooks = in_memory(&board).await;
    webhooks.add(endpoint("crm", &url, &Secret::random().unwrap(), &["*"])).await.unwrap();
    board.publish(vec![offered(1)]);
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
    let webhooks = started(vec![of_file], &board, None, no_tls(), DAY).await;
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
        let webhooks = started(Vec::new(), &board, None, Tls::read(settings).unwrap(), DAY).await;
        webhooks.add(endpoint("crm", &url, &Secret::random().unwrap(), &["*"])).await.unwrap();
        board.publish(vec![offered(1)]);
        until(&webhooks, |webhook| webhook.delivered == 1 || webhook.failure.is_some()).await;
        let failure = webhooks.webhook("crm").await.unwrap().failure;
        assert_eq!(failure.is_some(), expected.is_some(), "{failure:?}");
        let detail = failure.map(|failure| failure.detail).unwrap_or_default();
        assert!(detail.contains(expected.unwrap_or_default()), "{detail}");
    }
}
