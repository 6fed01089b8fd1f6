//! `received` and `rport` (§18.2.1, RFC 3581).

use super::{invite_with, request};
use crate::sip::Name;

fn stamped(via: &str, peer: &str) -> String {
    let mut message = request(invite_with(&[("Via", via.as_bytes())]));
    message.stamp(peer.parse().unwrap());
    let value = message.headers.first(Name::Via).unwrap().text().to_string();
    value.strip_prefix("SIP/2.0/TCP ").unwrap().to_owned()
}

#[test]
fn received_is_added_where_the_host_is_not_the_peer() {
    assert_eq!(
        stamped("SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bKa", "192.0.2.7:4000"),
        "10.0.0.1:5060;branch=z9hG4bKa;received=192.0.2.7"
    );
    assert_eq!(
        stamped("SIP/2.0/TCP pbx.example.com", "192.0.2.7:4000"),
        "pbx.example.com;received=192.0.2.7"
    );
    assert_eq!(stamped("SIP/2.0/TCP 10.0.0.1:5060;x", "10.0.0.1:4000"), "10.0.0.1:5060;x");
}

#[test]
fn rport_gets_the_port_of_the_peer_and_received_beside_it() {
    for rport in ["rport", "rport=5060", "RPORT = 1"] {
        let via = format!("SIP/2.0/TCP 10.0.0.1;{rport};branch=z9hG4bKa");
        assert_eq!(stamped(&via, "10.0.0.1:4000"), "10.0.0.1;rport=4000;branch=z9hG4bKa;received=10.0.0.1");
    }
}

#[test]
fn a_received_that_the_peer_wrote_is_replaced() {
    assert_eq!(stamped("SIP/2.0/TCP h;received=6.6.6.6;x=1", "10.0.0.1:4000"), "h;x=1;received=10.0.0.1");
    assert_eq!(stamped("SIP/2.0/TCP 10.0.0.1;received=6.6.6.6", "10.0.0.1:4000"), "10.0.0.1");
}

#[test]
fn addresses_of_version_6_are_compared_as_addresses() {
    assert_eq!(stamped("SIP/2.0/TCP [2001:DB8:0::1]:5060", "[2001:db8::1]:4000"), "[2001:DB8:0::1]:5060");
    assert_eq!(
        stamped("SIP/2.0/TCP [2001:db8::1];rport", "[2001:db8::2]:4000"),
        "[2001:db8::1];rport=4000;received=2001:db8::2"
    );
    assert_eq!(stamped("SIP/2.0/TCP 10.0.0.1", "[::ffff:10.0.0.1]:4000"), "10.0.0.1");
}

#[test]
fn only_the_topmost_via_is_touched() {
    assert_eq!(
        stamped("SIP/2.0/TCP a;rport ,SIP/2.0/UDP b;rport", "10.0.0.1:4000"),
        "a;rport=4000;received=10.0.0.1,SIP/2.0/UDP b;rport"
    );
}
