//! Over restarts nothing is lost, or that something is lost is told.

use std::time::Duration;

use serde_json::json;

use super::harness::{DAY, life, until};
use super::receiver::Receiver;
use crate::state::journal::{Retention, Write, kept};
use crate::state::tests::journal::{Data, commit};
use crate::state::tests::{offered, ringing};
use crate::webhook::{WebhookError, WebhookState};

/// So many events are kept, however old they are.
fn of_events(events: u64) -> Retention {
    Retention { events, age: Duration::from_secs(1 << 40), ..Retention::default() }
}

#[tokio::test]
async fn after_a_restart_it_goes_on_where_it_was() {
    let (data, mut receiver) = (Data::new(), Receiver::start().await);
    let (board, journal, webhooks) = life(&data, DAY).await;
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    commit(&journal, &board, vec![offered(1), ringing(1)]).await;
    assert_eq!([receiver.told().await.0, receiver.told().await.0], ["7f3a-1", "7f3a-2"]);
    // One that is refused, and what memory does not keep when it is tried again.
    until(&webhooks, |webhook| webhook.delivered == 2).await;
    receiver.will_answer([(500, None)]);
    commit(&journal, &board, vec![offered(2)]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.failure.is_some()).await;
    webhooks.close().await;
    receiver.told().await;
    for number in 3..=9 {
        commit(&journal, &board, vec![offered(number)]).await;
    }
    journal.close().await;
    drop((board, journal, webhooks));

    let (_, journal, webhooks) = life(&data, DAY).await;
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
    let (board, journal, webhooks) = life(&data, Duration::ZERO).await;
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    commit(&journal, &board, vec![offered(1)]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.dead_letters == 1).await;
    webhooks.close().await;
    journal.close().await;
    drop((board, journal, webhooks));

    let (board, journal, webhooks) = life(&data, DAY).await;
    receiver.will_answer([(429, Some(("retry-after", "3000")))]);
    commit(&journal, &board, vec![offered(2)]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.pending == 1 && webhook.state == WebhookState::Failing).await;
    // Ends at once, with the open one on record.
    webhooks.close().await;
    journal.close().await;
    drop((board, journal, webhooks));

    let (_, journal, webhooks) = life(&data, DAY).await;
    assert_eq!(receiver.told().await.0, "7f3a-2", "the open one is tried at once");
    assert_eq!(webhooks.dead_letters("crm", 0, 10).await.unwrap()[0].event_id, "7f3a-1");
    webhooks.remove("crm").await.unwrap();
    webhooks.close().await;
    journal.close().await;
    drop((journal, webhooks));

    let (.., webhooks) = life(&data, DAY).await;
    assert!(webhooks.list().await.is_empty());
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    assert_eq!(webhooks.dead_letters("crm", 0, 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn from_the_answer_on_nothing_is_missed_even_if_the_agent_dies_at_once() {
    let (data, receiver) = (Data::new(), Receiver::start().await);
    let (board, journal, webhooks) = life(&data, DAY).await;
    commit(&journal, &board, vec![offered(1)]).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    let on_record = kept(&data.database(), "webhook-progress").unwrap();
    let [(id, progress)] = <[_; 1]>::try_from(on_record).unwrap();
    let progress: serde_json::Value = serde_json::from_slice(&progress).unwrap();
    assert_eq!((&*id, &progress["read"]), ("crm", &json!("7f3a-1")));
}

#[tokio::test]
async fn what_is_gone_from_the_log_before_it_was_delivered_is_told_over_restarts_until_it_is_heard() {
    let (data, mut receiver) = (Data::new(), Receiver::start().await);
    let rest = (503, Some(("retry-after", "3000")));
    let (board, journal, webhooks) = life(&data, DAY).await;
    webhooks.add(receiver.endpoint("crm", &["call.offered"])).await.unwrap();
    receiver.will_answer([rest]);
    commit(&journal, &board, vec![offered(1)]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.state == WebhookState::Failing).await;
    webhooks.close().await;
    commit(&journal, &board, (2..=5).map(offered).collect()).await;
    journal.close().await;
    drop((board, journal, webhooks));
    // The open one goes, and what it was not read for.
    assert_eq!(data.sweep(of_events(2)), 4);

    for answers in [vec![rest; 3], Vec::new()] {
        let is_refused = !answers.is_empty();
        receiver.will_answer(answers);
        let (_board, journal, webhooks) = life(&data, DAY).await;
        let mut told = Vec::new();
        for _ in 0..3 {
            let seen = receiver.next().await;
            told.push((seen.headers["webhook-id"].to_str().unwrap().to_owned(), seen.event));
        }
        told.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!([&*told[0].0, &told[1].0, &told[2].0], ["7f3a-3-gap", "7f3a-4", "7f3a-5"]);
        assert_eq!(told[0].1["data"], json!({"oldest": "7f3a-4", "last": "7f3a-5"}));
        if is_refused {
            until(&webhooks, |webhook| webhook.failure.is_some() && webhook.pending == 3).await;
        } else {
            until(&webhooks, |webhook| webhook.pending == 0).await;
        }
        webhooks.close().await;
        journal.close().await;
    }
    assert!(receiver.is_quiet());
}

#[tokio::test]
async fn an_open_event_that_the_log_has_lost_is_told_as_a_gap() {
    let (data, mut receiver) = (Data::new(), Receiver::start().await);
    let (board, journal, webhooks) = life(&data, DAY).await;
    webhooks.add(receiver.endpoint("crm", &["call.*"])).await.unwrap();
    receiver.will_answer([(500, None)]);
    commit(&journal, &board, vec![offered(1), ringing(1)]).await;
    receiver.told().await;
    until(&webhooks, |webhook| webhook.failure.is_some()).await;
    // As a kill would have left it: read to the end, with both open.
    let open =
        json!([{"sequence": 1, "attempts": 1, "since": null}, {"sequence": 2, "attempts": 0, "since": null}]);
    let progress = json!({"read": "7f3a-3", "open": open}).to_string().into_bytes();
    webhooks.close().await;
    commit(&journal, &board, vec![offered(2)]).await;
    journal.save(Write::Keep("webhook-progress".into(), "crm".into(), progress)).await.unwrap();
    journal.close().await;
    drop((board, journal, webhooks));
    data.sweep(of_events(1));
    while receiver.try_id().is_some() {}

    let (_board, _journal, _webhooks) = life(&data, DAY).await;
    assert_eq!(receiver.id().await, "7f3a-2-gap");
}

#[tokio::test]
async fn a_webhook_that_cannot_be_taken_off_the_record_stays() {
    let (data, mut receiver) = (Data::new(), Receiver::start().await);
    let (board, journal, webhooks) = life(&data, DAY).await;
    webhooks.add(receiver.endpoint("crm", &["*"])).await.unwrap();
    journal.close().await;
    assert!(matches!(webhooks.remove("crm").await, Err(WebhookError::Journal(_))));
    assert!(webhooks.webhook("crm").await.is_some());
    assert!(matches!(webhooks.add(receiver.endpoint("other", &["*"])).await, Err(WebhookError::Journal(_))));
    assert!(webhooks.webhook("other").await.is_none());
    board.publish(vec![offered(1)]);
    receiver.told().await;
}
