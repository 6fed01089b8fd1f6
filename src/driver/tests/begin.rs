//! What comes before the first client is served.

use super::*;
use crate::agent::event::CallState;
use crate::state::tests::journal::Data;
use crate::state::tests::{offered, settings};

/// A driver that begins with a call that was ringing when the process died.
fn after_a_crash(data: &Data) -> (Driver, Board) {
    let (journal, past) = data.open();
    let (board, unfinished) = Board::of_past(settings(), past).unwrap();
    assert_eq!(unfinished.len(), 1);
    let recorded = Recorded { journal: Some(journal), unfinished, ..Recorded::in_memory(board.clone()) };
    let network = transport::start(Vec::new(), Bounds::default());
    let asks = Commander::channel(1).1;
    (Driver::new(Settings::default(), [7; 32], recorded, network, asks, DRAIN_TIME), board)
}

#[tokio::test]
async fn nobody_sees_a_lost_call_as_it_was() {
    let data = Data::new();
    let event = offered(1);
    data.tell(vec![event.clone()]).await;
    let (mut driver, board) = after_a_crash(&data);
    assert_eq!(board.call(event.call.id).unwrap().state, CallState::Offered);
    driver.begin().await;
    assert_eq!(board.call(event.call.id).unwrap().state, CallState::Ended);
}

#[tokio::test]
async fn a_disk_that_fails_does_not_keep_the_agent_from_beginning() {
    let data = Data::new();
    data.tell(vec![offered(1)]).await;
    let (mut driver, board) = after_a_crash(&data);
    let _full = data.fill();
    timeout(PATIENCE, driver.begin()).await.unwrap();
    assert!(board.fault().is_some());
}
