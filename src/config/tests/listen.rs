use super::*;
use crate::config::SipListen;
use crate::sip::Transport;

fn listen(url: &str) -> SipListen {
    let [listen] = load(&["--sip-listen", url], &[]).unwrap().sip_listen.try_into().unwrap();
    listen
}

fn advertised(url: &str) -> (String, Option<u16>) {
    listen(url).advertise.unwrap()
}

#[test]
fn the_scheme_is_the_transport() {
    assert_eq!(listen("tcp://127.0.0.1:5060").transport, Transport::Tcp);
    assert_eq!(listen("udp://127.0.0.1:5060").transport, Transport::Udp);
    let tls: SipListen = "tls://127.0.0.1:5061".parse().unwrap();
    assert_eq!((tls.transport, tls.to_string()), (Transport::Tls, "tls://127.0.0.1:5061".to_owned()));
}

#[test]
fn a_listener_may_advertise_an_address_of_its_own() {
    assert_eq!(listen("udp://0.0.0.0:5060").advertise, None);
    let host = |host: &str| host.to_owned();
    let url = "udp://0.0.0.0:5060?advertise=192.0.2.7";
    assert_eq!(
        (listen(url).to_string(), advertised(url)),
        (host("udp://0.0.0.0:5060"), (host("192.0.2.7"), None))
    );
    assert_eq!(
        advertised("tcp://0.0.0.0:5060?advertise=sip.example.com:5070"),
        (host("sip.example.com"), Some(5070))
    );
    assert_eq!(
        advertised("tcp://[::]:5060?advertise=[2001:db8::1]:5070"),
        (host("[2001:db8::1]"), Some(5070))
    );
    assert_eq!(advertised("tcp://[::]:5060?advertise=[2001:db8::1]"), (host("[2001:db8::1]"), None));
}

#[test]
fn a_listener_for_tls_needs_a_certificate() {
    let url = "tcp://0.0.0.0:5060,tls://0.0.0.0:5061";
    let said = load(&["--sip-listen", url], &[]).unwrap_err().to_string();
    assert_eq!(said, "--sip-listen tls:// needs --tls-certificate");
    let with = load(&["--sip-listen", url, "--tls-certificate", "c.pem", "--tls-key", "k.pem"], &[]).unwrap();
    assert_eq!(with.sip_listen[1].transport, Transport::Tls);
}

#[test]
fn listeners_keep_their_order_in_a_flag_and_in_the_file() {
    let urls = ["udp://127.0.0.1:5060?advertise=a.example.com", "tcp://127.0.0.1:5060", "udp://[::1]:5062"];
    let shown = ["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060", "udp://[::1]:5062"];
    let by_flag = load(&["--sip-listen", &urls.join(",")], &[]).unwrap();
    let by_file = load_file("listen-order", &format!("sip_listen = {urls:?}")).unwrap();
    for config in [by_flag, by_file] {
        let listen: Vec<_> = config.sip_listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, shown);
        assert_eq!(config.sip_listen[0].advertise, Some(("a.example.com".to_owned(), None)));
    }
}
