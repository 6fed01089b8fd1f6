//! What receivers may answer, and how slowly.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::harness::{in_memory, until};
use super::receiver::{Receiver, endpoint};
use crate::driver::wall_clock;
use crate::state::tests::{board, offered};
use crate::webhook::{Secret, Webhook, WebhookState};

/// The webhook after one event was sent to who answers with these bytes, then with `more` for as long as it may.
async fn answered(head: &'static str, more: &'static [u8]) -> Webhook {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut socket = listener.accept().await.unwrap().0;
        let _ = socket.read(&mut [0; 65_536]).await;
        let _ = socket.write_all(head.as_bytes()).await;
        while !more.is_empty() && socket.write_all(more).await.is_ok() {}
        let _: std::io::Result<TcpStream> = std::future::pending().await;
    });
    let board = board();
    let webhooks = in_memory(&board).await;
    webhooks.add(endpoint("crm", &url, &Secret::random().unwrap(), &["*"])).await.unwrap();
    board.publish(vec![offered(1)]);
    until(&webhooks, |webhook| webhook.delivered == 1 || webhook.failure.is_some()).await
}

#[tokio::test]
async fn a_yes_is_a_yes_however_the_rest_of_the_answer_comes() {
    for (head, more) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal", &b""[..]),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", &[b'a'; 65_536]),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"rubbish"),
    ] {
        let webhook = answered(head, more).await;
        assert_eq!((webhook.delivered, webhook.pending), (1, 0), "{head}: {:?}", webhook.failure);
    }
}

#[tokio::test]
async fn a_head_without_end_is_a_no_and_is_not_kept() {
    let webhook =
        answered("HTTP/1.1 200 OK\r\n", b"x-filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
            .await;
    assert_eq!((webhook.delivered, webhook.pending), (0, 1), "{:?}", webhook.failure);
}

#[tokio::test]
async fn how_long_a_receiver_wants_to_be_left_alone_is_heard_in_seconds_and_as_a_date() {
    let in_half_an_hour = httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(1800));
    let date: &'static str = in_half_an_hour.leak();
    for (status, retry_after, minutes) in [
        (429, Some("600"), 10),
        (503, Some(date), 30),
        (502, Some("600"), 10),
        (429, Some("99999999"), 60),
        (503, Some("Sun, 06 Nov 1994 08:49:37 GMT"), 0),
        (503, Some("soon"), 0),
        (500, Some("600"), 0),
        (410, None, 60),
    ] {
        let (board, mut receiver) = (board(), Receiver::start().await);
        let webhooks = in_memory(&board).await;
        receiver.will_answer([(status, retry_after.map(|value| ("retry-after", value)))]);
        webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
        board.publish(vec![offered(1)]);
        receiver.told().await;
        let webhook =
            until(&webhooks, |webhook| webhook.failure.is_some() && webhook.next_attempt_at.is_some()).await;
        let wait = Duration::from_micros((webhook.next_attempt_at.unwrap().0 - wall_clock().0).max(0) as u64);
        assert_eq!((wait.as_secs() + 30) / 60, minutes, "{status} {retry_after:?}: {wait:?}");
        assert_eq!(webhook.state == WebhookState::Failing, minutes > 0, "{status} {retry_after:?}");
    }
}

#[tokio::test]
async fn a_webhook_that_is_removed_while_it_is_called_is_hung_up_on_and_called_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let board = board();
    let webhooks = in_memory(&board).await;
    webhooks.add(endpoint("crm", &url, &Secret::random().unwrap(), &["*"])).await.unwrap();
    board.publish(vec![offered(1)]);
    let mut socket = listener.accept().await.unwrap().0;
    assert!(socket.read(&mut [0; 65_536]).await.unwrap() > 0);
    webhooks.remove("crm").await.unwrap();
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
    board.publish(vec![offered(2)]);
    let called_again = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(called_again.is_err());
    assert!(!board.is_listened_to(Duration::ZERO));
}
