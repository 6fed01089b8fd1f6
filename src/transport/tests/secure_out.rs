//! Connecting over TLS.

use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::*;
use crate::agent::{Address, Destination, ReachId, Reached};
use crate::tls::Tls;
use crate::tls::tests::{Folder, Issued};

/// A peer that we connect to.
struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Server {
    /// With a certificate that `ca` has signed for `names`.
    async fn start(ca: &Authority, names: &[&str]) -> Self {
        let acceptor = TlsAcceptor::from(identified(ca, &ca.issue(names)).server().unwrap());
        Self { listener: listener().await.0, acceptor }
    }

    fn at(&self, host: &str) -> Address {
        let address = self.listener.local_addr().unwrap();
        Address { transport: Transport::Tls, address, host: host.to_owned().into() }
    }

    /// Shakes hands with the next peer.
    async fn greet(&self) -> std::io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(self.listener.accept().await?.0).await
    }
}

/// An agent that trusts a CA.
async fn trusting(ca: &Authority) -> Net {
    Net::secure_as(identified(ca, &ca.issue(&[HOST])), ca.client(None), Bounds::default()).await
}

/// Looks for a way to one address.
async fn reach(net: &mut Net, address: &Address) -> Result<Flow, String> {
    net.connections.reach(ReachId(1), Destination::Addresses(vec![address.clone()]));
    loop {
        if let Fate::Reached(_, reached) = net.fate().await {
            return reached.map(|Reached { flow, .. }| flow).map_err(|error| error.to_string());
        }
    }
}

/// The same, while the server greets whom it may be: the flow, and the server's end of it.
async fn connected(
    net: &mut Net,
    server: &Server,
    host: &str,
) -> Result<(Flow, TlsStream<TcpStream>), String> {
    let address = server.at(host);
    let (flow, greeted) = tokio::join!(reach(net, &address), server.greet());
    Ok((flow?, greeted.map_err(|error| error.to_string())?))
}

#[tokio::test]
async fn the_peer_is_asked_for_by_name_and_what_is_sent_arrives() {
    let ca = Authority::new("ca");
    let (mut net, server) = (trusting(&ca).await, Server::start(&ca, &["pbx.example.com"]).await);
    let (flow, mut stream) = connected(&mut net, &server, "PBX.example.com.").await.unwrap();
    assert_eq!(stream.get_ref().1.server_name(), Some("pbx.example.com"));
    assert_eq!((flow.transport, flow.listener), (Transport::Tls, None));
    net.connections.send(Transmit { receipt: Some(Receipt(1)), ..transmit(flow.id, "one") });
    net.connections.flush();
    assert_eq!(net.fate().await, Fate::Delivered(Receipt(1)));
    assert_eq!(read_exactly(&mut stream, 3).await, b"one");
    stream.write_all(&message("back")).await.unwrap();
    assert_eq!(net.arrival().await.flow, flow);
}

#[tokio::test]
async fn a_peer_at_an_address_that_has_a_name_is_asked_for_by_name() {
    let ca = Authority::new("ca");
    let (mut net, server) = (trusting(&ca).await, Server::start(&ca, &["pbx.example.com"]).await);
    let Address { address, .. } = server.at("");
    let host = address.ip().to_string().into();
    let name = Some("pbx.example.com".into());
    let hop = Hop { transport: Some(Transport::Tls), host, port: Some(address.port()), secure: true, name };
    net.connections.reach(ReachId(1), Destination::Hop(hop));
    let (fate, greeted) = tokio::join!(net.fate(), server.greet());
    assert!(matches!(fate, Fate::Reached(ReachId(1), Ok(_))), "{fate:?}");
    assert_eq!(greeted.unwrap().get_ref().1.server_name(), Some("pbx.example.com"));
}

#[tokio::test]
async fn a_peer_that_is_reached_by_its_address_must_be_certified_for_that() {
    let ca = Authority::new("ca");
    let mut net = trusting(&ca).await;
    let by_address = Server::start(&ca, &["127.0.0.1"]).await;
    assert!(connected(&mut net, &by_address, "127.0.0.1").await.is_ok());
    let by_name = Server::start(&ca, &["pbx.example.com"]).await;
    let refused = connected(&mut net, &by_name, "127.0.0.1").await.unwrap_err();
    assert!(refused.contains("not valid for name \"127.0.0.1\""), "{refused}");
}

