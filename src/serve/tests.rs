//! The end of the service, in virtual time.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::close;
use crate::state::tests::{board, ended, offered};
use crate::tls::{self, Tls};
use crate::traces::Traces;
use crate::webhook::{Endpoint, Secret, Source, Types, Webhooks};

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_receivers_and_collectors_side_by_side() {
    let (board, tls) = (board(), Tls::read(tls::Settings::default()).unwrap());
    // It takes connections, and answers nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let traces = Traces::start(&url, &board, tls.clone()).unwrap();
    let webhooks = Webhooks::new(board.clone(), None, tls, Duration::from_secs(3600));
    let endpoint = Endpoint {
        id: "crm".to_owned(),
        url: url.parse().unwrap(),
        secret: Secret::random().unwrap(),
        types: Types::default(),
        source: Source::File,
    };
    webhooks.start(vec![endpoint]).await.unwrap();
    board.publish(vec![offered(1), ended(1)]);
    while webhooks.webhook("crm").await.unwrap().pending < 2 {
        yield_now().await;
    }
    board.close();
    let begun = Instant::now();
    close(&webhooks, &traces, None).await;
    // Five seconds for webhooks; the two for traces are among them.
    assert_eq!(begun.elapsed().as_secs(), 5);
}
