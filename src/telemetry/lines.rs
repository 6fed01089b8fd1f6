//! Lines that wait for their reader.
//!
//! Who logs leaves a line in a buffer and goes on; a thread of its own writes what has come together. After each write it rests a
//! moment, so that a busy agent pays for one wake-up and one system call for many lines.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::priority;

/// How long the thread rests: the time by which a line may come late, and the lines that a kill takes with it.
const REST: Duration = Duration::from_millis(10);
/// How long an end waits for a reader that does not read.
const PATIENCE: Duration = Duration::from_secs(1);
/// How large a buffer is kept when it is empty again, bytes.
const KEPT: usize = 256 * 1024;

/// Where lines go. Clones are handles to the same buffer.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

/// Has the lines written that are left when it is dropped.
#[derive(Debug)]
pub(super) struct Writer(Lines);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    news: Condvar,
    bound: usize,
    dropped: AtomicUsize,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    is_closed: bool,
    /// The thread waits for the first line.
    is_asleep: bool,
    /// The thread has ended.
    is_over: bool,
}

impl Lines {
    /// At most `bound` bytes wait; a line beyond it is dropped and counted.
    pub fn start(out: impl Write + Send + 'static, bound: usize) -> io::Result<(Self, Writer)> {
        let lines = Self(Arc::new(Shared {
            waiting: Mutex::default(),
            news: Condvar::new(),
            bound,
            dropped: AtomicUsize::new(0),
        }));
        let shared = lines.0.clone();
        let run = move || {
            priority::give_way();
            shared.write_all(out);
        };
        thread::Builder::new().name("log".to_owned()).spawn(run)?;
        Ok((lines.clone(), Writer(lines)))
    }

    /// How many lines were dropped.
    pub fn dropped(&self) -> usize {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_all(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let waiting = self.news.wait_while(self.lock(), |waiting| {
                waiting.is_asleep = waiting.lines.is_empty() && !waiting.is_closed;
                waiting.is_asleep
            });
            let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut waiting.lines, &mut lines);
            let is_closed = waiting.is_closed;
            waiting.is_over = is_closed && lines.is_empty();
            if waiting.is_over {
                return self.news.notify_all();
            }
            drop(waiting);
            // A standard error that is gone is no reason to end.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            lines.shrink_to(KEPT);
            if !is_closed {
                thread::sleep(REST);
            }
        }
    }
}

/// A line at a time.
impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.lines.len() + line.len() > self.0.bound {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return Ok(line.len());
        }
        waiting.lines.extend_from_slice(line);
        if std::mem::take(&mut waiting.is_asleep) {
            self.0.news.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Self(Lines(shared)) = self;
        let mut waiting = shared.lock();
        waiting.is_closed = true;
        shared.news.notify_all();
        let _ = shared.news.wait_timeout_while(waiting, PATIENCE, |waiting| !waiting.is_over);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Tells what it is given, and takes it when it may.
    struct Gate(Sender<Vec<u8>>, Receiver<()>);

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(bytes.to_vec());
            let _ = self.1.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_came_while_the_reader_was_slow_is_written_at_once_and_what_was_too_much_is_counted() {
        let ((told, written), (open, gate)) = (channel(), channel());
        let (lines, writer) = Lines::start(Gate(told, gate), 8).unwrap();
        (&lines).write_all(b"one\n").unwrap();
        assert_eq!(written.recv().unwrap(), b"one\n");
        for line in [b"two\n", b"3rd\n", b"4th\n"] {
            (&lines).write_all(line).unwrap();
        }
        assert_eq!(lines.dropped(), 1);
        drop(open);
        drop(writer);
        assert_eq!(written.try_iter().collect::<Vec<_>>(), [b"two\n3rd\n"]);
    }

    #[test]
    fn a_reader_that_reads_nothing_keeps_no_end_waiting_for_ever() {
        let ((told, written), (_open, gate)) = (channel(), channel());
        let (lines, writer) = Lines::start(Gate(told, gate), 8).unwrap();
        (&lines).write_all(b"one\n").unwrap();
        written.recv().unwrap();
        drop(writer);
        assert!(lines.0.lock().is_closed);
    }
}
