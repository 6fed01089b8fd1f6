use super::*;

#[tokio::test(start_paused = true)]
async fn who_follows_everything_is_listened_for() {
    let board = board();
    board.publish(vec![offered(1)]);
    let within = Duration::from_secs(10);
    assert!(board.is_listened_to(within), "it has just begun");
    tokio::time::advance(within).await;
    assert!(!board.is_listened_to(within));
    let of_call = board.follow_call(id(1), &After::Now, Filter::default(), NOW);
    assert!(!board.is_listened_to(within), "one call's events tell of no other");
    let (first, second) = (follow(&board, "earliest"), follow(&board, "earliest"));
    tokio::time::advance(within).await;
    drop(first);
    assert!(board.is_listened_to(Duration::ZERO));
    drop((second, of_call));
    assert!(board.is_listened_to(within) && !board.is_listened_to(Duration::ZERO));
    tokio::time::advance(within).await;
    assert!(!board.is_listened_to(within));
}
