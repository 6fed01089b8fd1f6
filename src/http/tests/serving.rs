use super::*;

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::http::{Limits, Streams, serve};
use crate::tls::Tls;

/// After so long a test has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Server {
    pub(super) address: std::net::SocketAddr,
    board: Board,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) serving: JoinHandle<()>,
    streams: Streams,
}

async fn server(limits: Limits) -> Server {
    server_over(None, limits).await
}

pub(super) async fn server_over(tls: Option<Tls>, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let board = Board::new(Settings::default());
    let (commander, _) = Commander::channel(1);
    let context = context(&board, commander);
    let (stop, stopped) = oneshot::channel();
    let streams = Streams::start().unwrap();
    let shutdown = async { stopped.await.unwrap() };
    let serving = tokio::spawn(serve(listener, tls, context, streams.handle(), limits, shutdown));
    Server { address, board, stop, serving, streams }
}

async fn ask(server: &Server, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

pub(super) async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains(end) {
        let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut text)).await.expect("nothing came");
        assert_ne!(read.unwrap(), 0, "{}", String::from_utf8_lossy(&text));
    }
    String::from_utf8(text).unwrap()
}

pub(super) async fn read_to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut rest = String::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut rest)).await;
    read.expect("the connection stays open").unwrap();
    rest
}

#[tokio::test]
async fn a_shutdown_ends_streams_after_their_last_event_and_then_the_server() {
    let server = server(Limits::default()).await;
    let mut stream = ask(&server, "/v1/events").await;
    read_until(&mut stream, ": open").await;
    server.board.drain();
    server.board.publish(vec![crate::state::Told::Draining(NOW)]);
    server.stop.send(()).unwrap();
    let rest = read_to_end(&mut stream).await;
    assert!(rest.contains("event: stream.draining"), "{rest}");
    assert!(rest.ends_with("0\r\n\r\n"), "the body ends as it should: {rest}");
    tokio::time::timeout(PATIENCE, server.serving).await.expect("the server goes on").unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_connection_has_a_thread_of_the_streams_while_one_goes_over_it() {
    let server = server(Limits::default()).await;
    let call = Arc::new(examples::ringing());
    server.board.publish(vec![event(EventKind::Offered, &call)]);
    let path = format!("/v1/calls/{}/events?after=earliest", call.id);
    let mut stream = ask(&server, &path).await;
    read_until(&mut stream, "event: call.offered").await;
    let count = || server.streams.handle().metrics().num_alive_tasks();
    tokio::time::timeout(PATIENCE, until(|| count() == 1)).await.expect("it is not among the streams");
    server.board.publish(vec![event(EventKind::Ended, &Arc::new(examples::cancelled()))]);
    read_until(&mut stream, "0\r\n\r\n").await;
    tokio::time::timeout(PATIENCE, until(|| count() == 0)).await.expect("it stays among the streams");
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut stream, "HTTP/1.1 200").await;
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection_and_others_take_its_place() {
    let limits = Limits { connections: 1, write_timeout: Duration::from_millis(50), ..Limits::default() };
    let server = server(limits).await;
    // More than the kernel's buffers of a connection hold.
    let call = Arc::new(examples::ringing());
    server.board.publish((0..8_000).map(|_| event(EventKind::Offered, &call)).collect());
    let _deaf = ask(&server, "/v1/events?after=earliest").await;
    let mut next = ask(&server, "/livez").await;
    read_until(&mut next, r#"{"status":"alive"}"#).await;
}

#[tokio::test]
async fn a_request_head_that_does_not_come_is_not_waited_for() {
    let server = server(Limits { head_timeout: Duration::from_millis(50), ..Limits::default() }).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HT").await.unwrap();
    read_to_end(&mut stream).await;
}

#[tokio::test]
async fn a_client_with_too_large_a_body_can_write_it_out_and_read_the_answer() {
    let server = server(Limits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let size = 3 * 1024 * 1024;
    let path = format!("/v1/calls/{}/ring", examples::ringing().id);
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; size]).await.unwrap();
    assert!(read_until(&mut stream, "too-large").await.starts_with("HTTP/1.1 413"));
}

/// Sends the head of a request that is refused unread.
async fn refused_unread(server: &Server, fields: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = format!("POST /nowhere HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_body_that_comes_behind_its_head_does_not_cost_the_connection_although_nobody_reads_it() {
    let server = server(Limits::default()).await;
    let mut stream = refused_unread(&server, "Content-Length: 5\r\n").await;
    // By the time that another request is answered the first one has been looked at.
    read_until(&mut ask(&server, "/livez").await, "alive").await;
    stream.write_all(b"hello").await.unwrap();
    let answer = read_until(&mut stream, "not-found").await;
    assert!(answer.starts_with("HTTP/1.1 404") && !answer.contains("connection: close"), "{answer}");
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut stream, r#"{"status":"alive"}"#).await;
}

#[tokio::test]
async fn where_a_body_is_not_waited_for_the_answer_says_that_the_connection_ends() {
    let server = server(Limits::default()).await;
    for fields in [
        "Content-Length: 5\r\n",
        "Content-Length: 5\r\nExpect: 100-continue\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let mut stream = refused_unread(&server, fields).await;
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{fields}: {answer}");
        assert!(answer.contains("connection: close"), "{fields}: {answer}");
    }
}
