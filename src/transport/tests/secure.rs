//! What TLS adds: handshakes, certificates, records, goodbyes.

use std::io::Write;

use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use tokio::net::TcpSocket;

use super::*;
use crate::tls::tests::{Folder, Issued};

/// A peer that decides itself what goes into one segment.
struct Raw {
    socket: TcpStream,
    tls: ClientConnection,
}

impl Raw {
    /// All of the handshake but its last flight, which is not sent yet.
    async fn connect(net: &Net) -> Self {
        let config = net.connector.as_ref().unwrap().config().clone();
        let tls = ClientConnection::new(config, ServerName::try_from(HOST).unwrap()).unwrap();
        let mut raw = Self { socket: net.socket().await, tls };
        while raw.tls.is_handshaking() {
            let wire = raw.wire();
            raw.socket.write_all(&wire).await.unwrap();
            let mut chunk = [0; 4096];
            let count = timeout(PATIENCE, raw.socket.read(&mut chunk)).await.unwrap().unwrap();
            raw.tls.read_tls(&mut &chunk[..count]).unwrap();
            raw.tls.process_new_packets().unwrap();
        }
        raw
    }

    /// The bytes of a message, and of what TLS has to say before it.
    fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        self.tls.writer().write_all(message).unwrap();
        self.wire()
    }

    fn wire(&mut self) -> Vec<u8> {
        let mut wire = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut wire).unwrap();
        }
        wire
    }
}

#[tokio::test]
async fn a_flow_over_tls_is_one() {
    let mut net = Net::secure(Bounds::default()).await;
    let (client, flow) = net.connected().await;
    assert_eq!(flow.transport, Transport::Tls);
    assert_eq!((flow.local, flow.peer), (net.address, client.socket().local_addr().unwrap()));
}

#[tokio::test]
async fn messages_that_come_in_one_segment_with_the_end_of_the_handshake_and_of_the_connection_are_read() {
    let mut net = Net::secure(Bounds::default()).await;
    let mut raw = Raw::connect(&net).await;
    let mut segment = raw.seal(&message("first"));
    segment.extend(raw.seal(&message("second")));
    raw.tls.send_close_notify();
    segment.extend(raw.wire());
    raw.socket.write_all(&segment).await.unwrap();
    let first = net.arrival().await;
    assert_eq!(call_id(&first), "first");
    assert_eq!(call_id(&net.arrival().await), "second");
    // The socket is still open: the goodbye is enough.
    assert_eq!(net.fate().await, Fate::Closed(first.flow.id));
}

#[tokio::test]
async fn what_is_encrypted_with_new_keys_is_read_and_answered() {
    let mut net = Net::secure(Bounds::default()).await;
    let mut raw = Raw::connect(&net).await;
    raw.tls.refresh_traffic_keys().unwrap();
    let segment = raw.seal(&message("first"));
    raw.socket.write_all(&segment).await.unwrap();
    let flow = net.arrival().await.flow;
    raw.tls.refresh_traffic_keys().unwrap();
    let segment = raw.wire();
    raw.socket.write_all(&segment).await.unwrap();
    net.connections
        .send(Transmit { receipt: Some(Receipt(1)), ..transmit(flow.id, "SIP/2.0 200 OK\r\n\r\n") });
    net.connections.flush();
    assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
    assert!(net.connections.is_idle());
}

#[tokio::test]
async fn a_connection_that_ends_with_the_agent_ends_with_a_goodbye() {
    let mut net = Net::secure(Bounds::default()).await;
    let (mut client, _) = net.connected().await;
    drop(net);
    assert_eq!(read_to_end(&mut client).await.unwrap(), b"");
}

