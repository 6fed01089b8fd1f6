//! TLS: handshakes, each in its own task and in bounded time.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ServerConfig, ServerConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::admission::Admission;
use super::door::Door;
use super::places::Place;
use super::session::Session;
use super::stream::Stream;
use super::tcp::{self, Accepting};
use super::{Bounds, Heard, Inbound, Notice};
use crate::agent::ListenerId;
use crate::seldom::Seldom;
use crate::tls::Tls;

/// How much of a handshake is read at once: less than TLS would decrypt ahead.
const CHUNK: usize = 4096;

/// Accepts for ever. A connection is the driver's once its handshake is over; until then it waits apart from the others.
/// Ends when the driver does, and all handshakes with it.
pub(super) async fn accept(
    (listener, id): (TcpListener, ListenerId),
    tls: Tls,
    door: Door,
    bounds: Bounds,
    inbound: mpsc::Sender<Inbound>,
) {
    let mut accepting = Accepting::new(listener, door);
    let mut handshakes = Handshakes::new(bounds);
    loop {
        let secured = tokio::select! {
            (socket, place) = accepting.next(), if handshakes.have_room() => {
                if let Some(config) = tls.server() {
                    handshakes.begin(socket, place, config);
                }
                continue;
            }
            secured = handshakes.next() => secured,
        };
        let Some((stream, place)) = secured else { continue };
        let admission = Admission::Peers(place);
        if inbound.send(Inbound::Notice(Notice(Heard::Accepted(stream, id, admission)))).await.is_err() {
            return;
        }
    }
}

/// The handshakes under way on a listener.
struct Handshakes {
    bounds: Bounds,
    under_way: JoinSet<(IpAddr, io::Result<Stream>, Place)>,
    by_address: HashMap<IpAddr, usize>,
    crowded: Seldom,
    failed: Seldom,
}

impl Handshakes {
    fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            under_way: JoinSet::new(),
            by_address: HashMap::new(),
            crowded: Seldom::default(),
            failed: Seldom::default(),
        }
    }

    fn have_room(&self) -> bool {
        self.under_way.len() < self.bounds.handshakes
    }

    fn begin(&mut self, socket: TcpStream, place: Place, config: Arc<ServerConfig>) {
        let Ok(peer) = socket.peer_addr().map(tcp::canonical) else { return };
        let count = self.by_address.entry(peer.ip()).or_default();
        if *count >= self.bounds.handshakes_per_address {
            if let Some(times) = self.crowded.count() {
                warn!(%peer, times, "closed a new connection: as many TLS handshakes with its address go on as may");
            }
            return;
        }
        *count += 1;
        let limit = self.bounds.handshake;
        self.under_way.spawn(async move {
            let secured = tokio::select! {
                secured = greet(socket, config, limit) => secured,
                () = place.lost() => Err(io::Error::other("its place was needed before it was over")),
            };
            (peer.ip(), secured, place)
        });
    }

    /// Waits for the end of one; `None` if it failed.
    async fn next(&mut self) -> Option<(Stream, Place)> {
        let Some(ended) = self.under_way.join_next().await else { return std::future::pending().await };
        let (address, secured, place) = ended.ok()?;
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        match secured {
            Ok(stream) => return Some((stream, place)),
            Err(error) => match self.failed.count() {
                Some(times) => warn!(peer = %address, %error, times, "a TLS handshake failed"),
                None => debug!(peer = %address, %error, "a TLS handshake failed"),
            },
        }
        None
    }
}

/// The handshake with a peer that has connected.
async fn greet(socket: TcpStream, config: Arc<ServerConfig>, limit: Duration) -> io::Result<Stream> {
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    secure(socket, Session::new(tls), limit).await
}

/// The handshake with a peer that we have connected to, which must show that it is `host`.
pub(super) async fn connect(socket: TcpStream, host: &str, tls: &Tls, limit: Duration) -> io::Result<Stream> {
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| io::Error::other(format!("{host:?} can stand in no certificate")))?;
    let tls = ClientConnection::new(tls.client(), name).map_err(io::Error::other)?;
    secure(socket, Session::new(tls), limit).await
}

async fn secure(socket: TcpStream, mut session: Session, limit: Duration) -> io::Result<Stream> {
    // Else the second of two flights would wait for the acknowledgement of the first.
    socket.set_nodelay(true)?;
    match timeout(limit, shake_hands(&socket, &mut session)).await {
        Ok(done) => done?,
        Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")),
    }
    Ok(Stream::Secure(socket, Box::new(session)))
}

async fn shake_hands(socket: &TcpStream, session: &mut Session) -> io::Result<()> {
    loop {
        say(socket, session).await?;
        if !session.is_handshaking() {
            return Ok(());
        }
        socket.readable().await?;
        if let Err(error) = hear(socket, session) {
            // Why, as an alert.
            let _ = say(socket, session).await;
            return Err(error);
        }
    }
}

async fn say(socket: &TcpStream, session: &mut Session) -> io::Result<()> {
    let mut wire = Vec::new();
    session.write_owed(&mut wire)?;
    let mut rest = &wire[..];
    while !rest.is_empty() {
        socket.writable().await?;
        match socket.try_write(rest) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn hear(socket: &TcpStream, session: &mut Session) -> io::Result<()> {
    let mut chunk = [0; CHUNK];
    let mut bytes = match socket.try_read(&mut chunk) {
        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(count) => chunk.get(..count).unwrap_or_default(),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
        Err(error) => return Err(error),
    };
    while !bytes.is_empty() {
        session.receive(&mut bytes)?;
    }
    Ok(())
}
