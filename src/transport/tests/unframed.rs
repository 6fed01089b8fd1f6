//! Messages that do not become whole, and such that cannot be read.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::*;

/// So many bytes of a message with a body of 3000, and the rest.
fn cut(at: usize) -> (Vec<u8>, Vec<u8>) {
    let head = String::from_utf8(message("long").to_vec()).unwrap().replace("Length: 0", "Length: 3000");
    let mut begun = [head.as_bytes(), &[b'x'; 3000]].concat();
    let rest = begun.split_off(at);
    (begun, rest)
}

#[tokio::test]
async fn half_messages_share_a_pool_and_what_they_took_of_it_is_free_when_they_are_whole() {
    let bounds = Bounds { unframed_share: 1000, unframed_pool: 2000, ..Bounds::default() };
    for mut net in Net::both(bounds).await {
        let (mut first, first_flow) = net.connected().await;
        let (mut second, second_flow) = net.connected().await;
        let (begun, rest) = cut(2500);
        first.write_all(&begun).await.unwrap();
        second.write_all(&begun).await.unwrap();
        let Fate::Closed(closed) = net.fate().await else { panic!("not closed") };
        assert!([first_flow.id, second_flow.id].contains(&closed));
        let mut kept = if closed == first_flow.id { second } else { first };
        for _ in 0..2 {
            kept.write_all(&rest).await.unwrap();
            assert_eq!(call_id(&net.arrival().await), "long");
            kept.write_all(&begun).await.unwrap();
        }
        assert!(!net.connections.has_fates());
    }
}

#[tokio::test]
async fn a_message_that_does_not_become_whole_in_time_closes_its_connection_and_a_line_end_does_not() {
    for mut net in Net::both(Bounds { message_time: Duration::from_millis(50), ..Bounds::default() }).await {
        let (mut idle, idle_flow) = net.connected().await;
        let (mut client, flow) = net.connected().await;
        idle.write_all(b"\r\n").await.unwrap();
        assert_eq!(net.fate().await, Fate::Pong(idle_flow.id));
        client.write_all(&cut(2500).0).await.unwrap();
        assert_eq!(net.fate().await, Fate::Closed(flow.id));
        idle.write_all(&message("later")).await.unwrap();
        assert_eq!(call_id(&net.arrival().await), "later");
    }
}

/// Where log lines go.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_can_be_neither_read_nor_answered_is_dropped_counted_and_logged_seldom() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let mut net = Net::start(Bounds::default()).await;
    let mut client = net.connect().await;
    for _ in 0..3 {
        client.write_all(b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    }
    client.write_all(&message("good")).await.unwrap();
    assert_eq!(call_id(&net.arrival().await), "good");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("cannot be read")).collect();
    let peer = client.socket().local_addr().unwrap().to_string();
    assert!(matches!(lines[..], [line] if line.contains(&peer) && line.contains("times=1")), "{log}");
}
