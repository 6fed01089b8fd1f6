//! `call-agent events`: the log of a data directory as lines of JSON, whether an agent runs on it or not.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Parser;

use crate::agent::CallId;
use crate::state::After;
use crate::state::journal::{History, JournalError};

// What is written on the fields is the text of `--help`.
/// Prints the events of a data directory, one CloudEvents envelope a line, the oldest first.
#[derive(Clone, Debug, Parser)]
#[command(name = "call-agent events", version)]
pub struct Options {
    /// The data directory of the agent
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Begin right behind this event; without it with the oldest that is kept
    #[arg(long, value_name = "EVENT ID", value_parser = position)]
    pub after: Option<After>,

    /// The events of this call alone
    #[arg(long, value_name = "CALL ID")]
    pub call: Option<CallId>,

    /// At most so many
    #[arg(long, value_name = "COUNT")]
    pub limit: Option<u64>,
}

fn position(text: &str) -> Result<After, String> {
    text.parse().map_err(|error: crate::state::NotAPosition| error.to_string())
}

/// Why nothing can be printed.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The position is of another log.
    #[error("--after: this log's ids begin with {0}-")]
    Epoch(String),
    /// What is behind the position is no longer whole.
    #[error("--after: the oldest event that is kept is {0}")]
    Gone(String),
    /// It cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Prints them. A reader that has read enough ends it without an error.
pub fn print(options: &Options, out: impl Write) -> Result<(), OfflineError> {
    let history = History::open(&options.data_dir)?;
    let (epochs, oldest) = history.place()?;
    let after = match &options.after {
        None | Some(After::Now | After::Earliest) => 0,
        Some(After::Event(id)) if !epochs.know(id, u64::MAX) => {
            return Err(OfflineError::Epoch(epochs.current().to_string()));
        }
        Some(After::Event(id)) if id.sequence + 1 < oldest => {
            return Err(OfflineError::Gone(epochs.id(oldest).to_string()));
        }
        Some(After::Event(id)) => id.sequence,
    };
    let mut out = BufWriter::new(out);
    let mut written = Ok(());
    let mut left = options.limit.unwrap_or(u64::MAX);
    if left > 0 {
        history.events(after, options.call, |event| {
            written = out.write_all(&event.envelope).and_then(|()| out.write_all(b"\n"));
            left -= 1;
            left > 0 && written.is_ok()
        })?;
    }
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}
