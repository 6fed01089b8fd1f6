//! `call-agent events`: the log of a data directory as lines of JSON, whether an agent runs on it or not.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Parser;

use crate::agent::CallId;
use crate::state::After;
use crate::state::journal::{History, JournalError};

/// The variable that the agent takes its data directory from.
pub const DATA_DIR: &str = "CALL_AGENT_DATA_DIR";

// What is written on the fields is the text of `--help`.
/// Prints the events of a data directory, one CloudEvents envelope a line, the oldest first.
#[derive(Clone, Debug, Parser)]
#[command(name = "call-agent events", version)]
pub struct Options {
    /// The data directory of the agent [default: that of CALL_AGENT_DATA_DIR, else ./data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

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

impl Options {
    /// Where to look, with what the environment says; as the agent finds its own.
    fn directory(&self, variable: Option<OsString>) -> Result<PathBuf, OfflineError> {
        let variable = variable.filter(|value| !value.is_empty()).map(PathBuf::from);
        match self.data_dir.clone().or(variable) {
            None => Ok(PathBuf::from("./data")),
            Some(none) if none.as_os_str() == "none" => Err(OfflineError::Nowhere),
            Some(directory) => Ok(directory),
        }
    }
}

fn position(text: &str) -> Result<After, String> {
    text.parse().map_err(|error: crate::state::NotAPosition| error.to_string())
}

/// Why nothing can be printed.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// An agent with this setting has nothing on disk.
    #[error("the data directory is `none`: that agent's log is in memory alone")]
    Nowhere,
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The position is of another log.
    #[error("--after: this log has no such id; those of now begin with {0}-")]
    Epoch(String),
    /// What is behind the position is no longer whole.
    #[error("--after: the oldest event that is kept is {0}")]
    Gone(String),
    /// It cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Prints them; `variable` is what the environment has as [`DATA_DIR`]. A reader that has read enough ends it without an error.
pub fn print(options: &Options, variable: Option<OsString>, out: impl Write) -> Result<(), OfflineError> {
    let history = History::open(&options.directory(variable)?)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(flags: &[&str], variable: &str) -> Result<PathBuf, OfflineError> {
        let options = Options::parse_from([&["call-agent events"], flags].concat());
        options.directory(Some(variable.into()))
    }

    #[test]
    fn it_looks_where_the_agent_does() {
        for (flags, variable, directory) in [
            (&["--data-dir", "/flag"][..], "/variable", "/flag"),
            (&[], "/variable", "/variable"),
            (&[], "", "./data"),
        ] {
            assert_eq!(looks(flags, variable).unwrap(), PathBuf::from(directory));
        }
        for (flags, variable) in [(&["--data-dir", "none"][..], ""), (&[], "none")] {
            assert!(matches!(looks(flags, variable), Err(OfflineError::Nowhere)));
        }
    }
}
