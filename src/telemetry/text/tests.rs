use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::Text;

/// Where lines go.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Paper {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Paper {
    /// The lines, and their times.
    fn lines(&self) -> Vec<(String, String)> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.split_inclusive('\n').map(|line| line.split_at(line.find(' ').unwrap()));
        lines.map(|(time, rest)| (time.to_owned(), rest.to_owned())).collect()
    }
}

fn speak() {
    let (number, nothing, some) = (7, None::<&str>, Some("x\ny"));
    tracing::info!(call = %"a b", word = "with \"quotes\"", number, lasted = 0.5, nothing, some, is = true, "did {number}");
    tracing::warn!("alone");
    tracing::error!(error = %io::Error::other("no"), debug = ?["x"]);
    let span = tracing::debug_span!("http", method = %"GET", route = "/", key = tracing::field::Empty);
    span.in_scope(|| {
        tracing::debug!(target: "elsewhere", "inside");
        tracing::debug_span!("bare").in_scope(|| tracing::trace!("deep inside"));
    });
}

#[test]
fn lines_are_those_of_the_usual_format() {
    let (ours, theirs) = (Paper::default(), Paper::default());
    let builder = || tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    let subscriber = builder().with_writer(ours.clone()).event_format(Text).finish();
    tracing::subscriber::with_default(subscriber, speak);
    tracing::subscriber::with_default(builder().with_writer(theirs.clone()).finish(), speak);
    let (ours, theirs) = (ours.lines(), theirs.lines());
    assert_eq!(ours.len(), 5);
    for ((time, ours), (as_usual, theirs)) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
        assert_eq!(time.len(), as_usual.len(), "{time}");
        assert!(time.parse::<jiff::Timestamp>().is_ok());
    }
}

#[test]
fn what_is_logged_cannot_forge_a_line_or_command_a_terminal() {
    let paper = Paper::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(paper.clone()).event_format(Text);
    tracing::subscriber::with_default(subscriber.finish(), || {
        let forged = "a\u{1b}[31m\r\n2026 ERROR\u{9b}\u{7f} ü";
        tracing::info!(peer = %forged, said = forged, "heard {forged}");
    });
    let lines = paper.lines();
    assert_eq!(lines.len(), 1);
    let escaped = r"a\u{1b}[31m\r\n2026 ERROR\u{9b}\u{7f} ü";
    let target = module_path!();
    assert_eq!(lines[0].1, format!("  INFO {target}: heard {escaped} peer={escaped} said=\"{escaped}\"\n"));
}
