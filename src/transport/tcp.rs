//! TCP: listeners, and how each connection is set up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

use super::{Heard, Inbound, Notice};
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

/// Accepts for ever; no error ends it. Ends when the driver does.
pub(super) async fn accept(
    listener: TcpListener,
    id: ListenerId,
    places: Arc<Semaphore>,
    inbound: mpsc::Sender<Inbound>,
) {
    let mut refused = Seldom::default();
    let mut failed = Seldom::default();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                if let Some(times) = failed.count() {
                    warn!(%error, times, "cannot accept a connection");
                }
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
        };
        let Ok(admission) = places.clone().try_acquire_owned() else {
            if let Some(times) = refused.count() {
                warn!(times, "closed a new connection: as many are open as may be");
            }
            continue;
        };
        let accepted = Inbound::Notice(Notice(Heard::Accepted(stream, id, admission)));
        if inbound.send(accepted).await.is_err() {
            return;
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
