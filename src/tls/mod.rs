//! Certificates and what they are used for: TLS under SIP in both directions, and under HTTP.
//!
//! The files are read at the start and again by [`Tls::reload`]: handshakes from then on use what is in them, connections
//! that are open go on. If one of the files is bad, all stays as it was.

mod files;
mod names;
#[cfg(test)]
pub(crate) mod tests;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tracing::{error, info};

pub use files::BadFile;
pub use names::names;

use names::DomainVerifier;

/// Where the certificates are.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Who we are for SIP: as a server, and as a client toward peers that ask.
    pub sip: Option<Identity>,
    /// Whom we trust when we connect; `None`: whom the system trusts.
    pub ca: Option<PathBuf>,
    /// Peers that connect must show a certificate that one of these has signed; `None`: they need none.
    pub client_ca: Option<PathBuf>,
    /// Whom we trust when we call receivers of webhooks; `None`: whom the system trusts.
    pub webhook_ca: Option<PathBuf>,
    /// Who we are for HTTP; `None`: HTTP without TLS.
    pub http: Option<Identity>,
}

/// A certificate and its key: files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and behind it those that lead to a CA.
    pub certificate: PathBuf,
    /// Its private key, not encrypted.
    pub key: PathBuf,
}

/// Why TLS cannot be had as set.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file is of no use.
    #[error(transparent)]
    File(#[from] BadFile),
    /// What the files hold is refused.
    #[error("TLS: {0}")]
    Refused(#[from] rustls::Error),
}

/// What handshakes begin with. All clones are one.
#[derive(Clone, Debug)]
pub struct Tls {
    settings: Arc<Settings>,
    current: Arc<RwLock<Current>>,
}

#[derive(Clone, Debug)]
struct Current {
    server: Option<Arc<ServerConfig>>,
    client: Arc<ClientConfig>,
    https: Arc<ClientConfig>,
    http: Option<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads what the settings name.
    pub fn read(settings: Settings) -> Result<Self, TlsFault> {
        let current = Arc::new(RwLock::new(Current::read(&settings)?));
        Ok(Self { settings: Arc::new(settings), current })
    }

    /// Reads it again; a bad file is logged, and what was read before stays.
    pub fn reload(&self) {
        match Current::read(&self.settings) {
            Ok(current) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
                info!("certificates were read again");
            }
            Err(error) => error!("certificates stay as they were: {error}"),
        }
    }

    /// What a SIP peer that connects is greeted with; `None`: there is no certificate.
    pub fn server(&self) -> Option<Arc<ServerConfig>> {
        self.current().server
    }

    /// What a SIP peer is connected to with.
    pub fn client(&self) -> Arc<ClientConfig> {
        self.current().client
    }

    /// What an HTTPS server is connected to with.
    pub fn https(&self) -> Arc<ClientConfig> {
        self.current().https
    }

    /// What an HTTP client is greeted with; `None`: HTTP is without TLS.
    pub fn http(&self) -> Option<Arc<ServerConfig>> {
        self.current().http
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Current {
    fn read(settings: &Settings) -> Result<Self, TlsFault> {
        let provider = Arc::new(ring::default_provider());
        let read = |setting: [&'static str; 2], identity: &Option<Identity>| {
            identity.as_ref().map(|identity| files::identity(setting, identity, &provider)).transpose()
        };
        let sip = read(["--tls-certificate", "--tls-key"], &settings.sip)?;
        let http = read(["--http-tls-certificate", "--http-tls-key"], &settings.http)?;
        let peers = settings.client_ca.as_ref();
        let peers = peers.map(|file| files::roots("--tls-client-ca", file)).transpose()?;
        let trusted = |setting, file: &Option<PathBuf>| match file {
            Some(file) => files::roots(setting, file),
            None => Ok(files::system_roots()),
        };
        let client = Arc::new(client(&provider, trusted("--tls-ca", &settings.ca)?, sip.clone())?);
        let https = Arc::new(client_of_http(&provider, trusted("--webhook-ca", &settings.webhook_ca)?)?);
        let server = sip.map(|sip| server(&provider, sip, peers)).transpose()?.map(Arc::new);
        let http = http.map(|http| server_for_http(&provider, http)).transpose()?.map(Arc::new);
        Ok(Self { server, client, https, http })
    }
}

fn client(
    provider: &Arc<CryptoProvider>,
    trusted: RootCertStore,
    identity: Option<Arc<SingleCertAndKey>>,
) -> Result<ClientConfig, rustls::Error> {
    let verifier = DomainVerifier::new(trusted, provider.signature_verification_algorithms);
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Ok(match identity {
        Some(identity) => config.with_client_cert_resolver(identity),
        None => config.with_no_client_auth(),
    })
}

/// As browsers do it: names by the common rules, no certificate of our own.
fn client_of_http(
    provider: &Arc<CryptoProvider>,
    trusted: RootCertStore,
) -> Result<ClientConfig, rustls::Error> {
    let config =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

fn server(
    provider: &Arc<CryptoProvider>,
    identity: Arc<SingleCertAndKey>,
    peers: Option<RootCertStore>,
) -> Result<ServerConfig, rustls::Error> {
    let config =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let config = match peers {
        Some(peers) => config.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(peers), provider.clone())
                .build()
                .map_err(|error| rustls::Error::General(error.to_string()))?,
        ),
        None => config.with_no_client_auth(),
    };
    Ok(config.with_cert_resolver(identity))
}

fn server_for_http(
    provider: &Arc<CryptoProvider>,
    identity: Arc<SingleCertAndKey>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = server(provider, identity, None)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
