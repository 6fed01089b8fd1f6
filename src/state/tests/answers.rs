//! Keys and their answers, in memory.

use futures_util::FutureExt;

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
fn a_key_without_a_call_is_known_for_an_hour() {
    let answers = done(&board());
    begin(&answers, "other", 3600);
    assert_eq!(begin(&answers, "k", 3600), Known::Done(answer(1)));
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
