//! A peer that connects, without TLS or with it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

/// Whom the certificate of [`Net`] names.
pub const HOST: &str = "agent.example.com";

/// The peer's end of a connection.
pub enum Client {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl Client {
    /// Shakes hands over a connection with whom it takes for [`HOST`].
    pub async fn secure(socket: TcpStream, connector: &TlsConnector) -> io::Result<Self> {
        let host = ServerName::try_from(HOST).unwrap();
        Ok(Self::Secure(Box::new(connector.connect(host, socket).await?)))
    }

    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Secure(stream) => stream.get_ref().0,
        }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut dyn Duplex> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket),
            Self::Secure(stream) => Pin::new(stream.as_mut()),
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl AsyncRead for Client {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, into)
    }
}

impl AsyncWrite for Client {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}