#[tokio::test]
async fn a_peer_with_another_name_a_wildcard_or_an_unknown_ca_is_refused() {
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let mut net = trusting(&ca).await;
    for (signer, names, said) in [
        (
            &ca,
            ["pbx.example.org"],
            "not valid for name \"pbx.example.com\"; certificate is only valid for pbx.example.org",
        ),
        (&ca, ["*.example.com"], "is only valid for *.example.com"),
        (&other, ["pbx.example.com"], "UnknownIssuer"),
    ] {
        let server = Server::start(signer, &names).await;
        let refused = connected(&mut net, &server, "pbx.example.com").await.unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
    assert!(net.connections.is_idle());
}

#[tokio::test]
async fn a_connection_is_used_again_for_its_host_alone() {
    let ca = Authority::new("ca");
    let mut net = trusting(&ca).await;
    let server = Server::start(&ca, &["a.example.com", "b.example.com"]).await;
    let (a, _a_stream) = connected(&mut net, &server, "a.example.com").await.unwrap();
    assert_eq!(reach(&mut net, &server.at("A.example.com")).await.unwrap(), a);
    let (b, _b_stream) = connected(&mut net, &server, "b.example.com").await.unwrap();
    assert_ne!(a.id, b.id);
    for (host, flow) in [("a.example.com", a), ("b.example.com", b)] {
        assert_eq!(reach(&mut net, &server.at(host)).await.unwrap(), flow);
    }
}

/// An agent that asks peers for certificates, and a peer that shows this one, connected.
async fn with_peer(ca: &Authority, shown: &Issued) -> (Net, Client, Flow) {
    let folder = Folder::new();
    let mut settings = folder.settings(ca, &ca.issue(&[HOST]));
    settings.client_ca = settings.ca.clone();
    let tls = Tls::read(settings).unwrap();
    let mut net = Net::secure_as(tls, ca.client(Some(shown)), Bounds::default()).await;
    let (client, flow) = net.connected().await;
    (net, client, flow)
}

#[tokio::test]
async fn a_connection_that_the_peer_has_made_leads_to_whom_its_certificate_names_and_to_nobody_else() {
    let ca = Authority::new("ca");
    let (mut net, _client, flow) = with_peer(&ca, &ca.issue(&["pbx.example.com"])).await;
    let at =
        |host: &str| Address { transport: Transport::Tls, address: flow.peer, host: host.to_owned().into() };
    assert_eq!(reach(&mut net, &at("pbx.example.com")).await.unwrap(), flow);
    // The peer does not listen where its connection comes from.
    assert!(reach(&mut net, &at("other.example.com")).await.is_err());
    assert!(reach(&mut net, &Address { transport: Transport::Tcp, ..at("pbx.example.com") }).await.is_err());
}

#[tokio::test]
async fn a_connection_of_a_peer_without_a_certificate_leads_to_nobody() {
    let mut net = Net::secure(Bounds::default()).await;
    let (_client, flow) = net.connected().await;
    let host = flow.peer.ip().to_string().into();
    assert!(reach(&mut net, &Address { transport: Transport::Tls, address: flow.peer, host }).await.is_err());
}

#[tokio::test]
async fn where_the_peer_asks_for_a_certificate_ours_is_shown() {
    let ca = Authority::new("ca");
    let (folder, issued) = (Folder::new(), ca.issue(&["pbx.example.com"]));
    let mut settings = folder.settings(&ca, &issued);
    settings.client_ca = settings.ca.clone();
    let acceptor = TlsAcceptor::from(Tls::read(settings).unwrap().server().unwrap());
    let server = Server { listener: listener().await.0, acceptor };
    let mut net = trusting(&ca).await;
    let (_, stream) = connected(&mut net, &server, "pbx.example.com").await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap();
    assert!(crate::tls::names(&shown[0], HOST));
}

#[tokio::test]
async fn a_peer_that_does_not_shake_hands_is_given_up_and_the_next_is_tried() {
    let ca = Authority::new("ca");
    let tls = identified(&ca, &ca.issue(&[HOST]));
    let bounds = Bounds { connect: Duration::from_millis(200), ..Bounds::default() };
    let mut net = Net::secure_as(tls, ca.client(None), bounds).await;
    let (silent, server) =
        (Server::start(&ca, &["pbx.example.com"]).await, Server::start(&ca, &["pbx.example.com"]).await);
    let addresses = [&silent, &server].map(|server| server.at("pbx.example.com")).to_vec();
    net.connections.reach(ReachId(1), Destination::Addresses(addresses));
    let (reached, greeted) = tokio::join!(net.fate(), server.greet());
    assert!(greeted.is_ok());
    let Fate::Reached(_, Ok(way)) = reached else { panic!("no way: {reached:?}") };
    assert_eq!(way.flow.peer, server.at("").address);
}

#[tokio::test]
async fn without_tls_a_way_by_it_is_none() {
    let mut net = Net::start(Bounds::default()).await;
    let server = Server::start(&Authority::new("ca"), &["pbx.example.com"]).await;
    let why = reach(&mut net, &server.at("pbx.example.com")).await.unwrap_err();
    assert!(why.contains("no way to connect so"), "{why}");
}
