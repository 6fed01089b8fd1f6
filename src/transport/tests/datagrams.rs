//! UDP.

use tokio::net::UdpSocket;

use super::*;
use crate::agent::{Address, Destination, ListenerId, ReachId, Reached};

/// The transport with these UDP listeners; its address is the first one's.
async fn listening(addresses: &[&str], bounds: Bounds) -> Net {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(Listener::Udp(UdpSocket::bind(address).await.unwrap()));
    }
    let address = listeners.first().map_or("127.0.0.1:0".parse().unwrap(), |one| one.local_addr().unwrap());
    let (connections, inbound) = start(listeners, bounds);
    Net { address, connections, inbound, connector: None }
}

async fn net() -> Net {
    listening(&["127.0.0.1:0"], Bounds::default()).await
}

async fn phone() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65_536];
    let (length, from) = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    buffer.truncate(length);
    (buffer, from)
}

fn hop_to(address: SocketAddr) -> Hop {
    let host = address.ip().to_string().into();
    Hop { transport: Some(Transport::Udp), host, port: Some(address.port()), secure: false, name: None }
}

fn send_to(address: SocketAddr, receipt: u64, bytes: impl Into<Bytes>) -> Transmit {
    let otherwise = Some(hop_to(address));
    Transmit { flow: None, otherwise, receipt: Some(Receipt(receipt)), bytes: bytes.into() }
}

