//! Events that were given up, and given again.

use std::time::Duration;

use super::harness::{DAY, life, no_tls, started, until};
use super::receiver::Receiver;
use crate::state::tests::journal::{Data, commit, flush};
use crate::state::tests::{board, offered, ringing};
use crate::webhook::WebhookError;

#[tokio::test]
async fn what_was_tried_for_too_long_is_a_dead_letter_that_can_be_sent_again() {
    let (board, mut receiver) = (board(), Receiver::answering(&[500]).await);
    let webhooks = started(Vec::new(), &board, None, no_tls(), Duration::ZERO).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    board.publish(vec![offered(1)]);
    receiver.told().await;
    until(&webhooks, |webhook| webhook.dead_letters == 1 && webhook.pending == 0).await;
    let letters = webhooks.dead_letters("crm", 0, 10).await.unwrap();
    assert_eq!((&*letters[0].event_id, letters[0].attempts), ("7f3a-1", 1));
    assert_eq!(letters[0].failure.status, Some(500));
    for other in ["7f3a-2", "ffff-1"] {
        let refused = webhooks.redeliver("crm", Some(&other.parse().unwrap())).await;
        assert!(matches!(refused, Err(WebhookError::NoDeadLetter)), "{other}");
    }
    let event = "7f3a-1".parse().unwrap();
    assert_eq!(webhooks.redeliver("crm", Some(&event)).await.unwrap(), 1);
    assert_eq!(receiver.told().await.0, "7f3a-1");
    until(&webhooks, |webhook| webhook.dead_letters == 0 && webhook.delivered == 1).await;
}

#[tokio::test]
async fn who_asks_at_the_same_time_gets_each_event_once_more() {
    let (board, mut receiver) = (board(), Receiver::answering(&[500; 6]).await);
    let webhooks = started(Vec::new(), &board, None, no_tls(), Duration::ZERO).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    board.publish(vec![offered(1), ringing(1), offered(2), ringing(2), offered(3), ringing(3)]);
    until(&webhooks, |webhook| webhook.dead_letters == 6).await;
    while receiver.try_id().is_some() {}
    let (one, other, third) = tokio::join!(
        webhooks.redeliver("crm", None),
        webhooks.redeliver("crm", None),
        webhooks.redeliver("crm", None)
    );
    assert_eq!(one.unwrap() + other.unwrap() + third.unwrap(), 6);
    until(&webhooks, |webhook| webhook.delivered == 6 && webhook.pending == 0).await;
    let mut calls: std::collections::BTreeMap<_, Vec<_>> = std::collections::BTreeMap::new();
    for _ in 0..6 {
        let (id, _, call) = receiver.told().await;
        calls.entry(call).or_default().push(id);
    }
    assert!(receiver.is_quiet(), "each once");
    assert!(calls.values().all(|ids| ids.is_sorted()), "in order: {calls:?}");
}

#[tokio::test]
async fn a_dead_letter_that_the_disk_does_not_take_is_put_there_later() {
    let (data, mut receiver) = (Data::new(), Receiver::answering(&[500]).await);
    let (board, journal, webhooks) = life(&data, Duration::ZERO).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    flush(&journal).await;
    let full = data.fill();
    board.publish(vec![offered(1)]);
    receiver.told().await;
    until(&webhooks, |webhook| webhook.dead_letters == 1).await;
    drop(full);
    webhooks.close().await;
    journal.close().await;
    drop((board, journal, webhooks));
    let (_board, _journal, webhooks) = life(&data, DAY).await;
    assert_eq!(webhooks.dead_letters("crm", 0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_delivered_after_a_crash_is_no_dead_letter() {
    let (data, mut receiver) = (Data::new(), Receiver::answering(&[500]).await);
    let (board, journal, webhooks) = life(&data, Duration::ZERO).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    commit(&journal, &board, vec![offered(1)]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.dead_letters == 1).await;
    webhooks.close().await;
    // As a crash between the two records leaves it: a dead letter, and open.
    let progress = br#"{"read": "7f3a-1", "open": [{"sequence": 1, "attempts": 1, "since": null}]}"#.to_vec();
    let write = crate::state::journal::Write::Keep("webhook-progress".into(), "crm".into(), progress);
    journal.save(write).await.unwrap();
    journal.close().await;
    drop((board, journal, webhooks));
    let (_board, _journal, webhooks) = life(&data, DAY).await;
    assert_eq!(receiver.told().await.0, "7f3a-1");
    until(&webhooks, |webhook| webhook.delivered == 1 && webhook.dead_letters == 0).await;
}
