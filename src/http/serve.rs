//! Serving: every connection in its own task, until the shutdown.

use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tower_http::add_extension::AddExtension;

use super::auth::Peer;
use super::bounds::MAX_HEAD;
use super::listener::{Listener, Placed};
use super::streams::{self, Streaming};
use super::{Context, router};
use crate::tls::Tls;

/// The bounds of the HTTP side.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many connections at a time; further ones wait to be accepted.
    pub connections: usize,
    /// A connection whose peer takes no bytes for so long is closed.
    pub write_timeout: Duration,
    /// A connection whose TLS handshake is not done by then is closed.
    pub handshake_time: Duration,
    /// A connection that brings no whole request head for so long is closed, also between requests.
    pub head_timeout: Duration,
    /// How long requests may go on after the shutdown began.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            write_timeout: Duration::from_secs(30),
            handshake_time: Duration::from_secs(10),
            head_timeout: Duration::from_secs(75),
            // Streams end at once and commands are answered before; more would not fit into what Docker allows.
            grace: Duration::from_secs(1),
        }
    }
}

/// Serves the API, over TLS if `tls` is given and its event streams on `streams`, until `shutdown` is done: then nothing new is
/// accepted, event streams end after what is in the log, and requests under way are answered, for as long as the grace lasts.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    context: Context,
    streams: Handle,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let board = context.board.clone();
    let service = router(context);
    let mut listener = Listener::new(listener, tls, &limits);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout).max_buf_size(MAX_BUFFER);
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let Some(Placed { connection, peer, place }) = accepted else { break };
        let streaming = Streaming::default();
        let service = AddExtension::new(AddExtension::new(service.clone(), Peer(peer)), streaming.clone());
        let service = TowerToHyperService::new(service);
        let serving = graceful.watch(http.serve_connection(TokioIo::new(connection), service));
        let serving = async move {
            if let Err(error) = serving.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        };
        streams::run(serving, streaming, streams.clone());
    }
    drop(listener);
    board.close();
    if timeout(limits.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off by the shutdown");
    }
}

/// Of a connection's read and of its write buffer, in bytes; a request's head must fit, or hyper answers 431 by itself.
const MAX_BUFFER: usize = 2 * MAX_HEAD;
