//! By which of our addresses the kernel sends to a peer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Our address toward a peer; an error if there is no route. Nothing is sent: connecting a UDP socket only asks the kernel.
pub(in crate::transport) fn local(peer: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(peer)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toward_loopback_we_are_on_loopback() {
        assert_eq!(local("127.0.0.1:5060".parse().unwrap()).unwrap(), Ipv4Addr::LOCALHOST);
    }
}
