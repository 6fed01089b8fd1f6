//! Who may come in by HTTP, where it listens.

use std::io::{self, Write};

use super::{Listeners, ServeError};
use crate::access::Access;
use crate::config::{Config, guard};

/// What guards the HTTP listener. A key that had to be made is printed, this once.
pub fn guard_http(config: &Config, listeners: &Listeners) -> Result<Access, ServeError> {
    let address = listeners.http.local_addr().map_err(ServeError::Listener)?;
    let (access, new_key) = guard(config, address)?;
    if let Some(new_key) = new_key {
        let _ = writeln!(io::stdout(), "{new_key}");
    }
    Ok(access)
}
