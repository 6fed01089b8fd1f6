//! Logs, to standard error.
//!
//! Lines wait for their reader in a thread of their own: one that is slow delays no call. Those beyond the bound are dropped
//! and counted.

use std::io;
use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::LogFormat;

/// How many lines may wait to be written; a further one is dropped.
const LINES: usize = 65_536;

/// Counts the lines that were dropped.
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Has what was logged written when it is dropped.
#[derive(Debug)]
#[must_use = "what was logged last is lost without it"]
pub struct Logging {
    _guard: WorkerGuard,
}

/// Begins to log as the filter's directives ask, until what this gives is dropped. Fails if something logs already.
pub fn start(filter: &str, format: LogFormat) -> Result<Logging, TryInitError> {
    let bounded = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES).thread_name("log");
    let (writer, guard) = bounded.finish(io::stderr());
    let _first = DROPPED.set(writer.error_counter());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(writer)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()));
    match format {
        LogFormat::Text => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    }?;
    Ok(Logging { _guard: guard })
}

/// How many lines were dropped because standard error did not take them.
pub fn dropped_lines() -> usize {
    DROPPED.get().map_or(0, ErrorCounter::dropped_lines)
}
