//! The key of the environment, and the one that is made if there is none where one is needed.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::Config;
use crate::access::{Access, Digest, Key, Scopes, new_key};
use crate::state::journal::make_directory;

/// The name of the file that the hash of the made key is kept in, in the data directory.
const FILE: &str = "api-key.sha256";

/// The key that a person gave, if it can stand in a header.
pub(super) fn given(key: &str) -> Result<Key, &'static str> {
    match key {
        "" => Err("empty"),
        key if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(of_all("environment", Digest::of(key))),
        _ => Err("a key is of visible ASCII characters without spaces"),
    }
}

/// A key that was made just now. It is shown once and nowhere kept.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: String,
    /// Where its hash is kept; `None`: it is good until the agent ends.
    pub file: Option<PathBuf>,
}

impl fmt::Display for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => {
                write!(f, "API key, shown this once (its hash is in {}): {}", file.display(), self.key)
            }
            None => write!(f, "API key, good until the agent ends: {}", self.key),
        }
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file cannot be read or written.
    #[error("the API key's file {}: {error}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// The system gives no randomness.
    #[error("no randomness for an API key: {0}")]
    Randomness(getrandom::Error),
}

/// What guards HTTP at `address`: the keys and tokens of the settings; without any nothing on loopback, and elsewhere the key that
/// was made at an earlier start, or now.
pub fn guard(config: &Config, address: SocketAddr) -> Result<(Access, Option<NewKey>), KeyFault> {
    let doors = config.access.doors.clone();
    let (made, shown) = if doors.is_bare() && !address.ip().to_canonical().is_loopback() {
        made(config.data_dir.as_deref())?
    } else {
        (None, None)
    };
    Ok((Access::new(doors, made, config.access.limits), shown))
}

/// The key that was made at an earlier start, or now.
fn made(directory: Option<&Path>) -> Result<(Option<Key>, Option<NewKey>), KeyFault> {
    let key = |digest| Some(of_all("generated", digest));
    let Some(directory) = directory else {
        let made = new_key().map_err(KeyFault::Randomness)?;
        return Ok((key(Digest::of(&made)), Some(NewKey { key: made, file: None })));
    };
    let file = directory.join(FILE);
    let at_file = |error| KeyFault::File { file: file.clone(), error };
    if let Some(digest) = kept(&file).map_err(at_file)? {
        return Ok((key(digest), None));
    }
    let made = new_key().map_err(KeyFault::Randomness)?;
    let digest = Digest::of(&made);
    keep(directory, &file, digest).map_err(at_file)?;
    Ok((key(digest), Some(NewKey { key: made, file: Some(file) })))
}

fn of_all(name: &str, digest: Digest) -> Key {
    Key { name: name.into(), digest, scopes: Scopes::all() }
}

fn kept(file: &Path) -> io::Result<Option<Digest>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    // A file that is there and says nothing must not open a door.
    text.trim_end().parse().map(Some).map_err(io::Error::other)
}

/// Whole or not at all: a crash leaves no file that the next start cannot read.
fn keep(directory: &Path, file: &Path, digest: Digest) -> io::Result<()> {
    make_directory(directory)?;
    let draft = file.with_extension("draft");
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&draft)?;
    writeln!(out, "{digest}")?;
    out.sync_all()?;
    fs::rename(&draft, file)
}
