//! The key that HTTP clients must give: kept as a hash, made if there is none where one is needed.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::Config;
use crate::api_key::{ApiKey, hex};

/// The name of the file that the hash of the made key is kept in, in the data directory.
const FILE: &str = "api-key.sha256";

/// What a made key begins with, so that it is known for one where it turns up.
const PREFIX: &str = "ca_";

/// The key that a person gave, if it can stand in a header.
pub(super) fn given(key: &str) -> Result<ApiKey, &'static str> {
    match key {
        "" => Err("empty"),
        key if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(ApiKey::of(key)),
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

/// The key that guards HTTP at `address`: the one given; none on loopback; else the one made at an earlier start, or now.
pub fn guard(config: &Config, address: SocketAddr) -> Result<(Option<ApiKey>, Option<NewKey>), KeyFault> {
    if config.api_key.is_some() || address.ip().is_loopback() {
        return Ok((config.api_key, None));
    }
    let Some(directory) = &config.data_dir else {
        let key = make()?;
        return Ok((Some(ApiKey::of(&key)), Some(NewKey { key, file: None })));
    };
    let file = directory.join(FILE);
    let at_file = |error| KeyFault::File { file: file.clone(), error };
    if let Some(hash) = kept(&file).map_err(at_file)? {
        return Ok((Some(hash), None));
    }
    let key = make()?;
    let hash = ApiKey::of(&key);
    keep(directory, &file, hash).map_err(at_file)?;
    Ok((Some(hash), Some(NewKey { key, file: Some(file) })))
}

fn make() -> Result<String, KeyFault> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(KeyFault::Randomness)?;
    Ok(format!("{PREFIX}{}", hex(&random)))
}

fn kept(file: &Path) -> io::Result<Option<ApiKey>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    // A file that is there and says nothing must not open a door.
    ApiKey::from_hex(text.trim_end())
        .map(Some)
        .ok_or_else(|| io::Error::other("not a SHA-256 in hexadecimal"))
}

/// Whole or not at all: a crash leaves no file that the next start cannot read.
fn keep(directory: &Path, file: &Path, hash: ApiKey) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let draft = file.with_extension("draft");
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&draft)?;
    writeln!(out, "{}", hash.hex())?;
    out.sync_all()?;
    fs::rename(&draft, file)
}
