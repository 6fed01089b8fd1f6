//! Peers that do not read what they are sent.

use super::*;

/// Small, so that a test need not fill much beside the kernel's own buffers.
fn narrow() -> Bounds {
    Bounds { unread_share: 16 * 1024, unread_pool: 128 * 1024, ..Bounds::default() }
}

#[tokio::test]
async fn a_peer_that_floods_and_never_reads_is_cut_off_and_holds_little_until_then() {
    let bounds = narrow();
    for mut net in Net::both(bounds).await {
        let mut client = net.connect().await;
        let flood = tokio::spawn(async move { while client.write_all(&message("flood")).await.is_ok() {} });
        let answer = Bytes::from(vec![b'x'; 4096]);
        let closed = loop {
            match net.next().await {
                Inbound::Arrived(arrival, _) => {
                    net.connections.send(transmit(arrival.flow.id, answer.clone()))
                }
                Inbound::Notice(notice) => net.connections.handle(notice),
            }
            net.connections.flush();
            assert!(net.connections.unread <= bounds.unread_pool + 2 * answer.len());
            if let Some(fate) = net.connections.poll_fate() {
                break fate;
            }
        };
        assert!(matches!(closed, Fate::Closed(_)));
        assert!(net.connections.is_idle());
        timeout(PATIENCE, flood).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_costs_one_that_does_nothing() {
    for mut net in Net::both(narrow()).await {
        let (_deaf, deaf_flow) = net.connected().await;
        let (mut client, flow) = net.connected().await;
        loop {
            net.connections.send(transmit(deaf_flow.id, vec![b'x'; 4096]));
            net.connections.send(transmit(flow.id, "pong"));
            net.connections.flush();
            assert_eq!(read_exactly(&mut client, 4).await, b"pong");
            if let Some(fate) = net.connections.poll_fate() {
                assert_eq!(fate, Fate::Closed(deaf_flow.id));
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_burst_far_over_the_share_reaches_a_peer_that_reads() {
    for mut net in Net::both(Bounds::default()).await {
        let (mut client, flow) = net.connected().await;
        let (count, size) = (4000, 4096);
        for _ in 0..count {
            net.connections.send(transmit(flow.id, vec![b'x'; size]));
        }
        net.connections.flush();
        assert!(net.connections.unread > Bounds::default().unread_share);
        let burst = net.during(read_exactly(&mut client, count * size)).await;
        assert_eq!(burst.len(), count * size);
        assert!(!net.connections.has_fates());
    }
}

#[tokio::test]
async fn a_peer_that_reads_nothing_for_too_long_is_cut_off() {
    for mut net in Net::both(Bounds { stall: Duration::from_millis(50), ..Bounds::default() }).await {
        let (_client, flow) = net.connected().await;
        net.fill(&flow);
        assert_eq!(net.fate().await, Fate::Closed(flow.id));
    }
}

#[tokio::test]
async fn what_waited_on_a_connection_that_broke_is_undelivered() {
    for mut net in Net::both(Bounds::default()).await {
        let (client, flow) = net.connected().await;
        net.fill(&flow);
        net.connections.send(Transmit { receipt: Some(Receipt(7)), ..transmit(flow.id, "BYE") });
        net.connections.flush();
        client.socket().set_zero_linger().unwrap();
        drop(client);
        assert_eq!(net.fate().await, Fate::Closed(flow.id));
        assert_eq!(net.fate().await, Fate::Undelivered(Receipt(7)));
    }
}
