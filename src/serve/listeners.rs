//! The sockets that the service listens on.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, UdpSocket};
use tracing::info;

use crate::agent;
use crate::config::{Config, SipListen, scheme};
use crate::sip::Transport;
use crate::transport::Listener;

/// Where the service is listening. Given from outside, so that a test can bind port 0.
#[derive(Debug)]
pub struct Listeners {
    /// For SIP, in the order of the settings.
    pub sip: Vec<Listener>,
    /// For HTTP.
    pub http: TcpListener,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {url}: {error}")]
pub struct BindError {
    url: String,
    error: io::Error,
}

impl Listeners {
    /// Listens where the settings say.
    pub async fn bind(config: &Config) -> Result<Self, BindError> {
        let mut sip = Vec::new();
        for listen in &config.sip_listen {
            sip.push(bind_sip(listen).await?);
        }
        Ok(Self { sip, http: bind("http", &config.http_listen.to_string()).await? })
    }

    /// What the core is to know of the listeners: the addresses that they really have.
    pub(super) fn told(&self, settings: &[SipListen]) -> io::Result<Vec<agent::Listener>> {
        let advertised = settings.iter().map(|listen| listen.advertise.clone());
        // Listeners that a test brings may be more than the settings name.
        let advertised = advertised.chain(std::iter::repeat(None));
        let told = |(listener, advertise): (&Listener, _)| {
            let (transport, local) = (listener.transport(), listener.local_addr()?);
            Ok(agent::Listener { transport, local, advertise })
        };
        self.sip.iter().zip(advertised).map(told).collect()
    }
}

async fn bind_sip(listen: &SipListen) -> Result<Listener, BindError> {
    let address = listen.address.to_string();
    match listen.transport {
        Transport::Udp => {
            let bound = UdpSocket::bind(&address).await.map(Listener::Udp);
            bound.map_err(|error| BindError { url: listen.to_string(), error })
        }
        Transport::Tls => bind(listen.scheme(), &address).await.map(Listener::Tls),
        _ => bind(listen.scheme(), &address).await.map(Listener::Tcp),
    }
}

async fn bind(scheme: &str, address: &str) -> Result<TcpListener, BindError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| BindError { url: format!("{scheme}://{address}"), error })
}

/// Says where the service listens, one line for each listener.
pub(super) fn announce(sip: &[agent::Listener], http: SocketAddr, is_secure: bool) {
    for listener in sip {
        info!("listening for SIP on {}://{}", scheme(listener.transport), listener.local);
    }
    let scheme = if is_secure { "https" } else { "http" };
    info!("listening for HTTP on {scheme}://{http}");
}
