//! Logs, to standard error.
//!
//! Lines wait for their reader apart: one that is slow delays no call. Those beyond the bound are dropped and counted.

mod lines;
mod text;

use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::LogFormat;
use lines::{Lines, Writer};
use text::Text;

/// How many bytes of lines may wait to be written; a further line is dropped.
const BOUND: usize = 16 * 1024 * 1024;

/// Where the process logs to.
static LINES: OnceLock<Lines> = OnceLock::new();

/// Has what was logged written when it is dropped.
#[derive(Debug)]
#[must_use = "what was logged last is lost without it"]
pub struct Logging {
    _writer: Writer,
}

/// It cannot be logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no thread to be had for it.
    #[error("no thread for the log: {0}")]
    Thread(#[from] io::Error),
    /// Something logs already.
    #[error(transparent)]
    Init(#[from] TryInitError),
}

/// Begins to log as the filter's directives ask, until what this gives is dropped.
pub fn start(filter: &str, format: LogFormat) -> Result<Logging, LogError> {
    let (lines, writer) = Lines::start(io::stderr(), BOUND)?;
    let lines = LINES.get_or_init(|| lines);
    let is_terminal = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(move || lines)
        .with_ansi(is_terminal);
    match format {
        LogFormat::Text if is_terminal => lines.finish().try_init(),
        LogFormat::Text => lines.event_format(Text).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    }?;
    Ok(Logging { _writer: writer })
}

/// How many lines were dropped because standard error did not take them.
pub fn dropped_lines() -> usize {
    LINES.get().map_or(0, Lines::dropped)
}
