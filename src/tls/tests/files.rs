//! What is read, what is refused, what stays.

use super::*;

/// The settings of a good certificate, changed: what is said of them.
fn said(change: impl FnOnce(&Folder, &mut Settings)) -> String {
    let (folder, ca) = (Folder::new(), Authority::new("ca"));
    let mut settings = folder.settings(&ca, &ca.issue(&["agent.example.com"]));
    change(&folder, &mut settings);
    Tls::read(settings).unwrap_err().to_string().replace(folder.path().to_str().unwrap(), "DIR")
}

#[test]
fn a_file_that_is_missing_or_holds_something_else_is_named_with_its_setting() {
    let other = Authority::new("other").issue(&["agent.example.com"]);
    assert_eq!(
        said(|folder, settings| settings.ca = Some(folder.path().join("none.pem"))),
        "--tls-ca DIR/none.pem: No such file or directory (os error 2)"
    );
    assert_eq!(
        said(|folder, settings| settings.client_ca = Some(folder.write("empty.pem", "# nothing\n"))),
        "--tls-client-ca DIR/empty.pem: no certificate is in it (PEM)"
    );
    assert_eq!(
        said(|folder, _| drop(folder.write("sip.pem", &other.key))),
        "--tls-certificate DIR/sip.pem: no certificate is in it (PEM)"
    );
    assert_eq!(
        said(|folder, _| drop(folder.write("sip.key", &other.certificate))),
        "--tls-key DIR/sip.key: no private key that is not encrypted is in it (PEM)"
    );
    assert_eq!(
        said(|folder, _| drop(folder.write("http.key", &other.key))),
        "--http-tls-key DIR/http.key: not the key of the certificate in DIR/http.pem"
    );
    assert_eq!(
        said(|folder, _| drop(folder.write("http.pem", "-----BEGIN CERTIFICATE-----\nMIIB"))),
        "--http-tls-certificate DIR/http.pem: not PEM: an END line is missing"
    );
    let no_der = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let malformed = said(|folder, _| drop(folder.write("sip.pem", no_der)));
    assert!(malformed.starts_with("--tls-certificate DIR/sip.pem: invalid peer certificate"), "{malformed}");
}

#[test]
fn no_fault_shows_the_key() {
    let (folder, ca) = (Folder::new(), Authority::new("ca"));
    let issued = ca.issue(&["agent.example.com"]);
    let settings = folder.settings(&ca, &issued);
    let secret: String = issued.key.lines().nth(1).unwrap().to_owned();
    folder.write("sip.key", &issued.key.replace("-----END", "\u{fffd}-----END"));
    let shown = format!("{:?}", Tls::read(settings.clone()));
    assert!(shown.starts_with("Err"), "{shown}");
    folder.write("sip.key", &issued.key);
    let read = format!("{:?}", Tls::read(settings).unwrap());
    assert!(!shown.contains(&secret) && !read.contains(&secret));
}

#[test]
fn without_certificates_there_is_no_server() {
    let tls = Tls::read(Settings::default()).unwrap();
    assert!(tls.server().is_none() && tls.http().is_none());
}

#[test]
fn what_is_read_again_is_new_and_a_bad_file_changes_nothing() {
    let (folder, ca) = (Folder::new(), Authority::new("ca"));
    let settings = folder.settings(&ca, &ca.issue(&["agent.example.com"]));
    let tls = Tls::read(settings).unwrap();
    let first = tls.server().unwrap();
    folder.write("http.key", "nothing");
    tls.reload();
    assert!(Arc::ptr_eq(&first, &tls.server().unwrap()));
    folder.identity("http", &ca.issue(&["agent.example.com"]));
    tls.clone().reload();
    assert!(!Arc::ptr_eq(&first, &tls.server().unwrap()));
}
