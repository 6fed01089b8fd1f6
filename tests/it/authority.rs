//! Who signs the certificates of a test.

use std::process::Command;

use crate::scratch::Folder;

/// A certificate authority of a test's own.
pub struct Authority {
    folder: Folder,
}

/// A certificate for 127.0.0.1 and localhost, as PEM files.
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let authority = Self { folder: Folder::new("authority") };
        authority.request("authority", &["-subj", "/CN=Authority of a test"]);
        authority
    }

    /// Its own certificate, as a PEM file: what those who trust it are given.
    pub fn file(&self) -> String {
        self.folder.file("authority.pem")
    }

    /// Signs a new certificate.
    pub fn issue(&self, name: &str) -> Certificate {
        let (file, key) = (self.file(), self.folder.file("authority.key"));
        let names = "subjectAltName=IP:127.0.0.1,DNS:localhost";
        let subject = format!("/CN={name}");
        self.request(
            name,
            &["-CA", &file, "-CAkey", &key, "-subj", &subject]
                .into_iter()
                .chain(["-addext", names, "-addext", "basicConstraints=critical,CA:FALSE"])
                .collect::<Vec<_>>(),
        );
        Certificate {
            certificate: self.folder.file(&format!("{name}.pem")),
            key: self.folder.file(&format!("{name}.key")),
        }
    }

    fn request(&self, name: &str, arguments: &[&str]) {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "2", "-keyout", &self.folder.file(&format!("{name}.key"))])
            .args(["-out", &self.folder.file(&format!("{name}.pem"))])
            .args(arguments)
            .output()
            .expect("openssl is installed (scripts/test does so)");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}
