//! Traces, by OpenTelemetry's protocol over HTTP: a span for each call, and one for each command to it.
//!
//! ```text
//!  board ──follow──► Collector (open calls) ─batches─► exporter ─► a collector, OTLP over HTTP
//!  http ──commands──►
//! ```
//!
//! A subscriber like any other: the core knows nothing of it, and a collector that is slow or gone delays nothing. What there
//! is no room for is dropped and counted. No span has anybody's number in it.

mod collector;
mod context;
mod event;
mod export;
mod spans;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::SpanContext;
use opentelemetry_otlp::ExporterBuildError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub use context::{Parent, parent};

use crate::agent::CallId;
use crate::state::Board;
use crate::tls::Tls;

/// How many commands may wait to be put into traces; a further one is dropped.
const COMMANDS: usize = 4096;
/// For how long the shutdown waits until what was traced is sent.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A command that was answered, as it is shown in a trace.
#[derive(Clone, Debug)]
pub struct Commanded {
    /// Its call.
    pub call: CallId,
    /// What was asked: the last part of its route, or `create`, `label`, `end`.
    pub name: String,
    /// Its HTTP method.
    pub method: String,
    /// Its route, a pattern.
    pub route: String,
    /// When it came.
    pub came: SystemTime,
    /// When it was answered.
    pub answered: SystemTime,
    /// With what HTTP status.
    pub status: u16,
    /// The client's span that it is a part of.
    pub parent: Option<Parent>,
}

/// Where traces are made, if they are. Clones are handles to the same.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    commands: mpsc::Sender<Commanded>,
    counts: Arc<Counts>,
    /// Comes when all is sent.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

/// What became of spans.
#[derive(Debug, Default)]
struct Counts {
    exported: AtomicU64,
    dropped: AtomicU64,
}

impl Counts {
    fn exported(&self, count: usize) {
        self.exported.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn dropped(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Traces {
    /// Traces of the calls of a board from now on, sent to `endpoint`, a base URL. Ends when the board is closed.
    pub fn start(endpoint: &str, board: &Board, tls: Tls) -> Result<Self, ExporterBuildError> {
        let exporter = export::exporter(endpoint, board.node(), tls)?;
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (end, ended) = oneshot::channel();
        let counts = Arc::<Counts>::default();
        let worker = worker::Worker::new(board.clone(), inbox, exporter, counts.clone());
        tokio::spawn(async move {
            worker.run().await;
            let _ = end.send(());
        });
        Ok(Self(Some(Arc::new(Inner { commands, counts, ended: Mutex::new(Some(ended)) }))))
    }

    /// Whether there are any.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A command was answered.
    pub fn commanded(&self, command: Commanded) {
        if let Some(inner) = &self.0
            && inner.commands.try_send(command).is_err()
        {
            inner.counts.dropped(1);
        }
    }

    /// How many spans were sent, and how many were dropped.
    pub fn counts(&self) -> (u64, u64) {
        self.0.as_ref().map_or((0, 0), |inner| {
            let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
            (count(&inner.counts.exported), count(&inner.counts.dropped))
        })
    }

    /// Waits until what was traced is sent, as long as that does not take too long. To be called when the board is closed.
    pub async fn close(&self) {
        let Some(inner) = &self.0 else { return };
        let ended = inner.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(ended) = ended {
            let _ = timeout(LAST_WORDS, ended).await;
        }
    }
}

/// Whether spans of that parent are wanted.
fn is_wanted(parent: Option<&SpanContext>) -> bool {
    parent.is_none_or(SpanContext::is_sampled)
}
