//! Finding and making connections.

use super::*;

/// A port on which nobody listens.
async fn dead_port() -> u16 {
    listener().await.1
}

#[tokio::test]
async fn what_is_sent_in_one_batch_is_written_whole_and_in_order() {
    for mut net in Net::both(Bounds::default()).await {
        let (mut client, flow) = net.connected().await;
        let sent: String = (0..1000).map(|number| format!("message {number}\r\n")).collect();
        for line in sent.split_inclusive('\n') {
            net.connections.send(transmit(flow.id, line.to_owned()));
        }
        net.connections.flush();
        assert!(net.connections.is_idle());
        assert_eq!(read_exactly(&mut client, sent.len()).await, sent.as_bytes());
    }
}

#[tokio::test]
async fn a_send_on_a_closed_flow_takes_the_open_connection_from_that_very_peer() {
    let mut net = Net::start(Bounds::default()).await;
    let (mut client, _) = net.connected().await;
    let port = client.socket().local_addr().unwrap().port();
    net.connections.send(to_hop("127.0.0.1", port, 1, "BYE"));
    net.connections.flush();
    assert_eq!(read_exactly(&mut client, 3).await, b"BYE");
}

#[tokio::test]
async fn two_sends_to_a_new_hop_share_one_connection_and_its_messages_are_read() {
    let mut net = Net::start(Bounds::default()).await;
    let (peer, port) = listener().await;
    net.connections.send(to_hop("127.0.0.1", port, 1, "one"));
    net.connections.send(to_hop("127.0.0.1", port, 2, "two"));
    let mut accepted = net.during(peer.accept()).await.unwrap().0;
    assert_eq!(net.during(read_exactly(&mut accepted, 6)).await, b"onetwo");
    net.connections.send(to_hop("127.0.0.1", port, 3, "three"));
    net.connections.flush();
    assert_eq!(read_exactly(&mut accepted, 5).await, b"three");
    accepted.write_all(&message("back")).await.unwrap();
    let arrival = net.arrival().await;
    assert_eq!(call_id(&arrival), "back");
    assert_eq!(arrival.flow.peer.port(), port);
}

#[tokio::test]
async fn a_name_is_looked_up_and_the_open_connection_to_its_address_is_taken() {
    let mut net = Net::start(Bounds::default()).await;
    let (peer, port) = listener().await;
    net.connections.send(to_hop("127.0.0.1", port, 1, "address"));
    let mut accepted = net.during(peer.accept()).await.unwrap().0;
    assert_eq!(net.during(read_exactly(&mut accepted, 7)).await, b"address");
    net.connections.send(to_hop("localhost", port, 2, "name"));
    assert_eq!(net.during(read_exactly(&mut accepted, 4)).await, b"name");
}

#[tokio::test]
async fn everything_that_waited_for_a_peer_that_does_not_answer_is_undelivered() {
    let mut net = Net::start(Bounds::default()).await;
    let port = dead_port().await;
    net.connections.send(to_hop("127.0.0.1", port, 1, "one"));
    net.connections.send(to_hop("127.0.0.1", port, 2, "two"));
    assert!(!net.connections.is_idle());
    assert_eq!(net.fate().await, Fate::Undelivered(Receipt(1)));
    assert_eq!(net.fate().await, Fate::Undelivered(Receipt(2)));
    assert!(net.connections.is_idle());
}

#[tokio::test]
async fn a_name_without_address_is_undelivered() {
    let mut net = Net::start(Bounds::default()).await;
    net.connections.send(to_hop("no-such-host.invalid", 5060, 1, "one"));
    assert_eq!(net.fate().await, Fate::Undelivered(Receipt(1)));
}

#[tokio::test]
async fn without_a_connection_and_a_hop_or_by_a_transport_that_is_not_ours_a_send_is_undelivered() {
    let mut net = Net::start(Bounds::default()).await;
    net.connections.send(Transmit { receipt: Some(Receipt(1)), ..transmit(NO_FLOW, "nowhere") });
    let mut by_sctp = to_hop("127.0.0.1", 5060, 2, "sctp");
    by_sctp.otherwise.as_mut().unwrap().transport = Some(Transport::Sctp);
    net.connections.send(by_sctp);
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(1))));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(2))));
}

#[tokio::test]
async fn over_the_bound_of_dials_or_of_their_bytes_a_send_is_undelivered_at_once() {
    let mut net = Net::start(Bounds { dials: 1, dial_bytes: 5, ..Bounds::default() }).await;
    let (_peer, port) = listener().await;
    net.connections.send(to_hop("127.0.0.1", port, 1, "one"));
    net.connections.send(to_hop("127.0.0.1", port, 2, "two"));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(2))));
    net.connections.send(to_hop("127.0.0.2", port, 3, "one"));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(3))));
}

#[tokio::test]
async fn where_no_place_for_a_connection_is_left_a_send_is_undelivered() {
    let mut net = Net::start(Bounds { own_connections: 0, ..Bounds::default() }).await;
    let (_client, _) = net.connected().await;
    let (_peer, port) = listener().await;
    net.connections.send(to_hop("127.0.0.1", port, 1, "one"));
    assert_eq!(net.fate().await, Fate::Undelivered(Receipt(1)));
}

#[tokio::test]
async fn one_address_takes_no_more_than_its_share_of_the_dials() {
    let mut net = Net::start(Bounds { dials_per_address: 2, ..Bounds::default() }).await;
    let (_peer, port) = listener().await;
    net.connections.send(to_hop("127.0.0.2", port, 1, "one"));
    net.connections.send(to_hop("127.0.0.2", port - 1, 2, "two"));
    net.connections.send(to_hop("::ffff:127.0.0.2", port - 2, 3, "three"));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(3))));
    net.connections.send(to_hop("127.0.0.1", port, 4, "four"));
    assert!(!net.connections.has_fates());
    while net.fate().await != Fate::Delivered(Receipt(4)) {}
}

#[tokio::test]
async fn a_name_counts_with_its_address_once_that_is_known() {
    let mut net = Net::start(Bounds { dials_per_address: 1, lookups: 1, ..Bounds::default() }).await;
    let (peer, port) = listener().await;
    let address = resolve("localhost", port).await;
    net.connections.send(to_hop("localhost", port, 1, "one"));
    net.connections.send(to_hop("LOCALHOST", port, 2, "two"));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(2))));
    let Inbound::Notice(looked_up) = net.next().await else { panic!("nothing was sent") };
    net.connections.send(to_hop(&address.ip().to_string(), port - 1, 3, "three"));
    net.connections.handle(looked_up);
    assert_eq!(net.connections.poll_fate(), Some(Fate::Undelivered(Receipt(1))));
    drop(peer);
}

/// What that name is found to be.
async fn resolve(name: &str, port: u16) -> SocketAddr {
    tokio::net::lookup_host((name, port)).await.unwrap().next().unwrap()
}
