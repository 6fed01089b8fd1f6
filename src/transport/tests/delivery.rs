//! What is said of each sending with a receipt.

use super::*;

#[tokio::test]
async fn what_the_kernel_took_is_delivered_at_the_flush_and_said_once() {
    for mut net in Net::both(Bounds::default()).await {
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
}

#[tokio::test]
async fn what_waits_for_a_slow_peer_is_delivered_when_the_kernel_takes_all_of_it() {
    for mut net in Net::both(Bounds::default()).await {
        let (mut client, flow) = net.connected().await;
        let waiting = net.fill(&flow);
        net.connections.send(Transmit { receipt: Some(Receipt(1)), ..transmit(flow.id, "BYE") });
        net.connections.flush();
        assert!(!net.connections.has_fates());
        let all = net.during(read_exactly(&mut client, waiting + 3)).await;
        assert!(all.ends_with(b"BYE"));
        assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
    }
}

#[tokio::test]
async fn what_waited_for_a_new_connection_is_delivered_on_it() {
    let mut net = Net::start(Bounds::default()).await;
    let (_peer, port) = listener().await;
    net.connections.send(to_hop("127.0.0.1", port, 1, "one"));
    assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
}

/// The same bytes, which may also go to that port.
fn or_to(port: u16, flow: &Flow, receipt: u64, bytes: &'static str) -> Transmit {
    Transmit { flow: Some(flow.id), ..to_hop("127.0.0.1", port, receipt, bytes) }
}

#[tokio::test]
async fn what_a_connection_that_broke_unnoticed_does_not_take_goes_by_a_new_one_once() {
    for mut net in Net::both(Bounds::default()).await {
        let (client, flow) = net.connected().await;
        let (peer, port) = listener().await;
        client.socket().set_zero_linger().unwrap();
        drop(client);
        let Inbound::Notice(closed) = net.next().await else { panic!("not the end of the connection") };
        net.connections.send(or_to(port, &flow, 1, "BYE"));
        net.connections.flush();
        assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(flow.id)));
        net.connections.handle(closed);
        let mut accepted = net.during(peer.accept()).await.unwrap().0;
        assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
        drop(net);
        assert_eq!(read_to_end(&mut accepted).await.unwrap(), b"BYE");
    }
}

#[tokio::test]
async fn what_waited_behind_a_slow_peer_goes_whole_by_a_new_connection_when_the_first_is_cut_off() {
    for mut net in Net::both(Bounds { stall: Duration::from_millis(50), ..Bounds::default() }).await {
        let (_client, flow) = net.connected().await;
        let (peer, port) = listener().await;
        net.fill(&flow);
        net.connections.send(or_to(port, &flow, 1, "200"));
        net.connections.send(or_to(port, &flow, 2, "BYE"));
        net.connections.flush();
        let mut accepted = net.during(peer.accept()).await.unwrap().0;
        assert_eq!(net.during(read_exactly(&mut accepted, 6)).await, b"200BYE");
        assert_eq!(net.fate().await, Fate::Closed(flow.id));
        assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
        assert_eq!(net.fate().await, Fate::Delivered(Receipt(2)));
    }
}

#[tokio::test]
async fn a_message_that_was_half_written_goes_whole_by_another_connection() {
    for mut net in Net::both(Bounds::default()).await {
        let (client, flow) = net.connected().await;
        let (peer, port) = listener().await;
        let long: Vec<u8> = (0..200_000).map(|number| number.to_string().as_bytes()[0]).collect();
        while net.connections.is_idle() {
            net.connections.send(Transmit { bytes: long.clone().into(), ..or_to(port, &flow, 1, "") });
            net.connections.flush();
        }
        client.socket().set_zero_linger().unwrap();
        drop(client);
        while net.fate().await != Fate::Closed(flow.id) {}
        let mut accepted = net.during(peer.accept()).await.unwrap().0;
        assert_eq!(net.during(read_exactly(&mut accepted, long.len())).await, long);
        assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
    }
}

#[tokio::test]
async fn what_the_new_connection_does_not_take_either_is_undelivered() {
    let mut net = Net::start(Bounds { stall: Duration::from_millis(50), ..Bounds::default() }).await;
    let (_peer, port) = listener().await;
    let bytes = Bytes::from(vec![b'x'; 32 * 1024 * 1024]);
    net.connections.send(Transmit { bytes, ..to_hop("127.0.0.1", port, 1, "") });
    assert!(matches!(net.fate().await, Fate::Closed(_)));
    assert_eq!(net.fate().await, Fate::Undelivered(Receipt(1)));
    assert!(net.connections.is_idle());
}
