//! Keys and their answers, in memory.

use futures_util::FutureExt;

use super::journal::Data;
use super::*;
use crate::state::answers::{Answer, Answers, Keyed, Known};

const COMMAND: [u8; 32] = [1; 32];

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

fn answer(call: u64) -> Answer {
    let headers = vec![("etag".to_owned(), "\"2\"".to_owned())];
    Answer { status: 200, headers, body: "{}".into(), call: Some(id(call)) }
}

fn begin(answers: &Answers, key: &str, seconds: i64) -> Known {
    answers.begin(key, COMMAND, at(seconds)).now_or_never().unwrap().unwrap()
}

/// A command to call 1 that was done at the beginning of time.
fn done(board: &Board) -> Answers {
    let answers = Answers::new(board.clone(), None, Vec::new());
    assert_eq!(begin(&answers, "k", 0), Known::New);
    answers.end("k", answer(1)).now_or_never().unwrap();
    answers
}

#[test]
fn a_key_is_known_for_the_life_of_its_call_and_an_hour() {
    let board = board();
    board.publish(vec![offered(1)]);
    let answers = done(&board);
    assert_eq!(begin(&answers, "other", 100_000), Known::New, "time goes on");
    assert_eq!(begin(&answers, "k", 100_000), Known::Done(answer(1)));
    let mut over = call(1, CallState::Ended, 3);
    over.ended_at = Some(at(200_000));
    board.publish(vec![Event { time: at(200_000), ..event(EventKind::Ended, over) }]);
    begin(&answers, "other still", 203_600);
    assert_eq!(begin(&answers, "k", 203_600), Known::Done(answer(1)));
    begin(&answers, "another", 203_700);
    assert_eq!(begin(&answers, "k", 203_700), Known::New);
}

#[test]
fn a_call_that_is_soon_forgotten_does_not_take_its_keys_with_it() {
    let board = Board::new(Settings { ended_calls: 0, ..settings() });
    board.publish(vec![offered(1)]);
    let answers = done(&board);
    begin(&answers, "other", 100_000);
    board.publish(vec![ended_at(1, 100_000)]);
    assert!(board.call(id(1)).is_none());
    begin(&answers, "other still", 100_100);
    begin(&answers, "and another", 103_600);
    assert_eq!(begin(&answers, "k", 103_600), Known::Done(answer(1)), "an hour is not over");
    begin(&answers, "the last", 103_800);
    assert_eq!(begin(&answers, "k", 103_800), Known::New);
}

#[test]
fn a_key_without_a_call_is_known_for_an_hour() {
    let answers = Answers::new(board(), None, Vec::new());
    let of_none = Answer { call: None, ..answer(1) };
    begin(&answers, "k", 0);
    answers.end("k", of_none.clone()).now_or_never().unwrap();
    begin(&answers, "other", 3600);
    assert_eq!(begin(&answers, "k", 3600), Known::Done(of_none));
    begin(&answers, "another", 3700);
    assert_eq!(begin(&answers, "k", 3700), Known::New);
}

#[test]
fn what_became_of_a_command_that_the_process_died_with_is_not_known() {
    let under_way = Keyed { key: "k".to_owned(), fingerprint: COMMAND, at: at(0), answer: None };
    let answered = Keyed { key: "a".to_owned(), answer: Some(answer(1)), ..under_way.clone() };
    let answers = Answers::new(board(), None, vec![under_way, answered]);
    assert_eq!(begin(&answers, "k", 10), Known::Unknown);
    assert_eq!(begin(&answers, "a", 10), Known::Done(answer(1)));
    let other = answers.begin("a", [2; 32], at(10)).now_or_never().unwrap().unwrap();
    assert_eq!(other, Known::Another);
    begin(&answers, "other", 3700);
    assert_eq!(begin(&answers, "k", 3700), Known::New);
}

#[test]
fn a_command_on_record_without_a_client_is_found_by_the_one_who_sends_it_again() {
    let of_nobody = Keyed { key: "k".to_owned(), fingerprint: COMMAND, at: at(0), answer: Some(answer(1)) };
    let answers = Answers::new(board(), None, vec![of_nobody]);
    assert_eq!(begin(&answers, "key crm\nk", 10), Known::Done(answer(1)));
    let other = answers.begin("key crm\nk", [2; 32], at(10)).now_or_never().unwrap().unwrap();
    assert_eq!(other, Known::New, "another command is another client's");
    assert_eq!(begin(&answers, "key phone\nother", 10), Known::New);
    assert_eq!(begin(&answers, "other", 10), Known::New, "a client's is nobody else's");
}

#[test]
fn long_keys_count_too() {
    let answers = Answers::new(board(), None, Vec::new());
    let key = |number: u32| format!("{number}{}", "x".repeat(1024 * 1024));
    for number in 0..50 {
        begin(&answers, &key(number), 0);
    }
    assert_eq!(begin(&answers, &key(49), 0), Known::UnderWay);
    assert_eq!(begin(&answers, &key(0), 0), Known::New);
}

#[test]
fn a_key_that_is_given_back_is_new_again() {
    let answers = Answers::new(board(), None, Vec::new());
    assert_eq!(begin(&answers, "k", 0), Known::New);
    assert_eq!(begin(&answers, "k", 0), Known::UnderWay);
    answers.forget("k").now_or_never().unwrap();
    assert_eq!(begin(&answers, "k", 0), Known::New);
}

#[test]
fn beyond_the_bounds_the_oldest_are_forgotten() {
    let answers = Answers::new(board(), None, Vec::new());
    let large = Answer { body: vec![b'x'; 1024 * 1024].into(), call: None, ..answer(1) };
    for number in 0..200 {
        let key = number.to_string();
        assert_eq!(begin(&answers, &key, 0), Known::New);
        answers.end(&key, large.clone()).now_or_never().unwrap();
    }
    assert_eq!(begin(&answers, "199", 0), Known::Done(large));
    assert_eq!(begin(&answers, "0", 0), Known::New);
}

#[tokio::test]
async fn a_key_that_cannot_be_put_on_record_is_free() {
    let data = Data::new();
    let (journal, _) = data.open();
    let old = Keyed { key: "old".to_owned(), fingerprint: COMMAND, at: at(0), answer: None };
    let answers = Answers::new(board(), Some(journal), vec![old]);
    let full = data.fill();
    // Beside it one is forgotten, which cannot be written either.
    assert!(answers.begin("k", COMMAND, at(10_000)).await.is_err());
    drop(full);
    assert_eq!(answers.begin("k", COMMAND, at(10_000)).await.unwrap(), Known::New);
}

#[test]
fn an_answer_that_comes_when_its_key_is_forgotten_does_not_count() {
    let answers = Answers::new(board(), None, Vec::new());
    let large = Answer { body: vec![b'x'; 100 * 1024 * 1024].into(), call: None, ..answer(1) };
    answers.end("forgotten", large.clone()).now_or_never().unwrap();
    for key in ["1", "2"] {
        begin(&answers, key, 0);
        answers.end(key, answer(1)).now_or_never().unwrap();
    }
    begin(&answers, "big", 0);
    answers
        .end("big", Answer { body: large.body.slice(..90 * 1024 * 1024), ..large })
        .now_or_never()
        .unwrap();
    assert_eq!(begin(&answers, "3", 0), Known::New);
    assert_eq!(begin(&answers, "1", 0), Known::Done(answer(1)), "there was room");
}
