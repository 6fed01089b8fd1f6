//! What the network says of datagrams that it could not bring to their peers: ICMP errors (RFC 3261 §18.4). The kernel keeps them, with the
//! address that each was for, until they are read.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use nix::cmsg_space;
use nix::libc::{SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, in6_pktinfo, sock_extended_err, sockaddr_in6};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tracing::warn;

use super::{Remembering, Socket, datagram};
use crate::transport::{Heard, Inbound, Notice};

/// Asks the system to keep them. One that does not leaves us with the time-outs of requests.
pub(super) fn ask(socket: &UdpSocket, is_ipv6: bool) {
    // A socket for IPv6 may send to IPv4 addresses, too.
    let _asked = setsockopt(socket, sockopt::Ipv4RecvErr, &true);
    if is_ipv6 {
        let _asked = setsockopt(socket, sockopt::Ipv6RecvErr, &true);
    }
}

/// Reads them for ever; ends when the driver does. They are for who has sent something of his own accord: answers have their repeats. While
/// the driver takes no more, the kernel drops what it has no room for.
pub(super) async fn read((socket, flows): (Arc<Socket>, Remembering), inbound: mpsc::Sender<Inbound>) {
    loop {
        let peer = match socket.socket.async_io(Interest::ERROR, || refused(&socket.socket)).await {
            Ok(Some(peer)) => peer,
            Ok(None) => continue,
            Err(error) => return warn!(%error, "errors of a UDP socket are heeded no more"),
        };
        let ours = flows.lock().ours(socket.number, peer);
        for flow in ours {
            if inbound.send(Inbound::Notice(Notice(Heard::Refused(flow)))).await.is_err() {
                return;
            }
        }
    }
}

/// The next one: whom a datagram did not come to, if it was that.
fn refused(socket: &UdpSocket) -> io::Result<Option<SocketAddr>> {
    let mut control = cmsg_space!(in6_pktinfo, sock_extended_err, sockaddr_in6);
    let mut into = [IoSliceMut::new(&mut [])];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let received = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut into, Some(&mut control), flags)?;
    let says_so = |message| match message {
        ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => {
            is_lasting(&error)
        }
        _ => false,
    };
    let is_refused = received.cmsgs().is_ok_and(|mut messages| messages.any(says_so));
    let peer = received.address.as_ref().and_then(datagram::address_of);
    Ok(peer.filter(|_| is_refused).map(super::tcp::canonical))
}

/// Whether the peer cannot be reached, or a field of the packet is not understood. Neither a datagram that was too large nor one whose time
/// was over says so.
fn is_lasting(error: &sock_extended_err) -> bool {
    match error.ee_origin {
        // Destination unreachable, except where a fragment was needed; parameter problem (RFC 792).
        SO_EE_ORIGIN_ICMP => {
            matches!((error.ee_type, error.ee_code), (3, code) if code != 4) || error.ee_type == 12
        }
        // The same (RFC 4443).
        SO_EE_ORIGIN_ICMP6 => matches!(error.ee_type, 1 | 4),
        _ => false,
    }
}
