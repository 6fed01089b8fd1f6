//! From a hop to addresses (RFC 3263).

use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::agent::Hop;

/// The hop's address, if its host is one.
pub(super) fn literal(hop: &Hop) -> Option<SocketAddr> {
    let host: IpAddr = hop.host.parse().ok()?;
    Some(SocketAddr::new(host, port(hop)))
}

/// Where the hop is: its own address, or those its name has; at least one.
pub(super) async fn addresses(hop: &Hop) -> io::Result<Vec<SocketAddr>> {
    if let Some(address) = literal(hop) {
        return Ok(vec![address]);
    }
    let found: Vec<_> = tokio::net::lookup_host((&*hop.host, port(hop))).await?.collect();
    if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
}

fn port(hop: &Hop) -> u16 {
    hop.port.unwrap_or(5060)
}
