//! Whether peers can use the addresses that they will be told: what Contact and Via say where nothing is advertised is often
//! an address of a container, and the calls then come to nothing without a word.

use std::net::{IpAddr, UdpSocket};
use std::path::Path;

use crate::agent::{AccountSettings, Listener, Settings};
use crate::config::scheme;

/// What of the place that the agent runs in matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// Whether that is a container.
    pub container: bool,
    /// The addresses of ours that peers elsewhere see, or the next NAT.
    pub outward: Vec<IpAddr>,
}

impl Surroundings {
    /// Looks around.
    pub fn look() -> Self {
        let marks = ["/.dockerenv", "/run/.containerenv"];
        let container = marks.iter().any(|mark| Path::new(mark).exists())
            || std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
        // Documentation addresses (RFC 5737, RFC 3849). Nothing is sent: connecting a UDP socket only asks for the route.
        let routes = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
        let own = |(any, elsewhere): (&str, &str)| {
            let socket = UdpSocket::bind(any).ok()?;
            socket.connect(elsewhere).ok()?;
            Some(socket.local_addr().ok()?.ip())
        };
        Self { container, outward: routes.into_iter().filter_map(own).collect() }
    }
}

/// One line for each listener that peers are told an address of which they cannot use, with what to set.
pub(super) fn warnings(settings: &Settings, surroundings: &Surroundings) -> Vec<String> {
    let warn = |listener: &Listener| {
        let fault = match listener.advertise.as_ref().or(settings.advertise.as_ref()) {
            Some((host, _)) => advertised(host, settings),
            None => local(listener, settings, surroundings),
        }?;
        Some(format!("{}://{}: {fault}", scheme(listener.transport), listener.local))
    };
    settings.listeners.iter().filter_map(warn).collect()
}

const SET: &str = "advertise (--advertise HOST[:PORT], or ?advertise=HOST[:PORT] behind the listener's URL)";

/// What is wrong with an address that the settings name.
fn advertised(host: &str, settings: &Settings) -> Option<String> {
    let set = format!("set {SET} to the address by which peers reach this agent");
    match address(host) {
        Some(ip) if ip.is_unspecified() => {
            Some(format!("{host} is advertised, which is nobody's address; {set}"))
        }
        Some(ip) if is_link_local(ip) => {
            Some(format!("{host} is advertised, which means something on one link only; {set}"))
        }
        _ if is_loopback(host) => {
            let account = elsewhere(settings)?;
            Some(format!(
                "{host} is advertised, which is not this agent to the registrar of account {account}; {set}"
            ))
        }
        _ => None,
    }
}

/// What is wrong with the addresses that peers are told because the settings name none.
fn local(listener: &Listener, settings: &Settings, surroundings: &Surroundings) -> Option<String> {
    let ip = listener.local.ip();
    if ip.is_loopback() {
        let account = elsewhere(settings)?;
        return Some(format!(
            "nobody outside of this machine can connect there, and the registrar of account {account} is outside; \
             listen on another address (--sip-listen)"
        ));
    }
    let told = if ip.is_unspecified() { surroundings.outward.as_slice() } else { &[ip] };
    // A socket for IPv6 takes IPv4 too; one for IPv4 does not take IPv6.
    let mut told = told.iter().filter(|told| ip.is_ipv6() || told.is_ipv4());
    let found = told.find_map(|told| match told {
        ip if is_link_local(*ip) => Some((ip, "which means something on one link only")),
        ip if surroundings.container && is_private(*ip) => {
            Some((ip, "an address of this container, which hosts elsewhere cannot reach"))
        }
        _ => None,
    });
    found.map(|(told, why)| {
        format!("peers are told to find this agent at {told}, {why}; set {SET} to the address by which they reach it")
    })
}

/// An account whose requests go to another machine.
fn elsewhere(settings: &Settings) -> Option<&str> {
    let goes_out = |account: &&AccountSettings| {
        let hop = account.outbound_proxy.as_ref().unwrap_or(&account.registrar);
        !is_loopback(&hop.host())
    };
    settings.accounts.iter().find(goes_out).map(|account| &*account.id)
}

