//! How many files the process may have open: each connection is one.

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::warn;

use crate::http::Limits;
use crate::transport::Bounds;

/// Files that are open beside connections: listeners, standard streams, the runtime's own, names being looked up.
const OTHERS: usize = 512;

/// Raises the bound to what the system allows; usually it is lower at the start, for programs of another age. The log says
/// so if it does not suffice for as many connections as may be open: those beyond it wait, or are not made.
pub fn raise() {
    let needed = Bounds::default().connections
        + Bounds::default().own_connections
        + Limits::default().connections
        + OTHERS;
    match raised() {
        Ok(Some(allowed)) if allowed < needed as u64 => {
            warn!(allowed, needed, "too few files may be open for all connections: raise `ulimit -n`");
        }
        Ok(_) => {}
        Err(error) => warn!(%error, "how many files may be open could not be raised"),
    }
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
