//! Reading certificates and keys: PEM.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tracing::debug;

use super::Identity;

/// A file that is of no use, and which setting names it.
#[derive(Debug, thiserror::Error)]
#[error("{setting} {}: {fault}", file.display())]
pub struct BadFile {
    setting: &'static str,
    file: PathBuf,
    fault: String,
}

impl BadFile {
    fn new(setting: &'static str, file: &Path, fault: impl ToString) -> Self {
        Self { setting, file: file.to_owned(), fault: fault.to_string() }
    }
}

/// A certificate with its chain and its key; `settings` are those of the two files.
pub(super) fn identity(
    settings: [&'static str; 2],
    identity: &Identity,
    provider: &CryptoProvider,
) -> Result<Arc<SingleCertAndKey>, BadFile> {
    let [certificate_setting, key_setting] = settings;
    let chain = certificates(certificate_setting, &identity.certificate)?;
    let bad_key = |fault: String| BadFile::new(key_setting, &identity.key, fault);
    let key = PrivateKeyDer::from_pem_slice(&read(key_setting, &identity.key)?);
    let key = key.map_err(|error| bad_key(malformed("private key that is not encrypted", &error)))?;
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            bad_key(format!("not the key of the certificate in {}", identity.certificate.display()))
        }
        rustls::Error::InvalidCertificate(_) => {
            BadFile::new(certificate_setting, &identity.certificate, error)
        }
        error => bad_key(error.to_string()),
    })?;
    Ok(Arc::new(certified.into()))
}

/// The CAs in a file; at least one.
pub(super) fn roots(setting: &'static str, file: &Path) -> Result<RootCertStore, BadFile> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(setting, file)? {
        roots.add(certificate).map_err(|error| BadFile::new(setting, file, error))?;
    }
    Ok(roots)
}

/// The CAs that the system trusts; perhaps none.
pub(super) fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        debug!(%error, "the system's CAs cannot all be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

fn certificates(setting: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, BadFile> {
    let text = read(setting, file)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = match certificates {
        Ok(none) if none.is_empty() => Err(pem::Error::NoItemsFound),
        found => found,
    };
    certificates.map_err(|error| BadFile::new(setting, file, malformed("certificate", &error)))
}

/// Without what is in the file: it may be a key.
fn malformed(wanted: &str, error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => format!("no {wanted} is in it (PEM)"),
        pem::Error::MissingSectionEnd { .. } => "not PEM: an END line is missing".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "not PEM: a BEGIN line is malformed".to_owned(),
        pem::Error::Base64Decode(_) => "not PEM: what is between two lines is not base64".to_owned(),
        _ => "not PEM".to_owned(),
    }
}

fn read(setting: &'static str, file: &Path) -> Result<Vec<u8>, BadFile> {
    std::fs::read(file).map_err(|error| BadFile::new(setting, file, error))
}
