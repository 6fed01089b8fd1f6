//! Ways for the core: each asking is answered once.

use super::*;
use crate::agent::{Address, Destination, ListenerId, ReachId, Reached, Unreachable};

fn at(address: SocketAddr) -> Address {
    Address { transport: Transport::Tcp, address, host: "phone.example".into() }
}

fn local(port: u16) -> Address {
    at(SocketAddr::new("127.0.0.1".parse().unwrap(), port))
}

/// An address where nobody listens.
async fn dead() -> Address {
    local(listener().await.1)
}

pub async fn reached(net: &mut Net) -> (ReachId, Result<Reached, Unreachable>) {
    loop {
        if let Fate::Reached(id, reached) = net.fate().await {
            return (id, reached);
        }
    }
}

#[tokio::test]
async fn a_connection_is_made_once_for_all_who_wait_for_it_and_then_it_is_there() {
    let mut net = Net::start(Bounds::default()).await;
    let (peer, port) = listener().await;
    for id in 1..4 {
        net.connections.reach(ReachId(id), Destination::Addresses(vec![local(port)]));
    }
    let hop = to_hop("127.0.0.1", port, 1, "one");
    net.connections.send(hop.clone());
    let mut accepted = net.during(peer.accept()).await.unwrap().0;
    let (id, first) = reached(&mut net).await;
    let flow = first.unwrap().flow;
    assert_eq!((id, flow.peer.port(), flow.listener), (ReachId(1), port, None));
    for id in 2..4 {
        let way = Reached { flow, again: None, others: Vec::new() };
        assert_eq!(net.connections.poll_fate(), Some(Fate::Reached(ReachId(id), Ok(way))));
    }
    net.connections.flush();
    assert_eq!(read_exactly(&mut accepted, 3).await, b"one");
    net.connections.reach(ReachId(9), Destination::Hop(hop.otherwise.unwrap()));
    let Some(Fate::Delivered(Receipt(1))) = net.connections.poll_fate() else { panic!("not delivered") };
    let Some(Fate::Reached(ReachId(9), Ok(way))) = net.connections.poll_fate() else { panic!("no way") };
    let again = way.again.expect("an address, as the connection was there");
    assert_eq!((way.flow, again.address, &*again.host), (flow, flow.peer, "127.0.0.1"));
}

#[tokio::test]
async fn a_connection_that_a_peer_made_leads_to_it_and_says_by_which_listener_it_came() {
    let mut net = Net::start(Bounds::default()).await;
    let (client, flow) = net.connected().await;
    assert_eq!(flow.listener, Some(ListenerId(0)));
    net.connections
        .reach(ReachId(1), Destination::Addresses(vec![at(client.socket().local_addr().unwrap())]));
    let (_, way) = reached(&mut net).await;
    assert_eq!(way.unwrap().flow, flow);
}

#[tokio::test]
async fn where_nobody_answers_the_next_address_is_tried_and_what_is_behind_it_is_left() {
    let mut net = Net::start(Bounds::default()).await;
    let (_peer, port) = listener().await;
    let behind = dead().await;
    let all = vec![dead().await, local(port), behind.clone()];
    net.connections.reach(ReachId(1), Destination::Addresses(all));
    let (_, way) = reached(&mut net).await;
    let way = way.unwrap();
    assert_eq!((way.flow.peer.port(), way.others), (port, vec![behind]));
}

#[tokio::test]
async fn each_who_waited_goes_on_to_its_own_next_address() {
    let mut net = Net::start(Bounds::default()).await;
    let (first, second) = (listener().await, listener().await);
    let shared = dead().await;
    net.connections.reach(ReachId(1), Destination::Addresses(vec![shared.clone(), local(first.1)]));
    net.connections.reach(ReachId(2), Destination::Addresses(vec![shared.clone(), local(second.1)]));
    net.connections.reach(ReachId(3), Destination::Addresses(vec![shared]));
    let mut ways = Vec::new();
    for _ in 0..3 {
        let (id, way) = reached(&mut net).await;
        ways.push((id, way.ok().map(|way| way.flow.peer.port())));
    }
    ways.sort();
    assert_eq!(ways, [(ReachId(1), Some(first.1)), (ReachId(2), Some(second.1)), (ReachId(3), None)]);
}

