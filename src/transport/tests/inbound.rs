//! Listening and reading.

use super::*;
use crate::sip::Limits;

#[tokio::test]
async fn many_messages_in_one_segment_keep_their_order() {
    for mut net in Net::both(Bounds::default()).await {
        let mut client = net.connect().await;
        let all: Vec<u8> = (0..100).flat_map(|number| message(&number.to_string())).collect();
        client.write_all(&all).await.unwrap();
        for number in 0..100 {
            let arrival = net.arrival().await;
            assert_eq!(call_id(&arrival), number.to_string());
            assert_eq!(arrival.flow.peer, client.socket().local_addr().unwrap());
            assert_eq!(arrival.flow.local, net.address);
        }
    }
}

#[tokio::test]
async fn more_messages_than_may_wait_all_arrive() {
    for mut net in Net::both(Bounds::default()).await {
        let mut client = net.connect().await;
        let writer = tokio::spawn(async move {
            for number in 0..3000 {
                client.write_all(&message(&number.to_string())).await.unwrap();
            }
            client.flush().await.unwrap();
            client
        });
        for number in 0..3000 {
            assert_eq!(call_id(&net.arrival().await), number.to_string());
        }
        drop(writer.await);
    }
}

#[tokio::test]
async fn a_double_crlf_is_answered_with_one_crlf() {
    for mut net in Net::both(Bounds::default()).await {
        let mut client = net.connect().await;
        client.write_all(b"\r\n\r\n").await.unwrap();
        let pong = net.during(read_exactly(&mut client, 2)).await;
        assert_eq!(pong, b"\r\n");
    }
}

#[tokio::test]
async fn a_lone_crlf_is_told_and_not_answered() {
    for mut net in Net::both(Bounds::default()).await {
        let (mut client, flow) = net.connected().await;
        client.write_all(b"\r\n").await.unwrap();
        assert_eq!(net.fate().await, Fate::Pong(flow.id));
        net.connections.close(flow.id);
        assert_eq!(net.fate().await, Fate::Closed(flow.id));
        assert_eq!(net.during(read_to_end(&mut client)).await.unwrap(), b"");
        net.connections.close(flow.id);
        assert!(!net.connections.has_fates(), "it is closed once");
    }
}

#[tokio::test]
async fn half_a_message_and_then_the_end_is_a_closed_flow_and_no_message() {
    for mut net in Net::both(Bounds::default()).await {
        let (mut client, flow) = net.connected().await;
        let half = message("half");
        client.write_all(&half[..half.len() / 2]).await.unwrap();
        drop(client);
        loop {
            match net.next().await {
                Inbound::Arrived(arrival, _) => panic!("{arrival:?}"),
                Inbound::Notice(notice) => net.connections.handle(notice),
            }
            if let Some(fate) = net.connections.poll_fate() {
                assert_eq!(fate, Fate::Closed(flow.id));
                break;
            }
        }
    }
}

#[tokio::test]
async fn after_a_message_over_the_limit_the_answer_is_written_and_the_connection_closed() {
    let limits = Limits { head: 1024, body: 1024 };
    for mut net in Net::both(Bounds { message: limits, ..Bounds::default() }).await {
        let mut client = net.connect().await;
        let text = String::from_utf8(message("big").to_vec()).unwrap().replace("Length: 0", "Length: 500000");
        client.write_all(text.as_bytes()).await.unwrap();
        client.write_all(&vec![b'x'; 500_000]).await.unwrap();
        let arrival = net.arrival().await;
        assert!(arrival.message.is_err());
        net.connections.send(transmit(arrival.flow.id, "SIP/2.0 413 Request Entity Too Large\r\n\r\n"));
        let answer = net.during(read_to_end(&mut client)).await.unwrap();
        assert_eq!(answer, b"SIP/2.0 413 Request Entity Too Large\r\n\r\n");
        // Not reset: a reset could have destroyed the answer on its way.
        client.write_all(b"the rest of it").await.unwrap();
        assert_eq!(net.fate().await, Fate::Closed(arrival.flow.id));
    }
}

#[tokio::test]
async fn a_peer_that_closed_its_own_side_only_still_gets_its_answer() {
    for mut net in Net::both(Bounds::default()).await {
        let mut client = net.connect().await;
        client.write_all(&message("last")).await.unwrap();
        client.shutdown().await.unwrap();
        let flow = net.arrival().await.flow;
        net.connections.send(transmit(flow.id, "SIP/2.0 200 OK\r\n\r\n"));
        let Inbound::Notice(closed) = net.next().await else { panic!("nothing was sent after the message") };
        net.connections.handle(closed);
        assert_eq!(net.connections.poll_fate(), Some(Fate::Closed(flow.id)));
        assert_eq!(read_to_end(&mut client).await.unwrap(), b"SIP/2.0 200 OK\r\n\r\n");
    }
}

#[tokio::test]
async fn one_connection_over_the_bound_is_closed_at_once_and_its_place_is_used_again() {
    let mut net = Net::start(Bounds { connections: 1, ..Bounds::default() }).await;
    let (first, flow) = net.connected().await;
    let mut second = net.connect().await;
    assert_eq!(read_to_end(&mut second).await.unwrap_or_default(), b"");
    drop(first);
    assert_eq!(net.fate().await, Fate::Closed(flow.id));
    // The place is free when the reader's task is gone, which the runtime decides: connect until one is let in.
    loop {
        let mut third = net.connect().await;
        let _ = third.write_all(b"\r\n\r\n").await;
        if net.during(read_to_pong(&mut third)).await {
            return;
        }
    }
}

async fn read_to_pong(client: &mut Client) -> bool {
    client.read_exact(&mut [0; 2]).await.is_ok()
}

#[tokio::test]
async fn a_peer_on_ipv4_is_known_by_its_ipv4_address_on_a_listener_for_both() {
    let mut net = Net::listening_on("[::]:0", Bounds::default()).await;
    net.address = SocketAddr::new("127.0.0.1".parse().unwrap(), net.address.port());
    let (_client, flow) = net.connected().await;
    assert!(flow.peer.is_ipv4() && flow.local.is_ipv4(), "{flow:?}");
}
