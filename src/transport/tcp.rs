//! TCP: listeners, and how each connection is set up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

use super::stream::Stream;
use super::{Admission, Heard, Inbound, Notice};
use crate::agent::ListenerId;
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
    places: Arc<Semaphore>,
    inbound: mpsc::Sender<Inbound>,
) {
    let mut accepting = Accepting::new(listener, places);
    loop {
        let (socket, admission) = accepting.next().await;
        let accepted = Inbound::Notice(Notice(Heard::Accepted(Stream::Plain(socket), id, admission)));
        if inbound.send(accepted).await.is_err() {
            return;
        }
    }
}

/// Accepts as many connections as have places; no error ends it.
pub(super) struct Accepting {
    listener: TcpListener,
    places: Arc<Semaphore>,
    refused: Seldom,
    failed: Seldom,
}

impl Accepting {
    pub(super) fn new(listener: TcpListener, places: Arc<Semaphore>) -> Self {
        Self { listener, places, refused: Seldom::default(), failed: Seldom::default() }
    }

    /// The next connection. It may be given up waiting for it, and none is lost.
    pub(super) async fn next(&mut self) -> (TcpStream, Admission) {
        loop {
            let socket = match self.listener.accept().await {
                Ok((socket, _)) => socket,
                Err(error) => {
                    if let Some(times) = self.failed.count() {
                        warn!(%error, times, "cannot accept a connection");
                    }
                    if error.kind() != io::ErrorKind::ConnectionAborted {
                        tokio::time::sleep(PAUSE).await;
                    }
                    continue;
                }
            };
            if let Ok(admission) = self.places.clone().try_acquire_owned() {
                return (socket, admission);
            }
            if let Some(times) = self.refused.count() {
                warn!(times, "closed a new connection: as many are open as may be");
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
