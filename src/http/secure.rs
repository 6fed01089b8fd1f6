//! TLS under HTTP: the handshake, and a word to a client that speaks without.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::listener::Socket;

/// What the first byte of every TLS connection is (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// The answer to a request without TLS.
const NO_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\
    Content-Length: 39\r\n\r\nThis port takes HTTP over TLS: https.\r\n";

/// How much of a request without TLS is read, so that its answer is not lost by closing with bytes unread.
const DISCARDED: u64 = 64 * 1024;

/// The handshake, in a bounded time.
pub async fn greet(
    socket: Socket,
    config: Arc<ServerConfig>,
    limit: Duration,
) -> io::Result<TlsStream<Socket>> {
    match timeout(limit, shake_hands(socket, config)).await {
        Ok(done) => done,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")),
    }
}

async fn shake_hands(mut socket: Socket, config: Arc<ServerConfig>) -> io::Result<TlsStream<Socket>> {
    let mut first = [0];
    let count = socket.get_ref().peek(&mut first).await?;
    if count == 1 && first != [HANDSHAKE] {
        socket.write_all(NO_TLS).await?;
        socket.shutdown().await?;
        tokio::io::copy(&mut socket.take(DISCARDED), &mut tokio::io::sink()).await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a request without TLS"));
    }
    TlsAcceptor::from(config).accept(socket).await
}
