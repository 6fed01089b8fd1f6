//! TCP: listeners, and how each connection is set up.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tracing::warn;

use super::admission::Admission;
use super::door::Door;
use super::places::Place;
use super::stream::Stream;
use super::{Heard, Inbound, Notice};
use crate::agent::ListenerId;
use crate::metrics::Count;
use crate::seldom::Seldom;

/// How long accepting pauses after an error that will not pass by itself at once, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// After how long without traffic the kernel asks whether the peer is still there, and how often.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));

/// How long sent bytes may go unacknowledged by the peer's kernel: a host that is gone is noticed within one
/// transaction (64·T1) and not after the quarter of an hour that TCP gives it.
const UNACKNOWLEDGED: Duration = Duration::from_secs(32);

/// Accepts for ever. Ends when the driver does.
pub(super) async fn accept(
    listener: TcpListener,
    id: ListenerId,
    door: Door,
    inbound: mpsc::Sender<Inbound>,
) {
    let mut accepting = Accepting::new(listener, door);
    loop {
        let (socket, place) = accepting.next().await;
        let admission = Admission::Peers(place);
        let accepted = Inbound::Notice(Notice(Heard::Accepted(Stream::Plain(socket), id, admission)));
        if inbound.send(accepted).await.is_err() {
            return;
        }
    }
}

/// Accepts the connections that are let in; no error ends it.
pub(super) struct Accepting {
    listener: TcpListener,
    door: Door,
    refused: Seldom,
    failed: Seldom,
}

impl Accepting {
    pub(super) fn new(listener: TcpListener, door: Door) -> Self {
        Self { listener, door, refused: Seldom::default(), failed: Seldom::default() }
    }

    /// The next connection. It may be given up waiting for it, and none is lost.
    pub(super) async fn next(&mut self) -> (TcpStream, Place) {
        loop {
            let (socket, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.door.kept_out.add(Count::FailedAccepts);
                    if let Some(times) = self.failed.count() {
                        warn!(%error, times, "cannot accept a connection");
                    }
                    if error.kind() != io::ErrorKind::ConnectionAborted {
                        tokio::time::sleep(PAUSE).await;
                    }
                    continue;
                }
            };
            match self.door.admit(peer.ip()) {
                Ok(place) => return (socket, place),
                Err(why) => {
                    if let Some(times) = self.refused.count() {
                        warn!(%peer, times, "closed a new connection: {why}");
                    }
                }
            }
        }
    }
}

/// Sets a new connection's options. Without TCP_NODELAY the second of two quick responses would wait for the
/// acknowledgement of the first.
pub(super) fn set_up(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&KEEPALIVE)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

/// An address as peers write it: IPv4 stays IPv4, also on a socket that listens for both.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
