//! Whom a certificate names (RFC 5922 §7).

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use webpki::EndEntityCert;

/// Verifies that a server's certificate is signed by a CA that we trust and names whom we wanted to reach.
#[derive(Debug)]
pub(super) struct DomainVerifier {
    trusted: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl DomainVerifier {
    pub(super) fn new(trusted: RootCertStore, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { trusted, algorithms }
    }
}

impl ServerCertVerifier for DomainVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.trusted.is_empty() {
            return Err(Error::General("no CA is trusted: the system has none, --tls-ca is not set".into()));
        }
        let parsed = ParsedCertificate::try_from(certificate)?;
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.trusted, intermediates, now, algorithms)?;
        if is_for(certificate, host) {
            return Ok(ServerCertVerified::assertion());
        }
        let (expected, presented) = (host.to_owned(), presented(certificate));
        Err(CertificateError::NotValidForNameContext { expected, presented }.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether a certificate names a host, a name or an address: whole, as a wildcard names nobody (RFC 5922 §7.2).
pub fn names(certificate: &CertificateDer<'_>, host: &str) -> bool {
    ServerName::try_from(host).is_ok_and(|host| is_for(certificate, &host))
}

fn is_for(certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> bool {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else { return false };
    let ServerName::DnsName(name) = host else {
        return certificate.verify_is_valid_for_subject_name(host).is_ok();
    };
    let name = without_dot(name.as_ref());
    let domains = certificate.valid_uri_names().filter_map(sip_domain);
    certificate.valid_dns_names().chain(domains).any(|known| without_dot(known).eq_ignore_ascii_case(name))
}

/// What a certificate says of its owner, for people.
fn presented(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = EndEntityCert::try_from(certificate) else { return Vec::new() };
    certificate.valid_dns_names().chain(certificate.valid_uri_names()).map(str::to_owned).collect()
}

/// The domain of a `sip:` URI without a user (RFC 5922 §7.1).
fn sip_domain(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let is_domain = scheme.eq_ignore_ascii_case("sip") && !rest.contains('@');
    is_domain.then(|| rest.split([':', ';', '?']).next().unwrap_or_default())
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}
