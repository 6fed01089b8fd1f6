//! The log on disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;
use serde_json::json;

use super::*;
use crate::agent::Saved;
use crate::state::Told;
use crate::state::journal::{
    History, Journal, JournalError, Limits, Past, Retention, Settings as OnDisk, Write, end_of, kept,
    sweep_all,
};

const LIMITS: Limits = Limits { events: 1000, bytes: 1 << 20 };

/// A data directory that goes with the test.
pub(crate) struct Data(PathBuf);

impl Data {
    pub(crate) fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("call-agent-journal-{}-{number}", std::process::id())))
    }

    fn settings(&self) -> OnDisk {
        OnDisk { directory: self.0.clone(), ..OnDisk::default() }
    }

    pub(crate) fn open(&self) -> (Journal, Past) {
        Journal::open(&self.settings(), "7f3a", LIMITS).unwrap()
    }

    /// The journal, and the board that it plays back, in this epoch if a new one begins.
    pub(super) fn begin_in(&self, epoch: &str) -> (Journal, Board) {
        let (journal, past) = Journal::open(&self.settings(), epoch, LIMITS).unwrap();
        (journal, Board::of_past(settings(), past).unwrap().0)
    }

    /// The same, with so many events in memory.
    pub(crate) fn open_with(&self, events: u64) -> (Journal, Past) {
        Journal::open(&self.settings(), "7f3a", Limits { events, ..LIMITS }).unwrap()
    }

    /// Takes away what is over these bounds; the oldest event that is kept. The journal is to be closed.
    pub(crate) fn sweep(&self, retention: Retention) -> u64 {
        sweep_all(&mut self.database(), retention)
    }

    /// The journal, and the board that it plays back.
    pub(super) fn begin(&self) -> (Journal, Board) {
        self.begin_in("7f3a")
    }

    /// The same with a board that keeps so much in memory, and finds the rest on disk.
    pub(super) fn begin_with(&self, kept: Settings) -> (Journal, Board) {
        let (journal, past) = self.open_with(kept.log_events as u64);
        let board = Board::of_past(kept, past).unwrap().0;
        board.remember_by(journal.clone());
        (journal, board)
    }

    /// While it is kept, the database takes nothing.
    pub(super) fn lock(&self) -> Connection {
        let database = self.database();
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        database
    }

    /// While it is kept, the disk is full for whatever comes behind what is in the database.
    pub(crate) fn fill(&self) -> Full {
        let files = (1..=64).map(|number| self.0.join(format!("tail-{number:016x}")));
        Full(files.filter(|file| std::os::unix::fs::symlink("/dev/full", file).is_ok()).collect())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    /// With these files, as a kill leaves them.
    pub(crate) fn of(tails: &[(u64, &[u8])]) -> Self {
        let data = Self::new();
        std::fs::create_dir(&data.0).unwrap();
        for (number, bytes) in tails {
            std::fs::write(data.0.join(format!("tail-{number:016x}")), bytes).unwrap();
        }
        data
    }

    pub(super) fn tails(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|file| file.to_string_lossy().contains("/tail-")).collect()
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.0.join("journal.db")).unwrap()
    }

    /// Runs a journal with this past, and closes it.
    pub(crate) async fn tell(&self, events: Vec<Event>) {
        let (journal, board) = self.begin();
        commit(&journal, &board, events).await;
        journal.close().await;
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Files that take nothing.
pub(crate) struct Full(Vec<PathBuf>);

impl Drop for Full {
    fn drop(&mut self) {
        self.0.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    }
}

/// Has the database take all that is committed.
pub(crate) async fn flush(journal: &Journal) {
    journal.read(|_| Ok(())).await.unwrap();
}

/// What the driver does with events: sealed, committed, shown.
pub(crate) async fn commit(journal: &Journal, board: &Board, events: Vec<Event>) {
    let sealed = board.seal(events.into_iter().map(Told::from).collect());
    let mut progress = journal.progress();
    let number = progress.borrow().committed + 1;
    journal.submit(number, sealed.writes().collect());
    progress.wait_for(|progress| progress.committed >= number).await.unwrap();
    board.show(sealed);
}

#[tokio::test]
async fn a_board_is_played_back_as_it_was() {
    let data = Data::new();
    let relabelled = Event { kind: EventKind::Updated, ..ringing(2) };
    let all = vec![offered(1), offered(2), ringing(1), ended(1), relabelled];
    data.tell(all.clone()).await;
    let (_journal, past) = data.open();
    assert_eq!((&past.epochs, past.last, past.oldest), (&"7f3a".into(), 5, 1));
    let (again, unfinished) = Board::of_past(settings(), past).unwrap();
    let straight = board();
    straight.publish(all);
    assert_eq!(told(&mut follow(&again, "earliest")), told(&mut follow(&straight, "earliest")));
    let frames = |board: &Board| {
        let mut reader = follow(board, "earliest");
        read(&mut reader).unwrap().iter().map(Frame::sse).collect::<Vec<_>>()
    };
    assert_eq!(frames(&again), frames(&straight), "to the byte");
    for number in [1, 2] {
        let json = |board: &Board| serde_json::to_value(&*board.call(id(number)).unwrap()).unwrap();
        assert_eq!(json(&again), json(&straight));
    }
    assert_eq!(unfinished.iter().map(|(call, _)| call.id).collect::<Vec<_>>(), [id(2)]);
    again.publish(vec![ended(2)]);
    assert_eq!(again.last_event_id().sequence, 6, "numbers go on");
}

#[tokio::test]
async fn what_is_not_whole_in_an_event_is_filled_in_for_filters() {
    let data = Data::new();
    data.tell(vec![offered(1), ringing(1)]).await;
    let (_journal, past) = data.open();
    let board = Board::of_past(settings(), past).unwrap().0;
    let filter =
        Filter { headers: vec![("x-empolyee_id".to_owned(), "1001".to_owned())], ..Filter::default() };
    let mut reader = board.follow(&After::Earliest, filter, NOW);
    assert_eq!(told(&mut reader).len(), 2);
}

#[tokio::test]
async fn only_what_memory_keeps_is_read_and_the_rest_stays_on_disk() {
    let data = Data::new();
    data.tell((1..=9).map(offered).collect()).await;
    let limits = Limits { events: 3, ..LIMITS };
    let (_journal, past) = Journal::open(&data.settings(), "ffff", limits).unwrap();
    let board = Board::of_past(settings(), past).unwrap().0;
    let ids: Vec<_> = told(&mut follow(&board, "earliest")).into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids, ["7f3a-7", "7f3a-8", "7f3a-9"], "the epoch is the journal's own");
    assert_eq!(read(&mut follow(&board, "7f3a-2")).unwrap().len(), 1, "a gap is said");
    let count: i64 = data.database().query_row("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 9);
}

#[tokio::test]
async fn who_is_behind_what_memory_keeps_reads_on_from_disk_and_then_from_memory() {
    let data = Data::new();
    let (journal, board) = data.begin_with(Settings { log_events: 10, ..settings() });
    let all: Vec<_> = (1..=300).flat_map(|number| [offered(number), ended(number)]).collect();
    commit(&journal, &board, all).await;
    let mut reader = follow(&board, "earliest");
    let mut seen = Vec::new();
    while seen.len() < 600 {
        let frames = reader.next().await.unwrap();
        seen.extend(frames.iter().map(|frame| envelope(frame)["id"].as_str().unwrap().to_owned()));
    }
    let expected: Vec<_> = (1..=600).map(|sequence| format!("7f3a-{sequence}")).collect();
    assert_eq!(seen, expected);
    commit(&journal, &board, vec![offered(301)]).await;
    assert_eq!(told(&mut reader), [pair("call.offered", "7f3a-601")], "and goes on live");

    let filter = Filter {
        states: vec![CallState::Ended],
        headers: vec![("X-empolyee_id".to_owned(), "1001".to_owned())],
        ..Filter::default()
    };
    let mut ends = board.follow(&"7f3a-100".parse().unwrap(), filter, NOW);
    let first = ends.next().await.unwrap();
    assert_eq!(envelope(&first[0])["id"], "7f3a-102", "filters look at the call as it was");
    data.database().execute("DELETE FROM event", []).unwrap();
    let mut cut = follow(&board, "7f3a-5");
    assert!(
        cut.next().await.is_none(),
        "what is gone meanwhile ends the stream, and is said when it comes back"
    );
}

#[tokio::test]
async fn what_is_taken_away_in_front_of_a_reader_is_not_passed_over() {
    let data = Data::new();
    let (journal, board) = data.begin_with(Settings { log_events: 10, ..settings() });
    commit(&journal, &board, (1..=200).map(offered).collect()).await;
    flush(&journal).await;
    let mut reader = follow(&board, "7f3a-1");
    // The reader begins where the log did when it looked.
    data.sweep(Retention { events: 150, age: Duration::MAX, ..Retention::default() });
    assert!(reader.next().await.is_none(), "its stream ends, and is told the gap when it comes back");
}

#[tokio::test]
async fn what_is_over_the_bounds_goes_and_the_sequence_goes_on() {
    let by_count = Retention { events: 4, age: Duration::MAX, ..Retention::default() };
    let by_age = Retention { age: hours(1), ..Retention::default() };
    // The first event of a call that stays is kept for it, and told no more.
    for (retention, oldest, events, calls) in [(by_count, 3, 4, 2), (by_age, 6, 2, 1)] {
        let data = Data::new();
        data.tell(vec![offered(1), ended(1), offered(2), ended(2), offered(3), ended(3)]).await;
        let swept = sweep_all(&mut data.database(), retention);
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            data.database().query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!((swept, count("event")), (oldest, events));
        assert_eq!(count("call"), calls, "a call goes with its end");
        let (_journal, past) = data.open();
        assert_eq!((past.last, past.oldest), (6, oldest));
        assert_eq!(sequences(&past), (oldest..=6).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_clock_that_was_ahead_keeps_nothing_beyond_its_time() {
    let data = Data::new();
    data.tell(vec![offered(1), ended(1), offered(2), ended(2)]).await;
    let ahead = "UPDATE event SET time = time + 100000000000000 WHERE sequence = 1";
    data.database().execute(ahead, []).unwrap();
    let swept = sweep_all(&mut data.database(), Retention { age: hours(1), ..Retention::default() });
    assert_eq!(swept, 4, "only the newest stays");
}

#[tokio::test]
async fn a_clock_that_was_behind_takes_nothing_before_its_time() {
    let data = Data::new();
    data.tell(vec![offered(1), ended(1), offered(2), ended(2)]).await;
    let now = "UPDATE event SET time = iif(sequence = 3, 60000000, unixepoch() * 1000000)";
    data.database().execute(now, []).unwrap();
    let swept = sweep_all(&mut data.database(), Retention { age: hours(1), ..Retention::default() });
    assert_eq!(swept, 1);
}

#[tokio::test]
async fn a_database_of_a_later_version_is_left_alone() {
    let data = Data::new();
    data.tell(vec![offered(1)]).await;
    data.database().pragma_update(None, "user_version", 1000).unwrap();
    let error = Journal::open(&data.settings(), "7f3a", LIMITS).unwrap_err();
    assert!(matches!(error, JournalError::TooNew { found: 1000, .. }), "{error}");
}

fn keep(value: &str) -> Write {
    Write::Keep("room".to_owned(), "key".to_owned(), value.as_bytes().to_vec())
}

async fn kept_in(journal: &Journal) -> Vec<(String, Vec<u8>)> {
    journal.read(|connection| kept(connection, "room")).await.unwrap()
}

#[tokio::test]
async fn who_waits_for_one_thing_is_told_when_it_is_committed_or_fails() {
    let data = Data::new();
    let (journal, _) = data.open();
    journal.save(keep("one")).await.unwrap();
    flush(&journal).await;
    let full = data.fill();
    let error = journal.save(keep("two")).await.unwrap_err();
    assert!(matches!(&error, JournalError::Unwritten(why) if why.contains("No space left")), "{error}");
    assert!(journal.progress().borrow().unwritten.is_some());
    drop(full);
    journal.progress().wait_for(|progress| progress.unwritten.is_none()).await.unwrap();
    assert_eq!(kept_in(&journal).await, [("key".to_owned(), b"one".to_vec())]);
}

#[tokio::test]
async fn what_fails_is_written_later_and_in_order() {
    let data = Data::new();
    let (journal, board) = data.begin();
    let full = data.fill();
    for number in 1..=3 {
        let sealed = board.seal(vec![Told::from(offered(number))]);
        journal.submit(number, sealed.writes().collect());
    }
    journal.progress().wait_for(|progress| progress.unwritten.is_some()).await.unwrap();
    assert_eq!(journal.progress().borrow().committed, 0);
    drop(full);
    journal.progress().wait_for(|progress| progress.committed == 3).await.unwrap();
    assert!(journal.progress().borrow().fault().is_none());
    journal.close().await;
    drop((journal, board));
    assert_eq!(sequences(&data.open().1), [1, 2, 3]);
}

fn sequences(past: &Past) -> Vec<u64> {
    past.events.iter().map(|event| event.sequence).collect()
}

#[tokio::test]
async fn a_database_that_takes_nothing_is_a_fault_and_stops_no_commit() {
    let data = Data::new();
    let (journal, board) = data.begin();
    let lock = data.lock();
    commit(&journal, &board, vec![offered(1)]).await;
    let error = journal.read(|_| Ok(())).await.unwrap_err();
    assert!(matches!(&error, JournalError::Unindexed(why) if why.contains("locked")), "{error}");
    assert!(journal.progress().borrow().fault().is_some());
    commit(&journal, &board, vec![ended(1)]).await;
    drop(lock);
    journal.progress().wait_for(|progress| progress.fault().is_none()).await.unwrap();
    let ends = journal.read(|connection| end_of(connection, id(1)));
    assert_eq!(ends.await.unwrap(), Some(2));
    assert_eq!(data.tails().len(), 0, "what is in the database goes");

    // What it still does not take when the journal is closed is there at the next start.
    let lock = data.lock();
    commit(&journal, &board, vec![offered(2)]).await;
    journal.close().await;
    drop((lock, journal, board));
    assert_eq!(data.tails().len(), 1);
    assert_eq!(sequences(&data.open().1), [1, 2, 3]);
    assert_eq!(data.tails().len(), 0);
}

/// What a kill leaves at that moment.
pub(super) fn killed(data: &Data) -> Data {
    let left = Data::new();
    std::fs::create_dir(&left.0).unwrap();
    for entry in std::fs::read_dir(&data.0).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), left.0.join(entry.file_name())).unwrap();
    }
    left
}

fn saved() -> Saved {
    serde_json::from_value(json!({
        "v": 1, "call_id": "c", "local_tag": "l", "local": "<sip:a@b>", "remote": "<sip:c@d>", "remote_target": "sip:c@d",
        "route_set": [], "local_cseq": 1, "contact": "b", "user": "a", "is_secure": false, "takes_update": false,
        "fence": 0
    }))
    .unwrap()
}

#[tokio::test]
async fn what_a_kill_leaves_outside_the_database_comes_into_it_at_the_next_start() {
    let data = Data::new();
    data.tell(vec![offered(1), offered(2)]).await;
    let (journal, board) = data.begin();
    let all = vec![ended(1), ringing(2), offered(3), ringing(3), ended(3), offered(4)];
    // Nothing comes into the database.
    let lock = data.lock();
    commit(&journal, &board, all).await;
    journal.save(keep("value")).await.unwrap();
    journal.save(Write::Save(id(2), Arc::new(saved()))).await.unwrap();
    journal.save(Write::Save(id(3), Arc::new(saved()))).await.unwrap();
    let left = killed(&data);
    drop(lock);
    let mut offline = Vec::new();
    let history = History::open(&left.0).unwrap();
    history
        .events(1, None, |event| {
            offline.push(event.sequence);
            true
        })
        .unwrap();
    assert_eq!(offline, [2, 3, 4, 5, 6, 7, 8]);
    offline.clear();
    history
        .events(0, Some(id(3)), |event| {
            offline.push(event.sequence);
            true
        })
        .unwrap();
    assert_eq!(offline, [5, 6, 7], "of one call");
    drop(history);
    let told = |board: &Board| told(&mut follow(board, "earliest"));
    let (again, past) = left.open();
    assert_eq!(sequences(&past), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(kept_in(&again).await, [("key".to_owned(), b"value".to_vec())]);
    let (played, unfinished) = Board::of_past(settings(), past).unwrap();
    assert_eq!(told(&played), told(&board));
    let unfinished: Vec<_> = unfinished.iter().map(|(call, saved)| (call.id, saved.is_some())).collect();
    assert_eq!(unfinished, [(id(2), true), (id(4), false)]);
    for number in 1..=4 {
        let json = |board: &Board| serde_json::to_value(&*board.call(id(number)).unwrap()).unwrap();
        assert_eq!(json(&played), json(&board), "of call {number}");
    }
    // The same again, as if it had died before the files were removed.
    let twice = killed(&data);
    let file = left.0.join("journal.db");
    again.close().await;
    std::fs::copy(file, twice.0.join("journal.db")).unwrap();
    let _ = std::fs::remove_file(twice.0.join("journal.db-wal"));
    assert_eq!(sequences(&twice.open().1), [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// The calls that the next start has to do with, and whether anything is kept of each.
fn left_open(past: Past) -> Vec<(CallId, bool)> {
    let (_, unfinished) = Board::of_past(settings(), past).unwrap();
    unfinished.iter().map(|(call, saved)| (call.id, saved.is_some())).collect()
}

#[tokio::test]
async fn an_ended_call_is_found_at_the_next_start_while_its_bye_is_outstanding() {
    let data = Data::new();
    let (journal, board) = data.begin();
    commit(&journal, &board, vec![offered(1), offered(2), offered(3), ended(1), ended(3)]).await;
    for number in 1..=3 {
        journal.save(Write::Close(id(number), Arc::new(saved()))).await.unwrap();
    }
    // Told behind the end, and of no call.
    journal.save(Write::Save(id(1), Arc::new(saved()))).await.unwrap();
    journal.save(Write::Close(id(9), Arc::new(saved()))).await.unwrap();
    journal.save(Write::Closed(id(3))).await.unwrap();
    let left = killed(&data);
    journal.close().await;
    drop(journal);
    for data in [data, left] {
        let (journal, past) = data.open();
        assert_eq!(left_open(past), [(id(2), false), (id(1), true)]);
        journal.save(Write::Closed(id(1))).await.unwrap();
        journal.close().await;
        drop(journal);
        let (journal, past) = data.open();
        assert_eq!(left_open(past), [(id(2), false)]);
        assert!(journal.read(|connection| kept(connection, "closing")).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_cut_off_in_the_middle_of_a_record_ends_before_it() {
    let data = Data::new();
    let (journal, board) = data.begin();
    let lock = data.lock();
    commit(&journal, &board, vec![offered(1)]).await;
    let [first] = &data.tails()[..] else { panic!("one file") };
    let whole = std::fs::metadata(first).unwrap().len();
    commit(&journal, &board, vec![offered(2)]).await;
    let written = std::fs::read(first).unwrap();
    drop(lock);
    let whole = usize::try_from(whole).unwrap();
    for end in [whole, whole + 1, whole + 7, whole + 8, written.len() - 1] {
        let cut = Data::of(&[(1, &written[..end])]);
        assert_eq!(sequences(&cut.open().1), [1], "cut at {end}");
    }
    let mut bent = written.clone();
    *bent.last_mut().unwrap() ^= 1;
    let behind = [b"call-agent tail 1\n", &written[whole..]].concat();
    let damaged = Data::of(&[(1, &bent), (2, &behind)]);
    assert_eq!(sequences(&damaged.open().1), [1, 2], "what was written again counts");
    let hole = Data::of(&[(2, &behind)]);
    assert_eq!(sequences(&hole.open().1), [0; 0], "what is behind a missing event does not");
    let unwritten = Data::of(&[(1, &[0; 4096]), (2, &written)]);
    assert_eq!(sequences(&unwritten.open().1), [1, 2], "of the first the disk has the length alone");
    let later = Data::of(&[(1, b"call-agent tail 2\n")]);
    let error = Journal::open(&later.settings(), "7f3a", LIMITS).unwrap_err();
    assert!(error.to_string().contains("another version"), "{error}");
}

#[tokio::test]
async fn what_is_on_disk_is_for_our_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let data = Data::new();
    let (journal, _) = data.open();
    journal.save(Write::Keep("room".to_owned(), "key".to_owned(), b"value".to_vec())).await.unwrap();
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(data.0.clone()), 0o700);
    for file in ["journal.db", "journal.db-wal", "journal.lock", "tail-0000000000000001"] {
        assert_eq!(mode(data.0.join(file)), 0o600, "{file}");
    }
}
