//! What `originate` may ask for: whom, by whom, with what.

use std::time::Duration;

use super::callee::{account, called_with, order, with_accounts};
use super::harness::{World, header};
use crate::agent::command::{NewHeader, NewHeaders, Originate};
use crate::agent::{Call, Destination, Listener, Refusal, Settings};
use crate::sip::{Transport, Uri};

fn to(to: &str) -> Originate {
    Originate { to: to.to_owned(), ..Originate::default() }
}

fn from(from: &str) -> Originate {
    Originate { from: Some(from.to_owned()), ..order() }
}

/// The call that a command places.
fn placed(world: &mut World, originate: Originate) -> std::sync::Arc<Call> {
    let ticket = world.originate(originate);
    world.done(ticket)
}

/// The field that a command is refused for.
fn wrong(world: &mut World, originate: Originate) -> String {
    let ticket = world.originate(originate);
    let refusal = world.refused(ticket);
    assert!(world.told().is_empty() && !world.is_seeking(), "nothing is done");
    world.assert_empty();
    match refusal {
        Refusal::InvalidField { field, .. } => field.to_owned(),
        Refusal::InvalidSdp(_) => "sdp".to_owned(),
        Refusal::InvalidHeader(_) => "headers".to_owned(),
        other => panic!("{other}"),
    }
}

#[test]
fn sip_uris_are_called_as_they_are() {
    for uri in [
        "sip:1001@10.0.0.1",
        "sips:a@pbx.example.com",
        "sip:pbx.example.com:5080;transport=udp",
        "SIP:a@[2001:db8::1]",
    ] {
        let mut world = World::tcp();
        let call = placed(&mut world, to(uri));
        assert_eq!((&*call.request_uri, &*call.to.uri), (uri, uri));
    }
}

#[test]
fn users_and_numbers_are_called_in_the_domain_of_the_account() {
    for (given, called) in [
        ("1001", "sip:1001@pbx.example.com"),
        ("+12015550123", "sip:+12015550123@pbx.example.com"),
        ("#31#1001", "sip:%2331%231001@pbx.example.com"),
        ("anna maria", "sip:anna%20maria@pbx.example.com"),
        ("tel:+1-201-555-0123", "sip:+12015550123@pbx.example.com;user=phone"),
        ("TEL:(201)555.0123", "sip:2015550123@pbx.example.com;user=phone"),
        (
            "tel:1001;phone-context=example.com",
            "sip:1001;phone-context=example.com@pbx.example.com;user=phone",
        ),
        ("tel:*31#", "sip:*31%23@pbx.example.com;user=phone"),
    ] {
        let mut world = with_accounts(vec![account("1000")]);
        assert_eq!(&*placed(&mut world, to(given)).request_uri, called, "{given}");
    }
}

#[test]
fn what_cannot_be_called_is_refused() {
    for given in [
        "",
        "1001",
        "tel:+12015550123",
        "1001@pbx.example.com",
        "http://example.com",
        "sip:",
        "sip:a@",
        "sip:a@b c",
        "sip:a@b?Subject=x",
        "sip:a@b\r\nX: y",
        "mailto:a@b",
        "urn:service:sos",
        "sip:a@b;transport=tpc",
        "sip:a@b;transport=",
        "sip:a@b;transport",
        "sips:a@b;x;transport=ws",
    ] {
        assert_eq!(wrong(&mut World::tcp(), to(given)), "to", "{given:?}");
    }
    for given in ["", "tel:", "tel:+", "tel:hello", "tel:;x", "1001@pbx.example.com", "sip:a@b;transport=tpc"]
    {
        assert_eq!(wrong(&mut with_accounts(vec![account("1000")]), to(given)), "to", "{given:?}");
    }
    assert_eq!(wrong(&mut World::tcp(), to(&format!("sip:{}@b", "a".repeat(300)))), "to");
}

#[test]
fn transports_are_called_by_their_words_and_an_account_may_know_more_of_them() {
    for word in ["udp", "TCP", "tls"] {
        placed(&mut World::tcp(), to(&format!("sip:a@b;transport={word}")));
    }
    for word in ["tcp", "ws", "sctp"] {
        let uri = format!("sip:a@b;transport={word}");
        assert_eq!(&*placed(&mut with_accounts(vec![account("1000")]), to(&uri)).request_uri, uri);
    }
    let mut world = World::tcp();
    let ticket = world.originate(to("sip:a@b;transport=tpc"));
    assert_eq!(world.refused(ticket).to_string(), "to: transport is one of udp, tcp, tls");
}

#[test]
fn who_calls_is_said_as_given() {
    let mut world = World::tcp();
    let invite = called_with(&mut world, from("\"Anna \\\"A\\\" B\" <sip:1000@pbx.example.com>")).invite;
    let value = header(&invite.headers, "From").expect("a From");
    assert!(value.starts_with("\"Anna \\\"A\\\" B\" <sip:1000@pbx.example.com>;tag="), "{value}");
    let call = world.call();
    assert_eq!(&*call.from.uri, "sip:1000@pbx.example.com");
    assert_eq!(call.from.display_name.as_deref(), Some("Anna \"A\" B"));
    assert_eq!(invite.contact.expect("a contact").uri.user(), Some("1000"));
    let invite = called_with(&mut world, from("sip:1000@pbx.example.com;user=phone")).invite;
    assert_eq!(invite.from.uri.as_str(), "sip:1000@pbx.example.com;user=phone");
}

