//! HTTP over TLS.

use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::serving::{PATIENCE, Server, read_to_end, read_until, server_over};
use crate::http::Limits;
use crate::tls::tests::{Authority, tls};

const HOST: &str = "agent.example.com";

/// A server, and the CA of its certificate.
async fn secure(limits: Limits) -> (Server, Authority) {
    let ca = Authority::new("ca");
    (server_over(Some(tls(&ca, &ca.issue(&[HOST]))), limits).await, ca)
}

/// A client that would rather speak HTTP/2.
async fn connect(server: &Server, ca: &Authority) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = (*ca.client(None)).clone();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let socket = TcpStream::connect(server.address).await?;
    TlsConnector::from(std::sync::Arc::new(config)).connect(ServerName::try_from(HOST).unwrap(), socket).await
}

const REQUEST: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_over_tls_is_answered_in_http_1_1_and_the_end_is_said() {
    let (server, ca) = secure(Limits::default()).await;
    let mut client = connect(&server, &ca).await.unwrap();
    assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    client.write_all(REQUEST).await.unwrap();
    let answer = read_to_end(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#"{"status":"alive"}"#), "{answer}");
}

#[tokio::test]
async fn a_request_without_tls_is_told_so() {
    let (server, _) = secure(Limits::default()).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(REQUEST).await.unwrap();
    let answer = read_to_end(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}", body.len())) && body.contains("https"), "{answer}");
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_loses_its_place_to_another_client() {
    let limits = Limits { connections: 1, handshake_time: Duration::from_millis(50), ..Limits::default() };
    let (server, ca) = secure(limits).await;
    for begun in [&b""[..], b"\x16\x03\x01"] {
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        silent.write_all(begun).await.unwrap();
        let mut next = connect(&server, &ca).await.unwrap();
        next.write_all(REQUEST).await.unwrap();
        read_until(&mut next, "alive").await;
        read_to_end(&mut silent).await;
    }
}

#[tokio::test]
async fn a_handshake_under_way_does_not_keep_a_shutdown_waiting() {
    let limits = Limits { handshake_time: 2 * PATIENCE, grace: 2 * PATIENCE, ..Limits::default() };
    let (server, ca) = secure(limits).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    // The one before has been accepted when this one is answered.
    let mut next = connect(&server, &ca).await.unwrap();
    next.write_all(REQUEST).await.unwrap();
    read_to_end(&mut next).await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server.serving).await.expect("the server goes on").unwrap();
}