/// The way that is found without waiting.
fn reached(net: &mut Net, address: SocketAddr) -> Flow {
    net.connections.reach(ReachId(1), Destination::Hop(hop_to(address)));
    match net.connections.poll_fate() {
        Some(Fate::Reached(ReachId(1), Ok(Reached { flow, .. }))) => flow,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_datagram_is_a_message_and_its_flow_leads_back() {
    let mut net = net().await;
    let (socket, address) = phone().await;
    for call in ["one", "two"] {
        socket.send_to(&message(call), net.address).await.unwrap();
    }
    let (first, second) = (net.arrival().await, net.arrival().await);
    assert_eq!((call_id(&first), call_id(&second)), ("one", "two"));
    assert_eq!(first.flow, second.flow);
    let Flow { transport, local, peer, listener, .. } = first.flow;
    assert_eq!((transport, local, peer), (Transport::Udp, net.address, address));
    assert_eq!(listener, Some(ListenerId(0)));
    let answer = Transmit { receipt: Some(Receipt(1)), ..transmit(first.flow.id, "SIP/2.0 200 OK\r\n\r\n") };
    net.connections.send(answer);
    assert_eq!(net.connections.poll_fate(), Some(Fate::Delivered(Receipt(1))));
    assert!(net.connections.is_idle());
    assert_eq!(heard(&socket).await, (b"SIP/2.0 200 OK\r\n\r\n".to_vec(), net.address));
}

#[tokio::test]
async fn a_keep_alive_is_not_answered_and_neither_it_nor_noise_makes_a_flow() {
    let mut net = net().await;
    let (socket, _) = phone().await;
    for datagram in [&b"\r\n\r\n"[..], b"\r\n", b"", b"\0\0\0\0", b"neither SIP nor short"] {
        socket.send_to(datagram, net.address).await.unwrap();
    }
    let Inbound::Notice(unreadable) = net.next().await else { panic!("a message") };
    net.connections.handle(unreadable);
    socket.send_to(&message("first"), net.address).await.unwrap();
    let flow = net.arrival().await.flow;
    assert_eq!(flow.id, FlowId(1));
    net.connections.send(transmit(flow.id, "answer"));
    assert_eq!(heard(&socket).await.0, b"answer");
}

#[tokio::test]
async fn where_it_listens_everywhere_a_flow_has_the_address_by_which_it_reaches_the_peer() {
    for (listener, loopback) in [("0.0.0.0:0", "127.0.0.1"), ("[::]:0", "127.0.0.1")] {
        let mut net = listening(&[listener], Bounds::default()).await;
        let (socket, address) = phone().await;
        let there = SocketAddr::new(loopback.parse().unwrap(), net.address.port());
        socket.send_to(&message("one"), there).await.unwrap();
        let flow = net.arrival().await.flow;
        assert_eq!((flow.local, flow.peer), (there, address));
        net.connections.send(transmit(flow.id, "answer"));
        assert_eq!(heard(&socket).await, (b"answer".to_vec(), there));
    }
}

#[tokio::test]
async fn where_it_listens_everywhere_a_peer_is_answered_from_the_address_that_it_has_asked() {
    for listener in ["0.0.0.0:0", "[::]:0"] {
        let mut net = listening(&[listener], Bounds::default()).await;
        let (socket, address) = phone().await;
        let mut flows = Vec::new();
        for ours in ["127.0.0.1", "127.0.0.2"] {
            let there = SocketAddr::new(ours.parse().unwrap(), net.address.port());
            socket.send_to(&message(ours), there).await.unwrap();
            let flow = net.arrival().await.flow;
            assert_eq!((flow.local, flow.peer), (there, address), "{listener}");
            net.connections.send(transmit(flow.id, "answer"));
            assert_eq!(heard(&socket).await, (b"answer".to_vec(), there), "{listener}");
            flows.push(flow.id);
        }
        assert_ne!(flows[0], flows[1]);
    }
}

#[tokio::test]
async fn another_port_of_a_host_is_reached_by_the_listener_that_has_heard_the_host() {
    let sockets =
        [UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap()];
    let [first, second] = sockets.each_ref().map(|socket| socket.local_addr().unwrap());
    let (connections, inbound) = start(sockets.map(Listener::Udp).into(), Bounds::default());
    let mut net = Net { address: first, connections, inbound, connector: None };
    let socket = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    socket.send_to(&message("one"), second).await.unwrap();
    assert_eq!(net.arrival().await.flow.listener, Some(ListenerId(1)));
    let flow = reached(&mut net, "127.0.0.2:9".parse().unwrap());
    assert_eq!((flow.local, flow.listener), (second, Some(ListenerId(1))));
    let flow = reached(&mut net, "127.0.0.3:9".parse().unwrap());
    assert_eq!((flow.local, flow.listener), (first, Some(ListenerId(0))));
}

#[tokio::test]
async fn without_a_listener_a_request_goes_by_a_socket_that_is_opened_for_it_and_answers_come_back() {
    let mut net = listening(&[], Bounds::default()).await;
    let (socket, address) = phone().await;
    let flow = reached(&mut net, address);
    assert_eq!((flow.peer, flow.listener, flow.transport), (address, None, Transport::Udp));
    assert_eq!(reached(&mut net, address), flow, "the flow that there is");
    net.connections.send(transmit(flow.id, "OPTIONS"));
    let (bytes, from) = heard(&socket).await;
    assert_eq!((&bytes[..], from), (&b"OPTIONS"[..], flow.local));
    socket.send_to(&message("back"), from).await.unwrap();
    assert_eq!(net.arrival().await.flow, flow);
    let other = reached(&mut net, phone().await.1);
    assert_eq!(other.local, flow.local, "one socket for all");
}

#[tokio::test]
async fn at_the_bound_the_flow_that_was_used_least_recently_is_closed_and_its_peer_still_reached() {
    let mut net = listening(&["127.0.0.1:0"], Bounds { udp_flows: 2, ..Bounds::default() }).await;
    let phones = [phone().await, phone().await, phone().await];
    let mut flows = Vec::new();
    for (socket, _) in &phones {
        socket.send_to(&message("one"), net.address).await.unwrap();
        flows.push(net.arrival().await.flow);
    }
    assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(flows[0].id)));
    assert!(!net.connections.is_open(flows[0].id) && net.connections.is_open(flows[1].id));
    net.connections.send(Transmit { flow: Some(flows[0].id), ..send_to(phones[0].1, 1, "answer") });
    assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(flows[1].id)));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Delivered(Receipt(1))));
    assert_eq!(heard(&phones[0].0).await, (b"answer".to_vec(), net.address));
}

#[tokio::test]
async fn what_can_never_be_sent_is_undelivered() {
    let mut net = net().await;
    let (_socket, address) = phone().await;
    net.connections.send(send_to(address, 1, vec![b'x'; 65_508]));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(1))));
    let flow = reached(&mut net, address);
    net.connections.close(flow.id);
    assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(flow.id)));
    net.connections.close(flow.id);
    net.connections.send(Transmit { receipt: Some(Receipt(2)), ..transmit(flow.id, "nowhere") });
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(2))));
}

