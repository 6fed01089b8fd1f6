//! `received`, `rport` and `maddr` (§18.2, RFC 3581).

use super::{invite_with, request};
use crate::sip::{Name, Via};

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

fn via(params: &str) -> Via {
    request(invite_with(&[("Via", format!("SIP/2.0/UDP pbx.example.com{params}").as_bytes())])).via
}

#[test]
fn a_via_tells_how_the_receiver_saw_the_sender() {
    let seen = |params: &str| {
        let via = via(params);
        (via.received.map(|address| address.to_string()), via.seen_port)
    };
    let at = |address: &str, port| (Some(address.to_owned()), port);
    assert_eq!(seen(";rport=9988;received=192.0.2.1;branch=z9hG4bKa"), at("192.0.2.1", Some(9988)));
    assert_eq!(seen(";RPORT = 1 ; Received = 192.0.2.1"), at("192.0.2.1", Some(1)));
    assert_eq!(seen(";received=2001:db8::9:255"), at("2001:db8::9:255", None));
    assert_eq!(seen(";received=[2001:db8::9:255]"), at("2001:db8::9:255", None));
    assert_eq!(seen(";branch=z9hG4bKa"), (None, None));
}

#[test]
fn an_rport_is_there_with_or_without_a_value() {
    assert_eq!((via(";rport").rport, via(";rport").seen_port), (true, None));
    assert_eq!((via(";rport=5060").rport, via(";rport=5060").seen_port), (true, Some(5060)));
    assert!(!via(";received=192.0.2.1").rport);
}

#[test]
fn a_via_names_where_else_its_responses_go() {
    let to = |params: &str| (via(params).maddr.map(|host| host.to_string()), via(params).ttl);
    assert_eq!(to(";maddr=224.2.0.1;ttl=16"), (Some("224.2.0.1".to_owned()), Some(16)));
    assert_eq!(to(";TTL=255;Maddr=[FF02::1]"), (Some("FF02::1".to_owned()), Some(255)));
    assert_eq!(to(";maddr=edge.example.com"), (Some("edge.example.com".to_owned()), None));
    assert_eq!(to(";ttl=1"), (None, Some(1)));
}

#[test]
fn a_parameter_of_a_via_that_cannot_be_read_is_as_none() {
    for params in [
        ";rport=x;received=;maddr=;ttl=",
        ";rport=65536;received;maddr;ttl",
        ";rport=-1;received=a/b;maddr=[::1;ttl=256",
        ";rport=\"1\";received=\"1.2.3.4\";maddr=\"h\";ttl=1x",
        ";rport=;received=é;maddr=é;ttl=-1",
    ] {
        let via = via(params);
        assert!(via.rport && via.seen_port.is_none(), "{params}");
        assert_eq!((via.received, via.maddr, via.ttl), (None, None, None), "{params}");
    }
}