#[tokio::test]
async fn where_no_address_is_left_it_is_said_why() {
    let mut net = Net::start(Bounds::default()).await;
    let gone = dead().await;
    net.connections.reach(ReachId(1), Destination::Addresses(vec![gone.clone()]));
    net.connections.reach(ReachId(2), Destination::Addresses(Vec::new()));
    let (_, nothing) = reached(&mut net).await;
    assert_eq!(nothing.unwrap_err().0, "nothing is left to try");
    let (_, refused) = reached(&mut net).await;
    let Unreachable(why) = refused.unwrap_err();
    assert!(why.starts_with(&format!("TCP {}: ", gone.address)) && why.contains("refused"), "{why}");
    assert!(net.connections.is_idle() && !net.connections.has_fates());
}

#[tokio::test]
async fn a_peer_that_does_not_answer_leaves_time_for_the_next() {
    let connect = Duration::from_millis(400);
    let mut net = Net::start(Bounds { connect, ..Bounds::default() }).await;
    let (full, _held) = unanswering().await;
    let (_peer, port) = listener().await;
    net.connections.reach(ReachId(1), Destination::Addresses(vec![at(full), local(port)]));
    let (_, way) = reached(&mut net).await;
    assert_eq!(way.unwrap().flow.peer.port(), port);
    net.connections.reach(ReachId(2), Destination::Addresses(vec![at(full)]));
    let (_, way) = reached(&mut net).await;
    assert_eq!(way.unwrap_err().0, format!("TCP {full}: it does not answer"));
}

/// A listener whose queue is full: the kernel answers no further connection.
async fn unanswering() -> (SocketAddr, impl Sized) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        held.push(connected.unwrap());
    }
    (address, (listener, held))
}

#[tokio::test]
async fn an_address_over_a_bound_is_passed_over() {
    let mut net = Net::start(Bounds { dials_per_address: 1, ..Bounds::default() }).await;
    let (first, second) = (listener().await, listener().await);
    net.connections.reach(ReachId(1), Destination::Addresses(vec![local(first.1)]));
    let elsewhere = at(SocketAddr::new("127.0.0.2".parse().unwrap(), second.1));
    net.connections.reach(ReachId(2), Destination::Addresses(vec![local(second.1), elsewhere]));
    net.connections.reach(ReachId(3), Destination::Addresses(vec![local(second.1)]));
    let Some(Fate::Reached(ReachId(3), Err(Unreachable(why)))) = net.connections.poll_fate() else {
        panic!("not over the bound")
    };
    assert!(why.ends_with("as many connections are being made as may be"), "{why}");
    let mut answered = [reached(&mut net).await, reached(&mut net).await].map(|(id, way)| (id, way.is_ok()));
    answered.sort();
    assert_eq!(answered, [(ReachId(1), true), (ReachId(2), false)]);
}

#[tokio::test]
async fn by_what_is_not_ours_nothing_is_reached() {
    let mut net = Net::start(Bounds::default()).await;
    let hop = |transport, secure| Hop { transport, host: "127.0.0.1".into(), port: None, secure, name: None };
    for (hop, why) in [
        (hop(Some(Transport::Sctp), false), "127.0.0.1: nothing is sent by SCTP"),
        (hop(Some(Transport::Udp), true), "127.0.0.1: UDP is not secure enough"),
    ] {
        net.connections.reach(ReachId(1), Destination::Hop(hop));
        let told = Fate::Reached(ReachId(1), Err(Unreachable(why.to_owned())));
        assert_eq!(net.connections.poll_fate(), Some(told));
    }
}

#[tokio::test]
async fn what_waits_on_a_connection_that_is_closed_goes_its_other_way() {
    let mut net = Net::start(Bounds::default()).await;
    let (mut client, flow) = net.connected().await;
    let (peer, port) = listener().await;
    net.connections.send(Transmit { flow: Some(flow.id), ..to_hop("127.0.0.1", port, 1, "BYE") });
    net.connections.close(flow.id);
    assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(flow.id)));
    net.connections.close(flow.id);
    assert_eq!(net.connections.poll_fate(), None);
    assert_eq!(read_to_end(&mut client).await.unwrap_or_default(), b"");
    let mut accepted = net.during(peer.accept()).await.unwrap().0;
    assert_eq!(net.during(read_exactly(&mut accepted, 3)).await, b"BYE");
}
