//! The driver over real sockets.

mod begin;
mod calls;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::{Commander, Driver, Recorded};
use crate::agent::command::{Accept, Labels, Wait};
use crate::agent::{Action, CallCommand, CallId, Refusal, Settings};
use crate::state::{Board, Filter};
use crate::transport::{self, Bounds};

/// Only a failing test waits as long.
const PATIENCE: Duration = Duration::from_secs(20);

const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A running driver.
struct House {
    commander: Commander,
    board: Board,
    client: TcpStream,
    shutdown: Option<oneshot::Sender<()>>,
    haste: Option<oneshot::Sender<()>>,
    driver: JoinHandle<()>,
}

impl House {
    async fn start() -> Self {
        Self::draining_for(DRAIN_TIME).await
    }

    async fn draining_for(drain_time: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let network = transport::start(vec![transport::Listener::Tcp(listener)], Bounds::default());
        let (commander, asks) = Commander::channel(64);
        let board = Board::new(crate::state::Settings::default());
        let driver = Driver::new(
            Settings::default(),
            [7; 32],
            Recorded::in_memory(board.clone()),
            network,
            asks,
            drain_time,
        );
        let (shutdown, shut_down) = oneshot::channel();
        let (haste, hastened) = oneshot::channel();
        let come = async |told: oneshot::Receiver<()>| drop(told.await);
        let driver = tokio::spawn(driver.run(come(shut_down), come(hastened)));
        let client = TcpStream::connect(address).await.unwrap();
        Self { commander, board, client, shutdown: Some(shutdown), haste: Some(haste), driver }
    }

    fn shut_down(&mut self) {
        self.shutdown.take().unwrap().send(()).unwrap();
    }
}

fn command() -> CallCommand {
    CallCommand {
        call: CallId::new(1, 1),
        if_version: None,
        by: None,
        action: Action::Label(Labels::default()),
    }
}

#[tokio::test(start_paused = true)]
async fn without_calls_a_shutdown_ends_the_driver_at_once_and_commands_are_refused_from_then_on() {
    let mut house = House::start().await;
    let begun = Instant::now();
    house.shut_down();
    house.driver.await.unwrap();
    assert!(begun.elapsed() < DRAIN_TIME);
    assert!(house.board.is_draining());
    assert!(matches!(house.commander.call(command()).await, Err(Refusal::Draining)));
}

#[tokio::test]
async fn a_flood_of_commands_does_not_starve_the_wire() {
    let mut house = House::start().await;
    let commander = Arc::new(house.commander);
    let flood = tokio::spawn(async move {
        loop {
            let commander = commander.clone();
            tokio::spawn(async move { commander.call(command()).await });
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..10 {
        house.client.write_all(b"\r\n\r\n").await.unwrap();
        timeout(PATIENCE, house.client.read_exact(&mut [0; 2])).await.unwrap().unwrap();
    }
    flood.abort();
}

#[tokio::test]
async fn a_flood_from_the_wire_does_not_starve_a_shutdown() {
    let house = House::start().await;
    let House { client, driver, shutdown, .. } = house;
    let (mut source, mut sink) = client.into_split();
    let flood =
        tokio::spawn(async move { while sink.write_all(&[b'\r', b'\n'].repeat(512)).await.is_ok() {} });
    timeout(PATIENCE, source.read_exact(&mut [0; 1024])).await.unwrap().unwrap();
    shutdown.unwrap().send(()).unwrap();
    timeout(PATIENCE, driver).await.unwrap().unwrap();
    timeout(PATIENCE, flood).await.unwrap().unwrap();
}
