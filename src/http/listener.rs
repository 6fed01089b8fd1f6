//! Connections of HTTP clients: as many as the bound allows, each with a limit on how long a write may wait, over TLS if
//! there is a certificate.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

use super::{Limits, secure};
use crate::seldom::Seldom;
use crate::tls::Tls;

/// What a connection is read from and written to.
pub trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// A connection that gives up on a peer that does not read.
pub type Connection = Pin<Box<dyn Stream>>;

/// A connection before TLS.
pub type Socket = Pin<Box<TimeoutStream<TcpStream>>>;

/// A connection that is there.
pub struct Placed {
    pub connection: Connection,
    /// Its other end.
    pub peer: SocketAddr,
    /// The place that it takes up until this is dropped.
    pub place: OwnedSemaphorePermit,
}

/// Accepts connections within the bounds.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    tls: Option<Tls>,
    free: Arc<Semaphore>,
    write_timeout: Duration,
    handshake_time: Duration,
    /// Each has a place, so that there are no more of them than of connections.
    handshakes: JoinSet<io::Result<Placed>>,
    failed: Seldom,
}

impl Listener {
    /// `limits.connections` at a time; further ones wait in the kernel's backlog.
    pub fn new(listener: TcpListener, tls: Option<Tls>, limits: &Limits) -> Self {
        Self {
            listener,
            tls,
            free: Arc::new(Semaphore::new(limits.connections)),
            write_timeout: limits.write_timeout,
            handshake_time: limits.handshake_time,
            handshakes: JoinSet::new(),
            failed: Seldom::default(),
        }
    }

    /// The next connection, its handshake done, and its place. `None` once nothing is accepted any more.
    pub async fn accept(&mut self) -> Option<Placed> {
        loop {
            tokio::select! {
                Some(secured) = self.handshakes.join_next() => match secured {
                    Ok(Ok(placed)) => return Some(placed),
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(error) => tracing::error!(%error, "a TLS handshake broke off"),
                },
                accepted = next(&self.listener, &self.free) => match accepted? {
                    Ok((socket, peer, place)) => if let Some(placed) = self.take(socket, peer, place) {
                        return Some(placed);
                    },
                    Err(error) => {
                        if let Some(times) = self.failed.count() {
                            tracing::warn!(%error, times, "cannot accept a connection");
                        }
                        // Out of file descriptors, most likely: trying again at once would only spin.
                        sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }

    /// The connection as it is; over TLS its handshake is begun instead.
    fn take(&mut self, socket: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) -> Option<Placed> {
        let socket = self.bounded(socket);
        let Some(tls) = &self.tls else { return Some(Placed { connection: socket, peer, place }) };
        let (config, limit) = (tls.http()?, self.handshake_time);
        self.handshakes.spawn(async move {
            let connection: Connection = Box::pin(secure::greet(socket, config, limit).await?);
            Ok(Placed { connection, peer, place })
        });
        None
    }

    fn bounded(&self, socket: TcpStream) -> Socket {
        // Without it the second of two quick events waits for the first one's ACK.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let mut socket = TimeoutStream::new(socket);
        socket.set_write_timeout(Some(self.write_timeout));
        Box::pin(socket)
    }
}

/// A place first, so that what has none waits in the backlog.
async fn next(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)>> {
    let place = free.clone().acquire_owned().await.ok()?;
    Some(listener.accept().await.map(|(socket, peer)| (socket, peer, place)))
}
