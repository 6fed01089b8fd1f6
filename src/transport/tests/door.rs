//! Who is let in, and for how long who says nothing.

use tokio::net::UdpSocket;

use super::*;
use crate::agent::{Address, Destination, Network, ReachId};
use crate::metrics::{Count, Gauges, Metrics};

/// What a peer sends that can be neither read nor answered.
const GARBAGE: &[u8] = b"SIP/2.0 200 OK\r\nX-Of: nothing\r\nContent-Length: 0\r\n\r\n";

/// The transport that lets in whom `allow` names, and what it has counted.
async fn allowing(allow: &str, listener: Listener, bounds: Bounds) -> (Net, Metrics) {
    let address = listener.local_addr().unwrap();
    let allow = allow.split_terminator(',').map(|network| network.parse::<Network>().unwrap()).collect();
    let settings = Settings { bounds, allow, ..Settings::default() };
    let metrics = settings.metrics.clone();
    let (connections, inbound) = start(vec![listener], settings);
    (Net { address, connections, inbound, connector: None }, metrics)
}

async fn tcp(allow: &str, bounds: Bounds) -> (Net, Metrics) {
    allowing(allow, Listener::Tcp(listener().await.0), bounds).await
}

async fn udp(allow: &str, bounds: Bounds) -> (Net, Metrics) {
    allowing(allow, Listener::Udp(UdpSocket::bind("127.0.0.1:0").await.unwrap()), bounds).await
}

async fn is_closed(net: &mut Net, client: &mut Client) -> bool {
    matches!(net.during(client.read(&mut [0; 1])).await, Ok(0) | Err(_))
}

#[tokio::test]
async fn a_connection_from_where_nobody_may_be_is_closed_at_once() {
    let (mut net, metrics) = tcp("192.0.2.0/24,2001:db8::/32", Bounds::default()).await;
    let mut client = net.connect().await;
    assert!(is_closed(&mut net, &mut client).await);
    assert_eq!(metrics.kept_out().of(Count::DeniedConnections), 1);
    let (mut net, _) = tcp("192.0.2.0/24,127.0.0.0/8", Bounds::default()).await;
    net.connected().await;
}

#[tokio::test]
async fn a_datagram_from_there_is_dropped_unless_it_comes_from_where_we_have_sent_to() {
    let (mut net, metrics) = udp("192.0.2.0/24", Bounds::default()).await;
    let (stranger, registrar) =
        (UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = registrar.local_addr().unwrap();
    let to = Address { transport: Transport::Udp, address, host: Default::default() };
    net.connections.reach(ReachId(1), Destination::Addresses(vec![to]));
    stranger.send_to(&message("denied"), net.address).await.unwrap();
    registrar.send_to(&message("ours"), net.address).await.unwrap();
    assert_eq!(call_id(&net.arrival().await), "ours");
    assert_eq!(metrics.kept_out().of(Count::DeniedDatagrams), 1);
}

#[tokio::test]
async fn one_connection_too_many_of_a_peer_that_has_spoken_by_all_is_closed() {
    let (mut net, metrics) = tcp("", Bounds { peer_connections: 2, ..Bounds::default() }).await;
    let (_first, _second) = (net.connected().await, net.connected().await);
    let mut third = net.connect().await;
    assert!(is_closed(&mut net, &mut third).await);
    assert_eq!(metrics.kept_out().of(Count::RefusedConnections), 1);
}

#[tokio::test]
async fn whoever_says_nothing_gives_his_place_to_who_comes() {
    for mut net in Net::both(Bounds { connections: 3, ..Bounds::default() }).await {
        let mut silent = Vec::new();
        for _ in 0..3 {
            silent.push(net.connect().await);
        }
        let (_client, flow) = net.connected().await;
        assert!(is_closed(&mut net, &mut silent[0]).await, "the one that has been silent longest");
        let (_another, other) = net.connected().await;
        assert!(is_closed(&mut net, &mut silent[1]).await);
        assert!(net.connections.is_open(flow.id) && net.connections.is_open(other.id));
    }
}

#[tokio::test]
async fn a_connection_that_brings_no_message_in_time_is_closed_whatever_else_it_brings() {
    let bounds = Bounds { first_message: Duration::from_millis(100), ..Bounds::default() };
    for mut net in Net::both(bounds).await {
        let (_spoken, flow) = net.connected().await;
        let mut clients = Vec::new();
        for bytes in [&b""[..], b"\r\n\r\n", GARBAGE] {
            let mut client = net.connect().await;
            client.write_all(bytes).await.unwrap();
            clients.push(client);
        }
        for mut client in clients {
            let closed = net.during(read_to_end(&mut client)).await.unwrap_or_default();
            assert!(closed.is_empty() || closed == b"\r\n");
        }
        assert!(net.connections.is_open(flow.id));
    }
}

#[tokio::test]
async fn whoever_sends_too_much_garbage_is_cut_off_and_left_alone() {
    let (mut net, metrics) = tcp("", Bounds { garbage: 3 * GARBAGE.len(), ..Bounds::default() }).await;
    let mut client = net.connect().await;
    client.write_all(&GARBAGE.repeat(3)).await.unwrap();
    client.write_all(&message("good")).await.unwrap();
    assert_eq!(call_id(&net.arrival().await), "good");
    client.write_all(GARBAGE).await.unwrap();
    assert!(is_closed(&mut net, &mut client).await);
    let mut again = net.connect().await;
    assert!(is_closed(&mut net, &mut again).await);
    assert_eq!(metrics.kept_out().of(Count::GarbageConnections), 2);
    assert!(metrics.text(Gauges::default()).contains("call_agent_sip_unparsable_total 3\n"));
}

#[tokio::test]
async fn garbage_in_datagrams_keeps_nobody_out_whose_address_it_names() {
    let (mut net, metrics) = udp("", Bounds { garbage: 100, ..Bounds::default() }).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let answerable =
        b"NOT_SIP sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nCSeq: x\r\n\r\n";
    for _ in 0..5 {
        socket.send_to(answerable, net.address).await.unwrap();
    }
    socket.send_to(&message("good"), net.address).await.unwrap();
    assert!(net.arrival().await.message.is_err(), "the first one is for the agent to answer");
    assert_eq!(call_id(&net.arrival().await), "good", "the rest is not");
    assert_eq!(metrics.kept_out().of(Count::GarbageDatagrams), 4);
}

#[tokio::test]
async fn a_connection_that_nothing_comes_by_is_told_as_idle_and_then_not_before_as_much_time_has_passed() {
    let (mut net, _) = tcp("", Bounds { idle: Some(Duration::from_millis(200)), ..Bounds::default() }).await;
    let (mut busy, flow) = net.connected().await;
    assert!(net.connections.idle().is_empty());
    let begun = std::time::Instant::now();
    loop {
        let idle = net.connections.idle();
        if !idle.is_empty() {
            assert_eq!(idle, [flow.id]);
            break;
        }
        net.during(tokio::task::yield_now()).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(150));
    assert!(net.connections.idle().is_empty(), "it is told once");
    busy.write_all(b"\r\n\r\n").await.unwrap();
    net.during(read_exactly(&mut busy, 2)).await;
    assert!(net.connections.idle().is_empty());
}