#[test]
fn who_cannot_call_is_refused() {
    for given in
        ["", "1000", "<1000>", "<sip:a@b>;tag=mine", "Anna <sip:a@b", "sip:a@b?x=y", "<sip:a@b>\r\nX: y"]
    {
        assert_eq!(wrong(&mut World::tcp(), from(given)), "from", "{given:?}");
    }
}

#[test]
fn without_a_from_and_an_account_the_host_is_ours_where_the_settings_say_it() {
    let listener = |local: &str, advertise: Option<&str>| Listener {
        transport: Transport::Tcp,
        local: local.parse().expect("an address"),
        advertise: advertise.map(|host| (host.to_owned(), None)),
    };
    let base = Settings::default;
    let media = Some(("192.0.2.9".parse().expect("an address"), 40_000));
    let cases = [
        (base(), "call-agent.invalid"),
        (Settings { media, ..base() }, "192.0.2.9"),
        (Settings { listeners: vec![listener("0.0.0.0:5060", None)], media, ..base() }, "192.0.2.9"),
        (
            Settings { listeners: vec![listener("[2001:db8::1]:5060", None)], media, ..base() },
            "[2001:db8::1]",
        ),
        (
            Settings { listeners: vec![listener("0.0.0.0:5060", Some("a.example.com"))], ..base() },
            "a.example.com",
        ),
        (
            Settings { advertise: Some(("b.example.com".into(), Some(5099))), media, ..base() },
            "b.example.com",
        ),
    ];
    for (settings, host) in cases {
        let mut world = World::with(settings);
        assert_eq!(*placed(&mut world, order()).from.uri, format!("sip:call-agent@{host}"));
    }
}

#[test]
fn an_account_is_the_named_one_or_whose_address_calls_or_the_first() {
    let accounts = || vec![account("1000"), account("1002")];
    let named = |name: &str, from: Option<&str>| Originate {
        account: Some(name.to_owned()),
        from: from.map(str::to_owned),
        ..order()
    };
    let cases = [
        (order(), Some("1000"), "sip:1000@pbx.example.com"),
        (named("1002", None), Some("1002"), "sip:1002@pbx.example.com"),
        (named("1000", Some("sip:boss@example.org")), Some("1000"), "sip:boss@example.org"),
        (from("<sip:1002@PBX.example.com>"), Some("1002"), "sip:1002@PBX.example.com"),
        (from("sip:1003@pbx.example.com"), None, "sip:1003@pbx.example.com"),
    ];
    for (originate, id, caller) in cases {
        let mut world = with_accounts(accounts());
        let call = placed(&mut world, originate);
        assert_eq!((call.account.as_deref(), &*call.from.uri), (id, caller));
    }
    assert_eq!(wrong(&mut with_accounts(accounts()), named("1004", None)), "account");
}

#[test]
fn the_contact_of_an_account_is_the_connection_that_it_uses() {
    let listeners = vec![Listener {
        transport: Transport::Tcp,
        local: "192.0.2.7:5080".parse().expect("an address"),
        advertise: None,
    }];
    for (accounts, contact) in [
        (vec![account("1000")], "sip:1000@192.0.2.7:5060;transport=tcp"),
        (vec![], "sip:call-agent@192.0.2.7:5080;transport=tcp"),
    ] {
        let settings = Settings { accounts, listeners: listeners.clone(), ..Settings::default() };
        let invite = called_with(&mut World::with(settings), order()).invite;
        assert_eq!(invite.contact.expect("a contact").uri.as_str(), contact);
    }
}

#[test]
fn a_listener_for_both_families_is_where_peers_of_ipv4_find_us() {
    let listener = |local: &str, advertise: Option<&str>| Listener {
        transport: Transport::Tcp,
        local: local.parse().expect("an address"),
        advertise: advertise.map(|host| (host.to_owned(), None)),
    };
    for (listeners, told) in [
        (vec![listener("[::]:5080", None)], "192.0.2.7:5080"),
        (vec![listener("[::]:5080", Some("a.example.com"))], "a.example.com:5080"),
        (vec![listener("[::]:5080", None), listener("192.0.2.7:5090", None)], "192.0.2.7:5090"),
        (vec![listener("[2001:db8::1]:5080", None)], "192.0.2.7:5060"),
    ] {
        let settings = Settings { listeners, ..Settings::default() };
        let invite = called_with(&mut World::with(settings), order()).invite;
        let contact = invite.contact.as_ref().expect("a contact");
        assert_eq!(contact.uri.as_str(), format!("sip:call-agent@{told};transport=tcp"));
        let via = header(&invite.headers, "Via").expect("a Via");
        assert!(via.starts_with(&format!("SIP/2.0/TCP {told};")), "{via}");
    }
}

