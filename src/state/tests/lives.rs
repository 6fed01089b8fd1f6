//! A log of which events are missing that somebody has seen.

use super::journal::{Data, commit, flush, killed};
use super::*;

/// What a reader of the past is told at once: names and ids.
fn after(board: &Board, position: &str) -> Vec<(String, String)> {
    told(&mut follow(board, position))
}

#[tokio::test]
async fn what_is_told_behind_an_older_copy_is_taken_for_nothing_that_was_seen() {
    let data = Data::new();
    let (journal, board) = data.begin();
    commit(&journal, &board, vec![offered(1), ended(1)]).await;
    flush(&journal).await;
    let copy = killed(&data);
    commit(&journal, &board, vec![offered(2), ended(2)]).await;

    let (journal, board) = copy.begin_in("8b00");
    assert_eq!(board.last_event_id().to_string(), "7f3a-2", "what is there keeps its ids");
    commit(&journal, &board, vec![offered(3), ended(3), offered(4)]).await;
    let news = [("call.offered", "8b00-3"), ("call.ended", "8b00-4"), ("call.offered", "8b00-5")];
    let news = news.map(|(kind, id)| pair(kind, id));
    assert_eq!(after(&board, "7f3a-2"), news, "nothing is missing for who has seen no more");
    let gap = [pair("stream.gap", "7f3a-0")];
    assert_eq!(after(&board, "7f3a-4")[..1], gap, "its number was given to another event");
    journal.close().await;
    drop((journal, board));

    let (_journal, board) = copy.begin_in("9c00");
    assert_eq!(after(&board, "7f3a-2"), news, "no other epoch begins");
    assert_eq!(after(&board, "7f3a-4")[..1], gap);
}

#[tokio::test]
async fn a_copy_is_known_for_one_however_it_is_put_back() {
    let data = Data::new();
    data.tell(vec![offered(1)]).await;
    let copy = killed(&data);
    data.tell(vec![ended(1)]).await;
    let files = |of: &Data| std::fs::read_dir(of.directory()).unwrap().map(|file| file.unwrap().path());
    for (epoch, is_over) in [("8b00", true), ("9c00", false)] {
        if !is_over {
            files(&data).for_each(|file| std::fs::remove_file(file).unwrap());
        }
        for file in files(&copy) {
            std::fs::copy(&file, data.directory().join(file.file_name().unwrap())).unwrap();
        }
        let (journal, board) = data.begin_in(epoch);
        assert_eq!(&*board.epoch(), epoch);
        journal.close().await;
    }
}
