//! How much the transport takes on, and what happens beyond.

use std::time::Duration;

use crate::sip::Limits;

/// How much the transport takes on.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections of peers open at a time; a further one takes the place of one that has never brought a message, or is closed
    /// at once.
    pub connections: usize,
    /// Those of one peer; 0: as many as of all. Beyond it the same among its own.
    pub peer_connections: usize,
    /// How long a peer that has connected may take to bring its first message.
    pub first_message: Duration,
    /// How long nothing may come by a connection that nothing needs; `None`: for ever.
    pub idle: Option<Duration>,
    /// Bytes in a minute that a peer may send and that cannot be read; 0: any number. Beyond it its connection is closed and it
    /// gets no other before the minute is over; of its datagrams those that cannot be read are not answered any more.
    pub garbage: usize,
    /// Connections of our own making open at a time; beyond it what would need another one tries its next address, or is
    /// undelivered.
    pub own_connections: usize,
    /// Bytes that may always wait on a connection for its peer to read.
    pub unread_share: usize,
    /// Bytes that may wait on all connections together. Beyond it a connection that holds more than its share is closed:
    /// a burst to a busy peer has room, a peer that never reads has not.
    pub unread_pool: usize,
    /// How long a peer may read nothing while bytes wait for it; then its connection is closed.
    pub stall: Duration,
    /// How long finding the addresses of a hop and, after that, connecting to one of them may take.
    pub connect: Duration,
    /// TLS handshakes with peers that connect at a time, on each listener; beyond it nothing is accepted there until one
    /// has ended.
    pub handshakes: usize,
    /// Those of one IP address; a further connection from it is closed at once.
    pub handshakes_per_address: usize,
    /// How long such a handshake may take.
    pub handshake: Duration,
    /// Connections being made at a time; beyond it what would need another one tries its next address, or is undelivered.
    pub dials: usize,
    /// Connections being made to one IP address at a time: one peer that cannot be reached does not take the place of
    /// others.
    pub dials_per_address: usize,
    /// Names being looked up at a time; beyond it what would need another one is undelivered.
    pub lookups: usize,
    /// Bytes that may wait for one name, and for one connection that is being made; beyond it they are undelivered.
    pub dial_bytes: usize,
    /// UDP flows that are remembered; beyond it the one that was used least recently is closed. To forget one costs little:
    /// a response finds its way by the address, a request by its next hop.
    pub udp_flows: usize,
    /// How long a UDP flow is remembered that nothing comes or goes by, at least: longer than a call without any sign of
    /// life (RFC 4028 §4.2 recommends one each half hour). It is forgotten when another one comes.
    pub udp_idle: Duration,
    /// Bytes of a message that is not whole yet that a connection may always hold.
    pub unframed_share: usize,
    /// Bytes that all such messages together may hold beyond their shares; a connection that needs more is closed.
    pub unframed_pool: usize,
    /// How long a message may take from its first byte to its last; then its connection is closed.
    pub message_time: Duration,
    /// The size of a message that is read.
    pub message: Limits,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 10_000,
            peer_connections: 5_000,
            first_message: Duration::from_secs(60),
            idle: Some(Duration::from_secs(3600)),
            garbage: 1024 * 1024,
            own_connections: 2_000,
            unread_share: 256 * 1024,
            unread_pool: 64 * 1024 * 1024,
            stall: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            handshakes: 1024,
            handshakes_per_address: 256,
            handshake: Duration::from_secs(5),
            dials: 256,
            dials_per_address: 16,
            lookups: 128,
            dial_bytes: 256 * 1024,
            udp_flows: 65_536,
            udp_idle: Duration::from_secs(3600),
            unframed_share: 16 * 1024,
            unframed_pool: 64 * 1024 * 1024,
            message_time: Duration::from_secs(32),
            message: Limits::default(),
        }
    }
}
