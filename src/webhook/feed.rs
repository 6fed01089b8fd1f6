//! Reads the log for a receiver, one batch ahead of what is asked for.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::driver;
use crate::state::{After, Board, EventId, Filter, Frame, Topics};

/// How often is told how far the log was read when nothing in it is wanted.
const POSITION: Duration = Duration::from_secs(10);

/// How long the log is left alone when nothing could be read from it.
const PAUSE: Duration = Duration::from_secs(1);

/// Some events, and the last one that was looked at.
pub(super) type Batch = (Vec<Frame>, EventId);

/// What the log holds of these behind a place; it ends when the board is closed.
pub(super) fn feed(board: Board, after: EventId, topics: Topics) -> mpsc::Receiver<Batch> {
    let (batches, feed) = mpsc::channel(1);
    tokio::spawn(read(board, After::Event(after), topics, batches));
    feed
}

async fn read(board: Board, mut after: After, topics: Topics, batches: mpsc::Sender<Batch>) {
    while !board.is_closed() {
        let filter = Filter { topics, ..Filter::default() };
        let mut reader = board.follow_aside(&after, filter, driver::wall_clock());
        let mut read_any = false;
        loop {
            let frames = tokio::select! {
                frames = timeout(POSITION, reader.next()) => frames.unwrap_or(Some(Vec::new())),
                () = batches.closed() => return,
            };
            // It was too far behind what memory keeps; or the board is closed.
            let Some(frames) = frames else { break };
            read_any = true;
            if batches.send((frames, reader.position())).await.is_err() {
                return;
            }
        }
        after = After::Event(reader.position());
        if !read_any && !board.is_closed() {
            sleep(PAUSE).await;
        }
    }
}