/// An address, in brackets or not; `None`: a name.
fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_loopback(host: &str) -> bool {
    address(host).map_or_else(|| host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback())
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// RFC 1918, RFC 6598, RFC 4193.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || matches!(ip.octets(), [100, 64..=127, ..]),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sip::{Transport, Uri};

    fn listener(local: &str, advertise: Option<&str>) -> Listener {
        let advertise = advertise.map(|host| (host.to_owned(), None));
        Listener { transport: Transport::Udp, local: local.parse().unwrap(), advertise }
    }

    fn account(registrar: &str, outbound_proxy: Option<&str>) -> AccountSettings {
        let uri = |text: &str| Uri::parse(text.to_owned().into()).unwrap();
        AccountSettings {
            id: "1000".into(),
            registrar: uri(registrar),
            user: "1000".to_owned(),
            domain: "example.com".to_owned(),
            credentials: None,
            expires: Duration::from_secs(300),
            outbound_proxy: outbound_proxy.map(uri),
        }
    }

    /// What is said of one listener.
    fn said(
        (local, advertise): (&str, Option<&str>),
        accounts: Vec<AccountSettings>,
        surroundings: &Surroundings,
    ) -> Option<String> {
        let settings =
            Settings { listeners: vec![listener(local, advertise)], accounts, ..Settings::default() };
        let mut said = warnings(&settings, surroundings);
        assert!(said.len() < 2);
        said.pop()
    }

    fn container(outward: &[&str]) -> Surroundings {
        Surroundings { container: true, outward: outward.iter().map(|ip| ip.parse().unwrap()).collect() }
    }

    fn machine(outward: &[&str]) -> Surroundings {
        Surroundings { container: false, ..container(outward) }
    }

    #[test]
    fn a_containers_own_address_is_warned_of_unless_another_is_advertised() {
        let bridge = container(&["172.17.0.2"]);
        let warning = said(("0.0.0.0:5060", None), Vec::new(), &bridge).unwrap();
        assert!(warning.starts_with("udp://0.0.0.0:5060: ") && warning.contains("172.17.0.2"), "{warning}");
        assert!(warning.contains("--advertise") && warning.contains("?advertise="), "{warning}");
        assert!(said(("172.17.0.2:5060", None), Vec::new(), &bridge).is_some());
        assert!(said(("[::]:5060", None), Vec::new(), &container(&["172.17.0.2", "fd00::2"])).is_some());
        assert!(said(("[::]:5060", None), Vec::new(), &container(&["fd00::2"])).is_some());
        for told in ["192.0.2.7", "sip.example.com", "[2001:db8::1]"] {
            assert_eq!(said(("0.0.0.0:5060", Some(told)), Vec::new(), &bridge), None, "{told}");
        }
    }

    #[test]
    fn the_advertise_of_all_listeners_counts_where_one_has_none() {
        let advertise = Some(("192.0.2.7".to_owned(), None));
        let listeners = vec![listener("0.0.0.0:5060", None), listener("0.0.0.0:5061", Some("0.0.0.0"))];
        let settings = Settings { advertise, listeners, ..Settings::default() };
        let warnings = warnings(&settings, &container(&["172.17.0.2"]));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("udp://0.0.0.0:5061: "), "{warnings:?}");
    }

    #[test]
    fn a_public_address_of_a_container_and_a_private_one_of_a_machine_are_good() {
        assert_eq!(said(("0.0.0.0:5060", None), Vec::new(), &container(&["192.0.2.7", "fd00::2"])), None);
        for address in ["10.0.0.1", "192.168.1.2", "100.64.0.1"] {
            assert_eq!(said(("0.0.0.0:5060", None), Vec::new(), &machine(&[address])), None);
        }
        assert_eq!(said(("0.0.0.0:5060", None), Vec::new(), &container(&[])), None);
    }

    #[test]
    fn an_address_that_is_nobodys_or_of_one_link_is_warned_of() {
        for told in ["0.0.0.0", "[::]", "169.254.1.1", "[fe80::1]"] {
            let warning = said(("0.0.0.0:5060", Some(told)), Vec::new(), &machine(&["192.0.2.7"])).unwrap();
            assert!(warning.contains(&format!("{told} is advertised")), "{warning}");
        }
        assert!(said(("[fe80::1]:5060", None), Vec::new(), &machine(&[])).is_some());
        assert!(said(("0.0.0.0:5060", None), Vec::new(), &machine(&["169.254.1.1"])).is_some());
    }

    #[test]
    fn loopback_is_warned_of_where_a_registrar_is_elsewhere() {
        let near = || {
            vec![account("sip:127.0.0.1", None), account("sip:localhost", None), account("sip:[::1]", None)]
        };
        let far = || vec![account("sip:127.0.0.1", None), account("sip:pbx.example.com", None)];
        let machine = machine(&["192.0.2.7"]);
        for (local, advertise) in [
            ("127.0.0.1:5060", None),
            ("[::1]:5060", None),
            ("0.0.0.0:5060", Some("127.0.0.1")),
            ("0.0.0.0:5060", Some("localhost")),
            ("0.0.0.0:5060", Some("[::1]")),
        ] {
            let warning = said((local, advertise), far(), &machine).unwrap();
            assert!(warning.contains("account 1000"), "{warning}");
            assert_eq!(said((local, advertise), near(), &machine), None, "{local}");
            assert_eq!(said((local, advertise), Vec::new(), &machine), None, "{local}");
        }
        assert_eq!(said(("127.0.0.1:5060", Some("192.0.2.7")), far(), &machine), None);
    }

    #[test]
    fn where_requests_go_by_a_proxy_the_proxy_is_what_is_near_or_elsewhere() {
        let by = |proxy| vec![account("sip:pbx.example.com", Some(proxy))];
        let listener = ("127.0.0.1:5060", None);
        assert_eq!(said(listener, by("sip:127.0.0.1:5080;lr"), &machine(&[])), None);
        assert!(said(listener, by("sip:edge.example.com;lr"), &machine(&[])).is_some());
    }
}