/// Where the INVITE of an account goes first, its Request-URI and its Route.
fn way(
    mut account: crate::agent::AccountSettings,
    proxy: Option<&str>,
    called: &str,
) -> (String, String, Option<String>) {
    account.outbound_proxy = proxy.map(|proxy| Uri::parse(proxy.into()).expect("a URI"));
    let mut world = with_accounts(vec![account]);
    world.originate(to(called));
    let Destination::Hop(hop) = world.reach() else { panic!("a hop") };
    let invite = world.request();
    let transport = hop.transport.map_or("any".to_owned(), |transport| transport.to_string());
    let port = hop.port.map_or(String::new(), |port| format!(":{port}"));
    let hop = format!("{transport} {}{port}{}", hop.host, if hop.secure { " secure" } else { "" });
    (hop, invite.uri.as_str().to_owned(), header(&invite.headers, "Route"))
}

#[test]
fn calls_of_an_account_go_to_its_proxy_to_its_registrar_or_straight() {
    let mut other_host = account("1000");
    other_host.registrar = Uri::parse("sip:10.0.0.9:5070;transport=tcp".into()).expect("a URI");
    let cases = [
        (account("1000"), None, "1001", "TCP pbx.example.com", "sip:1001@pbx.example.com"),
        (other_host.clone(), None, "1001", "TCP 10.0.0.9:5070", "sip:1001@pbx.example.com"),
        (other_host.clone(), None, "sip:1001@10.0.0.9", "TCP 10.0.0.9:5070", "sip:1001@10.0.0.9"),
        (
            other_host.clone(),
            None,
            "sip:1001@pbx.example.com:5080",
            "any pbx.example.com:5080",
            "sip:1001@pbx.example.com:5080",
        ),
        (other_host.clone(), None, "sip:1001@example.org", "any example.org", "sip:1001@example.org"),
        (
            other_host.clone(),
            None,
            "sips:1001@pbx.example.com",
            "TLS 10.0.0.9 secure",
            "sips:1001@pbx.example.com",
        ),
        (
            other_host,
            None,
            "sip:1001@pbx.example.com;transport=udp",
            "UDP pbx.example.com",
            "sip:1001@pbx.example.com;transport=udp",
        ),
    ];
    for (account, proxy, called, hop, uri) in cases {
        assert_eq!(way(account, proxy, called), (hop.to_owned(), uri.to_owned(), None));
    }
}

#[test]
fn a_proxy_is_the_first_route_and_is_taken_to_route_loosely() {
    let loose = way(account("1000"), Some("sip:edge.example.com:5070;transport=tcp;lr"), "1001");
    let route = "<sip:edge.example.com:5070;transport=tcp;lr>".to_owned();
    assert_eq!(loose, ("TCP edge.example.com:5070".into(), "sip:1001@pbx.example.com".into(), Some(route)));
    let bare = way(account("1000"), Some("sip:edge.example.com"), "1001");
    let route = "<sip:edge.example.com;lr>".to_owned();
    assert_eq!(bare, ("any edge.example.com".into(), "sip:1001@pbx.example.com".into(), Some(route)));
}

#[test]
fn a_sips_uri_wants_a_sips_contact() {
    let settings = Settings { advertise: Some(("a.example.com".into(), Some(5061))), ..Settings::default() };
    let mut world = World::new(Transport::Tls, settings);
    let invite = called_with(&mut world, to("sips:1001@pbx.example.com")).invite;
    let contact = invite.contact.expect("a contact").uri;
    assert_eq!(contact.as_str(), "sips:call-agent@a.example.com:5061;transport=tls");
}

#[test]
fn headers_descriptions_labels_and_times_are_checked() {
    let header =
        |name: &str, value: &str| NewHeaders(vec![NewHeader { name: name.into(), value: value.into() }]);
    let long = "x".repeat(300);
    for (field, originate) in [
        ("headers", Originate { headers: header("Via", "x"), ..order() }),
        ("headers", Originate { headers: header("X-A", "a\r\nb"), ..order() }),
        ("sdp", Originate { sdp: Some("hello".to_owned()), ..order() }),
        ("labels", Originate { labels: [(String::new(), "a".to_owned())].into(), ..order() }),
        ("labels", Originate { labels: [("a".to_owned(), long)].into(), ..order() }),
        ("timeout_seconds", Originate { timeout_seconds: Some(0), ..order() }),
        ("timeout_seconds", Originate { timeout_seconds: Some(86_401), ..order() }),
    ] {
        assert_eq!(wrong(&mut World::tcp(), originate), field);
    }
}

#[test]
fn a_call_waits_as_long_as_it_is_told_or_as_the_settings_say() {
    let settings = || Settings { ring_timeout: Duration::from_secs(20), ..Settings::default() };
    for (timeout_seconds, longest) in [(None, 20), (Some(1), 1), (Some(31), 31)] {
        let mut world = World::with(settings());
        world.originate(Originate { timeout_seconds, ..order() });
        world.advance(Duration::from_secs(longest) - Duration::from_millis(1));
        assert!(world.call().end.is_none());
        world.advance(Duration::from_millis(1));
        assert!(world.call().end.is_some());
    }
}
