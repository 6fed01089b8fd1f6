//! The peers among themselves: when one of these fails, it is not the agent.

use std::net::UdpSocket;
use std::process::{Command, Stdio};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::agent::PATIENCE;
use crate::authority::Authority;
use crate::baresip::Baresip;
use crate::kamailio::Kamailio;

#[test]
fn baresip_registers_at_kamailio_over_every_transport() {
    let kamailio = Kamailio::start();
    let mut phone = Baresip::start(&kamailio.authority);
    for (user, transport) in [("1000", "udp"), ("1001", "tcp"), ("1002", "tls")] {
        assert!(kamailio.contacts(user).is_empty());
        phone.register(user, &kamailio, transport);
        let contacts = kamailio.contacts(user);
        let listens = if transport == "tls" { phone.tls } else { phone.sip };
        let address = contacts[0]["Address"].as_str().unwrap();
        assert!(address.contains(&format!("@{listens}")), "{address}");
    }
}

#[test]
fn baresip_calls_baresip_through_kamailio() {
    let kamailio = Kamailio::start();
    let mut caller = Baresip::start(&kamailio.authority);
    let mut callee = Baresip::start(&kamailio.authority);
    caller.register("1001", &kamailio, "tcp");
    callee.register("1000", &kamailio, "udp");
    caller.dial(&format!("sip:1000@{}", kamailio.sip));
    let call = callee.wait_for("CALL_INCOMING");
    assert_eq!(call["peeruri"], json!(format!("sip:1001@{}", kamailio.sip)), "{call}");
    callee.accept();
    callee.wait_for("CALL_ESTABLISHED");
    caller.wait_for("CALL_ESTABLISHED");
    caller.hangup();
    callee.wait_for("CALL_CLOSED");
    caller.wait_for("CALL_CLOSED");
}

#[test]
fn kamailio_calls_at_the_contact_or_on_the_connection_of_the_register() {
    for (defines, own_connection) in [(&[] as &[_], false), (&["SAME_CONNECTION"], true)] {
        let kamailio = Kamailio::start_with(defines);
        let mut caller = Baresip::start(&kamailio.authority);
        let mut callee = Baresip::start(&kamailio.authority);
        caller.register("1001", &kamailio, "udp");
        callee.register("1000", &kamailio, "tls");
        let received = kamailio.contacts("1000")[0]["Received"].take();
        assert_eq!(received.as_str().unwrap().contains("127.0.0.1"), own_connection, "{received}");
        caller.dial(&format!("sip:1000@{}", kamailio.sip));
        callee.wait_for("CALL_INCOMING");
        callee.accept();
        caller.wait_for("CALL_ESTABLISHED");
        caller.hangup();
        callee.wait_for("CALL_CLOSED");
    }
}

/// Whether a TLS client that trusts one authority and has a certificate of another gets through to Kamailio.
fn shakes_hands(kamailio: &Kamailio, trusted: &Authority, own: &Authority) -> bool {
    let own = own.issue("client");
    // Before TLS 1.3, so that a client learns in the handshake that its certificate is refused.
    let client = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-connect", &kamailio.tls.to_string()])
        .args(["-CAfile", &trusted.file(), "-verify_ip", "127.0.0.1", "-verify_return_error"])
        .args(["-cert", &own.certificate, "-key", &own.key])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    client.status.success()
}

#[test]
fn kamailio_shows_and_believes_certificates_of_its_authority_only() {
    let (kamailio, other) = (Kamailio::start(), Authority::new());
    assert!(shakes_hands(&kamailio, &kamailio.authority, &kamailio.authority));
    assert!(!shakes_hands(&kamailio, &other, &kamailio.authority));
    assert!(!shakes_hands(&kamailio, &kamailio.authority, &other));
}

/// A user's REGISTER over UDP, as text and by hand: for what baresip does not do.
struct Registrant {
    socket: UdpSocket,
    cseq: u32,
}

impl Registrant {
    fn new(kamailio: &Kamailio) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(kamailio.sip).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, cseq: 0 }
    }

    /// Sends it as user 1000, with the credentials for a nonce if there is one; gives the response.
    fn register(&mut self, expires: u32, nonce: Option<&str>) -> String {
        self.cseq += 1;
        let (cseq, at) = (self.cseq, self.socket.local_addr().unwrap());
        let credentials = nonce.map(|nonce| self.credentials(nonce)).unwrap_or_default();
        let request = format!(
            "REGISTER sip:kamailio.test SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK-{cseq}\r\n\
             From: <sip:1000@kamailio.test>;tag=a\r\nTo: <sip:1000@kamailio.test>\r\nCall-ID: {at}\r\n\
             CSeq: {cseq} REGISTER\r\nContact: <sip:1000@{at}>\r\nExpires: {expires}\r\n{credentials}\
             Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.socket.send(request.as_bytes()).unwrap();
        let mut response = [0; 4096];
        let length = self.socket.recv(&mut response).unwrap();
        String::from_utf8(response[..length].to_vec()).unwrap()
    }

    /// RFC 7616 §3.4.1 with SHA-256. The nonce is used for the CSeq-th time, so that the count always goes up.
    fn credentials(&self, nonce: &str) -> String {
        let hash = |text: String| -> String {
            Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let who = hash(format!("1000:kamailio.test:{}", Kamailio::password("1000")));
        let what = hash("REGISTER:sip:kamailio.test".to_owned());
        let count = format!("{:08x}", self.cseq);
        let response = hash(format!("{who}:{nonce}:{count}:cnonce:auth:{what}"));
        format!(
            "Authorization: Digest username=\"1000\", realm=\"kamailio.test\", nonce=\"{nonce}\", \
             uri=\"sip:kamailio.test\", algorithm=SHA-256, qop=auth, nc={count}, cnonce=\"cnonce\", \
             response=\"{response}\"\r\n"
        )
    }
}

#[test]
fn kamailio_does_what_its_defines_say() {
    let told =
        ["ALGORITHM=\"SHA-256\"", "NONCE_EXPIRES=1", "MIN_EXPIRES=60", "MAX_EXPIRES=90", "SERVICE_ROUTE"];
    let mut kamailio = Kamailio::start_with(&told);
    let mut user = Registrant::new(&kamailio);
    let challenge = user.register(600, None);
    assert!(challenge.contains("401 ") && challenge.contains("algorithm=SHA-256"), "{challenge}");
    let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    let brief = user.register(59, Some(nonce));
    assert!(brief.contains("423 ") && brief.contains("\r\nMin-Expires: 60\r\n"), "{brief}");
    let ok = user.register(600, Some(nonce));
    assert!(ok.contains("200 ") && ok.contains(";expires=90"), "{ok}");
    let route = format!("\r\nService-Route: <sip:service@{};transport=udp;lr>\r\n", kamailio.sip);
    assert!(ok.contains(&route), "{ok}");
    assert_eq!(kamailio.contacts("1000").len(), 1);
    let stale =
        (0..1_000_000).map(|_| user.register(60, Some(nonce))).find(|response| !response.contains("200 "));
    assert!(
        stale.as_ref().is_some_and(|response| response.contains("401 ") && response.contains("stale=true")),
        "{stale:?}"
    );

    kamailio.restart();
    assert!(kamailio.contacts("1000").is_empty());
}