#[tokio::test]
async fn a_flow_by_which_nothing_can_be_sent_is_closed_and_what_was_to_go_by_it_goes_another_way() {
    let mut net = net().await;
    let (socket, address) = phone().await;
    // The kernel sends nothing to port 0, as little as from an address that is ours no more.
    let nowhere = "127.0.0.1:0".parse().unwrap();
    let flow = reached(&mut net, nowhere);
    net.connections.send(Transmit { flow: Some(flow.id), ..send_to(address, 1, "answer") });
    assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(flow.id)));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Delivered(Receipt(1))));
    assert_eq!(heard(&socket).await.0, b"answer");
    let again = reached(&mut net, nowhere);
    assert_ne!(again.id, flow.id);
    net.connections.send(Transmit { flow: Some(again.id), ..send_to(nowhere, 2, "answer") });
    assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(again.id)));
    assert!(matches!(net.connections.poll_fate(), Some(Fate::Closed(_))), "a third is not tried");
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(2))));
    assert_eq!(net.connections.poll_fate(), None);
    net.connections.reach(ReachId(2), Destination::Hop(hop_to(address)));
    let Some(Fate::Reached(ReachId(2), Ok(way))) = net.connections.poll_fate() else { panic!("no way") };
    assert!(way.again.is_some(), "the next one may be worth a try");
}

#[tokio::test]
async fn nobody_at_the_other_end_does_not_hurt_what_is_sent_next() {
    let mut net = net().await;
    let (gone, address) = phone().await;
    drop(gone);
    let (socket, other) = phone().await;
    for receipt in 1..20 {
        net.connections.send(send_to(address, receipt, "lost"));
        assert_eq!(net.connections.poll_fate(), Some(Fate::Delivered(Receipt(receipt))));
    }
    net.connections.send(send_to(other, 20, "heard"));
    assert_eq!(heard(&socket).await.0, b"heard");
    socket.send_to(&message("back"), net.address).await.unwrap();
    assert_eq!(call_id(&net.arrival().await), "back");
}

#[tokio::test]
async fn of_a_peer_that_is_not_there_the_flow_by_which_it_was_asked_is_told() {
    for (listener, host) in [
        ("127.0.0.1:0", "127.0.0.1"),
        ("0.0.0.0:0", "127.0.0.1"),
        ("[::]:0", "127.0.0.1"),
        ("[::1]:0", "::1"),
    ] {
        let mut net = listening(&[listener], Bounds::default()).await;
        let gone = UdpSocket::bind((host, 0)).await.unwrap().local_addr().unwrap();
        let flow = reached(&mut net, gone);
        net.connections.send(transmit(flow.id, "OPTIONS"));
        assert_eq!(net.fate().await, Fate::Refused(flow.id), "{listener}");
        assert!(net.connections.is_open(flow.id));
    }
}

#[tokio::test]
async fn of_a_peer_that_was_only_answered_nothing_is_told() {
    let mut net = net().await;
    let (socket, address) = phone().await;
    socket.send_to(&message("one"), net.address).await.unwrap();
    let answered = net.arrival().await.flow;
    assert_eq!(answered.peer, address);
    drop(socket);
    net.connections.send(transmit(answered.id, "200"));
    let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let asked = reached(&mut net, gone);
    net.connections.send(transmit(asked.id, "OPTIONS"));
    assert_eq!(net.fate().await, Fate::Refused(asked.id), "and not of the one that was answered before");
}

#[tokio::test]
async fn an_address_by_udp_is_reached_at_once_and_the_rest_is_left_to_try() {
    let mut net = net().await;
    let (_socket, address) = phone().await;
    let by = |transport| Address { transport, address, host: "phone.example".into() };
    let destination = Destination::Addresses(vec![by(Transport::Udp), by(Transport::Tcp)]);
    net.connections.reach(ReachId(7), destination);
    let Some(Fate::Reached(ReachId(7), Ok(Reached { flow, others, .. }))) = net.connections.poll_fate()
    else {
        panic!("not reached");
    };
    assert_eq!((flow.peer, flow.transport), (address, Transport::Udp));
    assert_eq!(others, [by(Transport::Tcp)]);
}
