//! Ways by TLS: whom a connection leads to.

use super::ways::reached;
use super::*;
use crate::agent::{Address, Destination, ReachId, Reached, Unreachable};
use crate::tls::tests::Folder;

/// Another name of the certificate's owner.
const ALIAS: &str = "alias.example.com";

/// Two agents, of which each trusts the other's CA, demands certificates of it, and has one for [`HOST`] and [`ALIAS`].
async fn both() -> [Net; 2] {
    let (folder, ca) = (Folder::new(), Authority::new("ca"));
    let mut settings = folder.settings(&ca, &ca.issue(&[HOST, ALIAS]));
    settings.client_ca = Some(folder.write("peers.pem", &ca.pem()));
    let tls = Tls::read(settings).unwrap();
    let net = || Net::secure_as(tls.clone(), ca.client(None), Bounds::default());
    [net().await, net().await]
}

fn at(net: &Net, host: &str) -> Destination {
    by_tls(net.address, host)
}

fn by_tls(address: SocketAddr, host: &str) -> Destination {
    Destination::Addresses(vec![Address { transport: Transport::Tls, address, host: host.into() }])
}

async fn reach(net: &mut Net, to: Destination) -> Result<Flow, Unreachable> {
    net.connections.reach(ReachId(1), to);
    reached(net).await.1.map(|Reached { flow, .. }| flow)
}

#[tokio::test]
async fn a_connection_leads_to_the_host_that_it_was_made_to_and_to_no_other() {
    let [mut ours, mut theirs] = both().await;
    let first = reach(&mut ours, at(&theirs, HOST)).await.unwrap();
    assert_eq!((first.transport, first.peer, first.listener), (Transport::Tls, theirs.address, None));
    assert_eq!(reach(&mut ours, at(&theirs, "Agent.Example.COM.")).await.unwrap(), first);
    let second = reach(&mut ours, at(&theirs, ALIAS)).await.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(reach(&mut ours, at(&theirs, HOST)).await.unwrap(), first, "that is still found");
    ours.connections.send(transmit(first.id, message("over-tls")));
    ours.connections.flush();
    assert_eq!(call_id(&theirs.arrival().await), "over-tls");
}

#[tokio::test]
async fn who_cannot_show_to_be_the_host_is_not_reached() {
    let [mut ours, theirs] = both().await;
    let Unreachable(why) = reach(&mut ours, at(&theirs, "other.example.com")).await.unwrap_err();
    assert!(why.starts_with(&format!("TLS {}: ", theirs.address)), "{why}");
    let stranger = Net::secure(Bounds::default()).await;
    reach(&mut ours, at(&stranger, HOST)).await.unwrap_err();
    assert!(ours.connections.is_idle());
}

#[tokio::test]
async fn a_connection_that_the_host_made_leads_to_it_by_the_names_of_its_certificate_alone() {
    let [mut ours, mut theirs] = both().await;
    let made = reach(&mut theirs, at(&ours, HOST)).await.unwrap();
    theirs.connections.send(transmit(made.id, message("first")));
    theirs.connections.flush();
    let accepted = ours.arrival().await.flow;
    for host in [HOST, ALIAS] {
        assert_eq!(reach(&mut ours, by_tls(accepted.peer, host)).await.unwrap(), accepted);
    }
    reach(&mut ours, by_tls(accepted.peer, "other.example.com")).await.unwrap_err();
}

#[tokio::test]
async fn without_certificates_nothing_goes_by_tls() {
    let mut net = Net::start(Bounds::default()).await;
    let there = net.address;
    let Unreachable(why) = reach(&mut net, by_tls(there, HOST)).await.unwrap_err();
    assert_eq!(why, format!("TLS {there}: there is no way to connect so"));
}
