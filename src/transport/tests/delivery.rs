//! What is said of each sending with a receipt.

use super::*;

#[tokio::test]
async fn what_the_kernel_took_is_delivered_at_the_flush_and_said_once() {
    let mut net = Net::start(Bounds::default()).await;
    let (_client, flow) = net.connected().await;
    net.connections.send(Transmit { receipt: Some(Receipt(1)), ..transmit(flow.id, "one") });
    net.connections.send(transmit(flow.id, "nobody asks"));
    net.connections.send(Transmit { receipt: Some(Receipt(2)), ..transmit(flow.id, "two") });
    assert!(!net.connections.has_fates());
    net.connections.flush();
    assert_eq!(net.connections.poll_fate(), Some(Fate::Delivered(Receipt(1))));
    assert_eq!(net.connections.poll_fate(), Some(Fate::Delivered(Receipt(2))));
    net.connections.flush();
    assert!(!net.connections.has_fates());
}

#[tokio::test]
async fn what_waits_for_a_slow_peer_is_delivered_when_the_kernel_takes_all_of_it() {
    let mut net = Net::start(Bounds::default()).await;
    let (mut client, flow) = net.connected().await;
    let waiting = net.fill(&flow);
    net.connections.send(Transmit { receipt: Some(Receipt(1)), ..transmit(flow.id, "BYE") });
    net.connections.flush();
    assert!(!net.connections.has_fates());
    let all = net.during(read_exactly(&mut client, waiting + 3)).await;
    assert!(all.ends_with(b"BYE"));
    assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
}

#[tokio::test]
async fn what_waited_for_a_new_connection_is_delivered_on_it() {
    let mut net = Net::start(Bounds::default()).await;
    let (_peer, port) = listener().await;
    net.connections.send(to_hop("127.0.0.1", port, 1, "one"));
    assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
}
