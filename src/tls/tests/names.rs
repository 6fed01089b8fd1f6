//! Whom a certificate names.

use super::*;
use crate::tls::names;

fn certificate(names: &[&str]) -> CertificateDer<'static> {
    let issued = Authority::new("ca").issue(names);
    CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()
}

#[test]
fn a_name_counts_whole_and_in_any_case() {
    let certificate = certificate(&["pbx.example.com", "Other.Example.com"]);
    for host in ["pbx.example.com", "PBX.example.COM", "pbx.example.com.", "other.example.com"] {
        assert!(names(&certificate, host), "{host}");
    }
    for host in ["example.com", "x.pbx.example.com", "pbx.example.org", "", "pbx.example.com:5061"] {
        assert!(!names(&certificate, host), "{host}");
    }
}

#[test]
fn a_wildcard_names_nobody() {
    let certificate = certificate(&["*.example.com"]);
    assert!(!names(&certificate, "pbx.example.com"));
    assert!(!names(&certificate, "*.example.com"));
}

#[test]
fn an_address_counts_as_an_address_only() {
    let certificate = certificate(&["192.0.2.1", "2001:db8::1"]);
    for host in ["192.0.2.1", "2001:db8::1", "2001:db8:0::1"] {
        assert!(names(&certificate, host), "{host}");
    }
    assert!(!names(&certificate, "192.0.2.2"));
}

#[test]
fn a_sip_uri_without_a_user_is_a_domain() {
    let certificate = certificate(&["sip:example.com", "sip:alice@example.org", "sip:example.net:5061"]);
    assert!(names(&certificate, "example.com"));
    assert!(names(&certificate, "Example.net"));
    assert!(!names(&certificate, "example.org"));
    assert!(!names(&certificate, "alice@example.org"));
}
