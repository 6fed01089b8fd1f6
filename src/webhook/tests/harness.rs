//! Webhooks in a test.

use std::time::Duration;

use crate::state::journal::Journal;
use crate::state::tests::journal::Data;
use crate::state::tests::settings;
use crate::state::{Board, Settings};
use crate::tls::{self, Tls};
use crate::webhook::{Endpoint, Webhook, Webhooks};

pub const DAY: Duration = Duration::from_secs(24 * 3600);

pub fn no_tls() -> Tls {
    Tls::read(tls::Settings::default()).unwrap()
}

/// Webhooks of the file, which try for that long.
pub async fn started(
    of_file: Vec<Endpoint>,
    board: &Board,
    journal: Option<Journal>,
    tls: Tls,
    patience: Duration,
) -> Webhooks {
    let webhooks = Webhooks::new(board.clone(), journal, tls, patience);
    webhooks.start(of_file).await.unwrap();
    webhooks
}

pub async fn in_memory(board: &Board) -> Webhooks {
    started(Vec::new(), board, None, no_tls(), DAY).await
}

/// Waits until a webhook is as wanted; as it then is.
pub async fn until(webhooks: &Webhooks, is_so: impl Fn(&Webhook) -> bool) -> Webhook {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let webhook = webhooks.webhook("crm").await.unwrap();
            if is_so(&webhook) {
                return webhook;
            }
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("it comes to be so")
}

/// An agent's board, journal and webhooks, in one of its lives. Memory keeps three events; each is tried for that long.
pub async fn life(data: &Data, patience: Duration) -> (Board, Journal, Webhooks) {
    let (journal, past) = data.open();
    let board = Board::of_past(Settings { log_events: 3, ..settings() }, past).unwrap().0;
    board.remember_by(journal.clone());
    let webhooks = started(Vec::new(), &board, Some(journal.clone()), no_tls(), patience).await;
    (board, journal, webhooks)
}
