//! How many files the process may have open: each connection is one.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::warn;

use crate::http::Limits;
use crate::transport::Bounds;

/// Files that are open beside connections: listeners, standard streams, the runtime's own, names being looked up.
const OTHERS: usize = 512;

/// Raises the bound to what the system allows; usually it is lower at the start, for programs of another age.
pub fn raise() {
    if let Err(error) = raised() {
        warn!(%error, "how many files may be open could not be raised");
    }
}

/// How many files may be open; `None`: any number.
pub fn allowed() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// What is to be said if that does not suffice for as many connections as may be open: those beyond it wait, or are not made.
pub fn shortage() -> Option<String> {
    let needed = Bounds::default().connections
        + Bounds::default().own_connections
        + Limits::default().connections
        + OTHERS;
    let allowed = allowed().filter(|allowed| *allowed < needed as u64)?;
    Some(format!(
        "{allowed} files may be open, and all connections together can need {needed}: raise `ulimit -n`"
    ))
}

/// How many files may be open from now on; `None`: any number.
fn raised() -> Result<Option<u64>, Errno> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    Ok(limit.maximum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_may_be_open_as_the_system_allows() {
        let before = getrlimit(Resource::Nofile).maximum;
        assert_eq!(raised(), Ok(before));
        assert_eq!(getrlimit(Resource::Nofile).current, before);
    }
}
