//! Who signs the certificates of a test.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::scratch::Folder;
use crate::wire::HOST;

/// A certificate authority of a test's own.
pub struct Authority {
    folder: Folder,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate, as PEM files.
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = Folder::new("authority");
        std::fs::write(folder.file("authority.pem"), issuer.pem()).unwrap();
        Self { folder, issuer }
    }

    /// Its own certificate, as a PEM file: what those who trust it are given.
    pub fn file(&self) -> String {
        self.folder.file("authority.pem")
    }

    /// Signs a new certificate for 127.0.0.1 and localhost; one of the same name before it is gone.
    pub fn issue(&self, name: &str) -> Certificate {
        self.issue_for(name, &["127.0.0.1", HOST])
    }

    /// The same for other hosts.
    pub fn issue_for(&self, name: &str, hosts: &[&str]) -> Certificate {
        let hosts: Vec<_> = hosts.iter().copied().map(str::to_owned).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::ExplicitNoCa;
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        let files = Certificate {
            certificate: self.folder.file(&format!("{name}.pem")),
            key: self.folder.file(&format!("{name}.key")),
        };
        std::fs::write(&files.certificate, signed.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    /// What a client begins with that trusts it, and shows a certificate if it has one.
    pub fn client(&self, own: Option<&Certificate>) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config =
            config.with_safe_default_protocol_versions().unwrap().with_root_certificates(self.roots());
        Arc::new(match own.map(Certificate::read) {
            Some((chain, key)) => config.with_client_auth_cert(chain, key).unwrap(),
            None => config.with_no_client_auth(),
        })
    }

    /// What a server begins with that shows a certificate, and demands one that this authority has signed.
    pub fn server(&self, own: &Certificate) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let roots = Arc::new(self.roots());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone()).build().unwrap();
        let (chain, key) = own.read();
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_client_cert_verifier(verifier);
        Arc::new(config.with_single_cert(chain, key).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }
}

impl Certificate {
    /// As settings of those names.
    pub fn flags<'a>(&'a self, [certificate, key]: [&'a str; 2]) -> [&'a str; 4] {
        [certificate, &self.certificate, key, &self.key]
    }

    fn read(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = vec![CertificateDer::from_pem_file(&self.certificate).unwrap()];
        (chain, PrivateKeyDer::from_pem_file(&self.key).unwrap())
    }
}
