//! What comes before what in one turn.

use super::*;

/// An INVITE from a caller whose Via names a port that nobody listens on.
const INVITE: &[u8] =
    b"INVITE sip:1000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bK1\r\n\
    From: <sip:1001@127.0.0.1>;tag=caller\r\nTo: <sip:1000@127.0.0.1>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n\
    Contact: <sip:1001@127.0.0.1>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn a_command_in_the_same_turn_as_the_end_of_its_connection_is_not_answered_as_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (connections, mut network) =
        transport::start(vec![transport::Listener::Tcp(listener)], Bounds::default());
    let (relay, inbound) = mpsc::channel(64);
    let (commander, asks) = Commander::channel(1);
    let board = Board::new(crate::state::Settings::default());
    let driver = Driver::new(
        Settings::default(),
        [7; 32],
        Recorded::in_memory(board.clone()),
        (connections, inbound),
        asks,
        DRAIN_TIME,
    );
    tokio::spawn(driver.run(std::future::pending(), std::future::pending()));
    relay.send(network.recv().await.unwrap()).await.unwrap();
    client.write_all(INVITE).await.unwrap();
    relay.send(network.recv().await.unwrap()).await.unwrap();
    timeout(PATIENCE, client.read_exact(&mut [0; 12])).await.unwrap().unwrap();
    client.set_zero_linger().unwrap();
    drop(client);
    let closed = timeout(PATIENCE, network.recv()).await.unwrap().unwrap();

    let page = board.list(&Filter::default(), 1, None).await.calls;
    let action = Action::Accept(Accept { wait: Wait::Sent, ..Accept::default() });
    let command =
        crate::agent::Command::Call(CallCommand { call: page[0].id, if_version: None, by: None, action });
    tokio::time::pause();
    relay.try_send(closed).unwrap();
    let dials = tokio::spawn(async move {
        while let Some(inbound) = network.recv().await {
            let _ = relay.send(inbound).await;
        }
    });
    let answer = commander.run(command).await;
    assert!(answer.is_err(), "nothing was sent: {answer:?}");
    dials.abort();
}