#[tokio::test]
async fn half_a_record_takes_of_the_pool_and_must_become_whole_in_time() {
    let short = Bounds { message_time: Duration::from_millis(50), ..Bounds::default() };
    let narrow = Bounds { unframed_share: 100, unframed_pool: 0, ..Bounds::default() };
    for bounds in [short, narrow] {
        let mut net = Net::secure(bounds).await;
        let mut raw = Raw::connect(&net).await;
        let segment = raw.seal(b"\r\n\r\n");
        raw.socket.write_all(&segment).await.unwrap();
        let record = raw.seal(&message("half"));
        assert!(record.len() > 200);
        raw.socket.write_all(&record[..200]).await.unwrap();
        assert!(matches!(net.fate().await, Fate::Closed(_)));
    }
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_cut_off_and_its_place_is_free() {
    let bounds = Bounds { connections: 1, handshake: Duration::from_millis(50), ..Bounds::default() };
    let mut net = Net::secure(bounds).await;
    let mut silent = net.socket().await;
    assert_eq!(read_to_end(&mut silent).await.unwrap(), b"");
    // Its place is free when its task is gone, which the runtime decides.
    loop {
        let connector = net.connector.clone().unwrap();
        if let Ok(mut client) = Client::secure(net.socket().await, &connector).await {
            client.write_all(&message("next")).await.unwrap();
            assert_eq!(call_id(&net.arrival().await), "next");
            return;
        }
    }
}

#[tokio::test]
async fn one_address_takes_no_more_than_its_share_of_the_handshakes() {
    let bounds = Bounds { handshakes_per_address: 1, handshake: PATIENCE, ..Bounds::default() };
    let mut net = Net::secure(bounds).await;
    let _silent = net.socket().await;
    let mut crowded = net.socket().await;
    assert_eq!(read_to_end(&mut crowded).await.unwrap_or_default(), b"");
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let socket = other.connect(net.address).await.unwrap();
    let connector = net.connector.clone().unwrap();
    let mut client = Client::secure(socket, &connector).await.unwrap();
    client.write_all(&message("other")).await.unwrap();
    assert_eq!(call_id(&net.arrival().await), "other");
}

#[tokio::test]
async fn as_many_handshakes_as_may_be_keep_others_waiting_and_not_out() {
    let bounds = Bounds { handshakes: 1, handshake: Duration::from_millis(50), ..Bounds::default() };
    let mut net = Net::secure(bounds).await;
    let _silent = net.socket().await;
    let (_client, flow) = net.connected().await;
    assert_eq!(flow.transport, Transport::Tls);
}

#[tokio::test]
async fn what_is_no_tls_is_closed_and_others_go_on() {
    let mut net = Net::secure(Bounds::default()).await;
    for garbage in [&message("plain")[..], &[22, 3, 1, 255, 255], &[0; 20_000]] {
        let mut socket = net.socket().await;
        let _ = socket.write_all(garbage).await;
        let _ = socket.shutdown().await;
        let _ = read_to_end(&mut socket).await;
    }
    let (_client, flow) = net.connected().await;
    assert_eq!(flow.id, FlowId(1), "the driver has heard of no other connection");
}

/// Whether a peer that shows that certificate is let in where one of `peers` is needed.
async fn is_let_in(peers: &Authority, shown: Option<Issued>) -> bool {
    let (folder, ca) = (Folder::new(), Authority::new("ca"));
    let mut settings = folder.settings(&ca, &ca.issue(&[HOST]));
    settings.client_ca = Some(folder.write("peers.pem", &peers.pem()));
    let client = ca.client(shown.as_ref());
    let mut net = Net::secure_as(Tls::read(settings).unwrap(), client, Bounds::default()).await;
    let mut client = net.connect().await;
    let _ = client.write_all(b"\r\n\r\n").await;
    let mut pong = [0; 2];
    net.during(client.read_exact(&mut pong)).await.is_ok()
}

#[tokio::test]
async fn where_peers_need_a_certificate_only_one_of_their_ca_will_do() {
    let peers = Authority::new("peers");
    assert!(is_let_in(&peers, Some(peers.issue(&["peer.example.com"]))).await);
    assert!(!is_let_in(&peers, None).await);
    assert!(!is_let_in(&peers, Some(Authority::new("other").issue(&["peer.example.com"]))).await);
}
