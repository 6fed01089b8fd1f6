//! A database that is behind.

use std::sync::mpsc::{channel, sync_channel};

use super::*;
use crate::state::tests::journal::Data;

fn value(bytes: usize) -> Vec<Row> {
    vec![Row::Keep { room: String::new(), key: String::new(), value: vec![0; bytes].into() }]
}

/// A writer whose indexer has its hands full, and where its helpings go.
fn writer(data: &Data) -> (Writer, Receiver<Task>) {
    let (indexer, tasks) = sync_channel(1);
    indexer.send(Task::Index(Helping { rows: Vec::new(), files: Vec::new() })).unwrap();
    let writer = Writer {
        inbox: channel().1,
        tail: Tail::new(data.directory(), false).unwrap(),
        indexer,
        closing: Closing::default(),
        progress: Arc::default(),
        metrics: Metrics::default(),
        pending: Pending::default(),
    };
    (writer, tasks)
}

fn rows(task: Task) -> usize {
    match task {
        Task::Index(helping) => helping.rows.len(),
        Task::Close(_) => 0,
    }
}

#[test]
fn what_the_indexer_cannot_take_yet_waits_with_what_comes_behind_it() {
    let data = Data::of(&[]);
    let (mut writer, tasks) = writer(&data);
    writer.pending.add(value(HELPING_BYTES));
    assert!(writer.pending.is_due(), "a large helping goes at once");
    writer.hand_over();
    writer.pending.add(value(1));
    assert!(writer.pending.bytes > HELPING_BYTES);
    assert_eq!(rows(tasks.recv().unwrap()), 0);
    writer.pending.due = Some(Instant::now());
    writer.hand_over();
    assert_eq!(rows(tasks.recv().unwrap()), 2);
    assert_eq!((writer.pending.bytes, writer.pending.due), (0, None));
}

#[test]
fn with_too_much_behind_the_writer_waits_until_the_database_has_taken_some() {
    let data = Data::of(&[]);
    let (mut writer, tasks) = writer(&data);
    writer.pending.add(value(PENDING_BYTES));
    let waiting = thread::spawn(move || writer.hand_over());
    assert_eq!(rows(tasks.recv().unwrap()), 0);
    // Without being asked again.
    assert_eq!(rows(tasks.recv().unwrap()), 1);
    waiting.join().unwrap();
}

#[test]
fn an_indexer_that_has_died_is_a_fault() {
    let data = Data::of(&[]);
    let (mut writer, tasks) = writer(&data);
    drop(tasks);
    writer.pending.add(value(HELPING_BYTES));
    writer.hand_over();
    assert!(writer.progress.borrow().fault().is_some());
}

#[test]
fn what_is_committed_can_be_read_while_the_disk_takes_nothing_more() {
    let data = Data::of(&[]);
    let (mut writer, tasks) = writer(&data);
    assert_eq!(rows(tasks.recv().unwrap()), 0);
    writer.pending.add(value(1));
    let full = data.fill();
    let refused = Ready { rows: value(2), done: Done::Number(1) };
    let asked = Ready { rows: Vec::new(), done: Done::Index };
    let writing = thread::spawn(move || writer.write(vec![refused, asked]));
    assert_eq!(rows(tasks.recv().unwrap()), 1);
    drop(full);
    assert!(matches!(writing.join().unwrap(), Next::GoOn));
}
