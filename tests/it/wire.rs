//! A connection of a test, without TLS or with it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};

use crate::agent::PATIENCE;

/// Whom the certificate of an agent of a test names; its certificates are also for 127.0.0.1.
pub const HOST: &str = "localhost";

/// One end of a connection; nothing waits longer than a test may.
pub struct Wire {
    socket: TcpStream,
    stream: Box<dyn Stream>,
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

impl Wire {
    /// Without TLS.
    pub fn plain(socket: TcpStream) -> Self {
        let (socket, stream) = prepared(socket);
        Self { socket, stream: Box::new(stream) }
    }

    /// With TLS, to whom is taken for [`HOST`]; the handshake is done with the first bytes.
    pub fn secure(socket: TcpStream, config: Arc<ClientConfig>) -> Self {
        let (socket, stream) = prepared(socket);
        let tls = ClientConnection::new(config, ServerName::try_from(HOST).unwrap()).unwrap();
        Self { socket, stream: Box::new(StreamOwned::new(tls, stream)) }
    }

    /// With TLS, as the server.
    pub fn greeted(socket: TcpStream, config: Arc<ServerConfig>) -> Self {
        let (socket, stream) = prepared(socket);
        let tls = ServerConnection::new(config).unwrap();
        Self { socket, stream: Box::new(StreamOwned::new(tls, stream)) }
    }

    /// What TLS, if any, goes over.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }
}

/// The same socket twice.
fn prepared(socket: TcpStream) -> (TcpStream, TcpStream) {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    (socket.try_clone().unwrap(), socket)
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.read(into)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
