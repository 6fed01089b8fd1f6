//! Connections of HTTP clients: as many as the bound allows, each with a limit on how long a write may wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

use super::Limits;
use crate::seldom::Seldom;

/// A connection that gives up on a peer that does not read.
pub type Connection = std::pin::Pin<Box<TimeoutStream<TcpStream>>>;

/// Accepts connections within the bounds.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    free: Arc<Semaphore>,
    write_timeout: Duration,
    failed: Seldom,
}

impl Listener {
    /// `limits.connections` at a time; further ones wait in the kernel's backlog.
    pub fn new(listener: TcpListener, limits: &Limits) -> Self {
        let free = Arc::new(Semaphore::new(limits.connections));
        Self { listener, free, write_timeout: limits.write_timeout, failed: Seldom::default() }
    }

    /// The next connection, and the place that it takes up until it is dropped. `None` once nothing is accepted any more.
    pub async fn accept(&mut self) -> Option<(Connection, OwnedSemaphorePermit)> {
        let permit = self.free.clone().acquire_owned().await.ok()?;
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Some((self.bounded(stream), permit)),
                Err(error) => {
                    if let Some(times) = self.failed.count() {
                        tracing::warn!(%error, times, "cannot accept a connection");
                    }
                    // Out of file descriptors, most likely: trying again at once would only spin.
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn bounded(&self, stream: TcpStream) -> Connection {
        // Without it the second of two quick events waits for the first one's ACK.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.write_timeout));
        Box::pin(stream)
    }
}
