//! One datagram, with the address of ours that it came to or leaves from. A socket that listens on all our addresses is told
//! neither otherwise, and a peer takes answers only from where it has asked.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A datagram that came: how long, from whom, and to which of our addresses, if the system says so.
pub(super) type Received = (usize, SocketAddr, Option<IpAddr>);

/// How often the kernel is asked for one thing, where it answers with something else.
const TRIES: usize = 4;

/// Does something with a socket past errors that are about datagrams which were sent before: the kernel tells each to what comes next, in
/// place of doing that.
pub(super) fn past_errors<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..TRIES {
        match act() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
    act()
}

/// Asks the system to say which of our addresses datagrams come to. One that does not leaves us with the address by which it
/// would send.
pub(super) fn ask_where(socket: &UdpSocket, is_ipv6: bool) {
    let _asked = match is_ipv6 {
        true => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true),
        false => setsockopt(socket, sockopt::Ipv4PacketInfo, &true),
    };
}

/// Waits for the next datagram; what is longer than the buffer is cut.
pub(super) async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Received> {
    socket.async_io(Interest::READABLE, || past_errors(|| read(socket, buffer))).await
}

fn read(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Received> {
    let mut control = nix::cmsg_space!(in6_pktinfo);
    let mut into = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let received = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut into, Some(&mut control), flags)?;
    let peer = received.address.as_ref().and_then(address_of).ok_or(io::ErrorKind::InvalidData)?;
    let to = received.cmsgs().ok().and_then(|mut messages| messages.find_map(|message| where_to(&message)));
    Ok((received.bytes, peer, to))
}

/// With its interface, where the address means something on one link only (RFC 4007 §6).
pub(super) fn address_of(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::new(address.ip().into(), address.port()));
    v4.or_else(|| {
        address
            .as_sockaddr_in6()
            .map(|address| SocketAddrV6::new(address.ip(), address.port(), 0, address.scope_id()).into())
    })
}

fn where_to(message: &ControlMessageOwned) -> Option<IpAddr> {
    match message {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)).into())
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            Some(IpAddr::from(Ipv6Addr::from(info.ipi6_addr.s6_addr)).to_canonical())
        }
        _ => None,
    }
}

/// Gives the kernel a datagram that leaves from one of our addresses; both addresses are of the socket's own family.
pub(super) fn send_from(socket: &UdpSocket, bytes: &[u8], peer: SocketAddr, from: IpAddr) -> io::Result<()> {
    let (of, to) = ([IoSlice::new(bytes)], SockaddrStorage::from(peer));
    let send = |control: ControlMessage<'_>| {
        sendmsg(socket.as_raw_fd(), &of, &[control], MsgFlags::MSG_DONTWAIT, Some(&to))
    };
    match from {
        IpAddr::V4(from) => send(ControlMessage::Ipv4PacketInfo(&in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: in_addr { s_addr: u32::from(from).to_be() },
            ipi_addr: in_addr { s_addr: 0 },
        })),
        IpAddr::V6(from) => send(ControlMessage::Ipv6PacketInfo(&in6_pktinfo {
            ipi6_addr: in6_addr { s6_addr: from.octets() },
            ipi6_ifindex: 0,
        })),
    }?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_one_link_keeps_its_interface() {
        for address in ["[fe80::1%3]:5060", "[2001:db8::1]:5060", "192.0.2.1:5060"] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(address_of(&address.into()), Some(address));
        }
    }
}
