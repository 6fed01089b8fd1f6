//! Reading one UDP socket.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, error::SendError};
use tracing::warn;

use super::{Remembering, Side, Socket, datagram};
use crate::agent::Arrival;
use crate::metrics::Count;
use crate::seldom::Seldom;
use crate::sip::{Unreadable, parse_datagram};
use crate::transport::door::Door;
use crate::transport::{Heard, Inbound, Notice};

/// More than a datagram can hold.
const LARGEST: usize = 64 * 1024;

/// How long reading pauses after an error, none of which is known to last.
const PAUSE: Duration = Duration::from_millis(100);

/// The most bytes of what is taken for a keep-alive whatever they are: no message is so short.
const SHORT: usize = 4;

/// Reads for ever; no error ends it. Ends when the driver does. While the driver takes no more messages nothing is read, and
/// the kernel drops what it has no room for.
pub(super) async fn read(
    (socket, flows): (Arc<Socket>, Remembering),
    door: Door,
    inbound: mpsc::Sender<Inbound>,
) {
    let mut buffer = vec![0; LARGEST].into_boxed_slice();
    let mut failed = Seldom::default();
    loop {
        let (length, mut peer, ours) = match datagram::receive(&socket.socket, &mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                if let Some(times) = failed.count() {
                    warn!(%error, times, "cannot read a UDP socket");
                }
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let bytes = buffer.get(..length).unwrap_or_default();
        // Keeps the interface of a link-local address, which alone leads back.
        peer.set_ip(peer.ip().to_canonical());
        if !door.allows(peer.ip()) && flows.lock().ours(socket.number, peer).is_empty() {
            door.kept_out.add(Count::DeniedDatagrams);
            continue;
        }
        let ends = Ends { peer, ours };
        if take((&socket, &flows), &door, &inbound, (ends, bytes)).await.is_err() {
            return;
        }
    }
}

/// Between whom a datagram has gone.
struct Ends {
    peer: SocketAddr,
    /// Which of our addresses it came to, if the system says so.
    ours: Option<IpAddr>,
}

async fn take(
    (socket, flows): (&Socket, &Remembering),
    door: &Door,
    inbound: &mpsc::Sender<Inbound>,
    (Ends { peer, ours }, datagram): (Ends, &[u8]),
) -> Result<(), SendError<Inbound>> {
    let read = Instant::now();
    // Nobody can be answered there.
    if peer.port() == 0 {
        return Ok(());
    }
    if is_keep_alive(datagram) {
        flows.lock().between(socket.number, peer, None);
        return Ok(());
    }
    let message = match parse_datagram(datagram) {
        Err(_) if door.is_littered_by_datagram(peer.ip(), datagram.len()) => return Ok(()),
        Err(Unreadable::Dropped { fault }) => {
            return inbound.send(Inbound::Notice(Notice(Heard::Unreadable(peer, fault)))).await;
        }
        message => message,
    };
    let (flow, forgotten) = flows.between(socket, peer, ours, Side::Peer);
    for id in forgotten {
        inbound.send(Inbound::Notice(Notice(Heard::Forgotten(id)))).await?;
    }
    inbound.send(Inbound::Arrived(Box::new(Arrival { flow, message }), read)).await
}

/// What peers send to keep their way to us open: CRLFs (RFC 5626 §3.5.1 has an answer to them on connections only), or
/// another few bytes.
fn is_keep_alive(datagram: &[u8]) -> bool {
    datagram.len() <= SHORT || datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}
