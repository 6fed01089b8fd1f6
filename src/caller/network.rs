//! The caller's own network: sockets on ports that the system chooses, and the faults that were asked for.

use std::io;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;

use super::CallerError;
use super::options::{Options, Which};
use crate::agent;
use crate::tls::{self, Identity, Tls};
use crate::transport::{self, Connections, Faults, Inbound, Listener, LostAcks};

/// Where any peer can reach us.
const ANY: &str = "0.0.0.0:0";

/// Starts it. There are listeners, so that a peer whose connection was lost can come back.
pub(super) async fn start(
    options: &Options,
) -> Result<(agent::Settings, (Connections, mpsc::Receiver<Inbound>)), CallerError> {
    let shown = options.tls_certificate.clone().zip(options.tls_key.clone());
    let sip = shown.map(|(certificate, key)| Identity { certificate, key });
    let tls = Tls::read(tls::Settings { sip, ca: options.tls_ca.clone(), ..tls::Settings::default() })?;
    let listeners =
        vec![Listener::Tcp(TcpListener::bind(ANY).await?), Listener::Udp(UdpSocket::bind(ANY).await?)];
    let told = listeners.iter().map(|listener| {
        let (transport, local) = (listener.transport(), listener.local_addr()?);
        Ok(agent::Listener { transport, local, advertise: None })
    });
    let listeners_told = told.collect::<io::Result<Vec<_>>>()?;
    let settings = agent::Settings { listeners: listeners_told, ..agent::Settings::default() };
    let (dns_server, faults) = (options.dns_server, faults(options));
    let told = transport::Settings { tls: Some(tls), dns_server, faults, ..Default::default() };
    Ok((settings, transport::start(listeners, told)))
}

fn faults(options: &Options) -> Faults {
    Faults {
        lose_acks: options.lose_ack.map(|which| match which {
            Which::First => LostAcks::First,
            Which::All => LostAcks::All,
        }),
        duplicate_invites: options.duplicate_invite,
        break_after: options.drop_connection_after,
    }
}
