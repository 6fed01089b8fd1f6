//! The transport over real sockets on loopback.

mod client;
mod datagrams;
mod delivery;
mod door;
mod inbound;
mod outbound;
mod secure;
mod secure_out;
mod unframed;
mod unread;
mod ways;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Bounds, Connections, Fate, Inbound, Listener, Settings, start};
use crate::agent::{Arrival, Flow, FlowId, Hop, Receipt, Transmit};
use crate::sip::{Message, Transport};
use crate::tls::Tls;
use crate::tls::tests::{Authority, tls as identified};
use client::{Client, HOST};

/// Only a failing test waits as long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A flow that never was.
const NO_FLOW: FlowId = FlowId(u64::MAX);

/// The transport with one listener, and what the driver would do with it.
struct Net {
    address: SocketAddr,
    connections: Connections,
    inbound: mpsc::Receiver<Inbound>,
    /// How peers shake hands with it.
    connector: Option<TlsConnector>,
}

impl Net {
    /// Without TLS and with it.
    async fn both(bounds: Bounds) -> [Self; 2] {
        [Self::start(bounds).await, Self::secure(bounds).await]
    }

    async fn secure(bounds: Bounds) -> Self {
        let ca = Authority::new("ca");
        Self::secure_as(identified(&ca, &ca.issue(&[HOST])), ca.client(None), bounds).await
    }

    async fn secure_as(tls: Tls, client: Arc<rustls::ClientConfig>, bounds: Bounds) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings { bounds, tls: Some(tls), ..Settings::default() };
        let (connections, inbound) = start(vec![Listener::Tls(listener)], settings);
        Self { address, connections, inbound, connector: Some(client.into()) }
    }

    async fn start(bounds: Bounds) -> Self {
        Self::listening_on("127.0.0.1:0", bounds).await
    }

    async fn listening_on(address: &str, bounds: Bounds) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, inbound) = start(vec![Listener::Tcp(listener)], bounds);
        Self { address, connections, inbound, connector: None }
    }

    async fn socket(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn connect(&self) -> Client {
        let socket = self.socket().await;
        match &self.connector {
            None => Client::Plain(socket),
            Some(connector) => Client::secure(socket, connector).await.unwrap(),
        }
    }

    /// A client and the flow that its first message came by.
    async fn connected(&mut self) -> (Client, Flow) {
        let mut client = self.connect().await;
        client.write_all(&message("first")).await.unwrap();
        let flow = self.arrival().await.flow;
        (client, flow)
    }

    /// The next message; notices on the way are handled.
    async fn arrival(&mut self) -> Arrival {
        loop {
            match self.next().await {
                Inbound::Arrived(arrival, _) => return *arrival,
                Inbound::Notice(notice) => self.connections.handle(notice),
            }
            self.connections.flush();
        }
    }

    /// The next fate; messages on the way are dropped.
    async fn fate(&mut self) -> Fate {
        loop {
            if let Some(fate) = self.connections.poll_fate() {
                return fate;
            }
            if let Inbound::Notice(notice) = self.next().await {
                self.connections.handle(notice);
            }
            self.connections.flush();
        }
    }

    async fn next(&mut self) -> Inbound {
        timeout(PATIENCE, self.inbound.recv()).await.unwrap().unwrap()
    }

    /// Sends until the kernel takes no more; how many bytes that were.
    fn fill(&mut self, flow: &Flow) -> usize {
        let mut sent = 0;
        while self.connections.is_idle() {
            self.connections.send(transmit(flow.id, vec![b'x'; 65_536]));
            self.connections.flush();
            sent += 65_536;
        }
        sent
    }

    /// Runs the transport while `work` goes on.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = timeout(PATIENCE, &mut work) => return done.unwrap(),
                Some(inbound) = self.inbound.recv() => {
                    if let Inbound::Notice(notice) = inbound {
                        self.connections.handle(notice);
                    }
                    self.connections.flush();
                }
            }
        }
    }
}

fn message(call_id: &str) -> Bytes {
    format!(
        "OPTIONS sip:agent@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK{call_id}\r\n\
         From: <sip:peer@127.0.0.1>;tag=1\r\n\
         To: <sip:agent@127.0.0.1>\r\n\
         Call-ID: {call_id}\r\n\
         CSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into()
}

fn call_id(arrival: &Arrival) -> &str {
    match &arrival.message {
        Ok(Message::Request(request)) => &request.call_id,
        other => panic!("not a request: {other:?}"),
    }
}

fn transmit(flow: FlowId, bytes: impl Into<Bytes>) -> Transmit {
    Transmit { flow: Some(flow), otherwise: None, receipt: None, bytes: bytes.into() }
}

fn to_hop(host: &str, port: u16, receipt: u64, bytes: &'static str) -> Transmit {
    let hop = Hop {
        transport: Some(Transport::Tcp),
        host: host.into(),
        port: Some(port),
        secure: false,
        name: None,
    };
    Transmit { flow: None, otherwise: Some(hop), receipt: Some(Receipt(receipt)), bytes: bytes.into() }
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn read_exactly(stream: &mut (impl AsyncRead + Unpin), count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.unwrap().unwrap();
    bytes
}

async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap().map(|_| bytes)
}
