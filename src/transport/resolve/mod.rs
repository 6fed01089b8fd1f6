//! From a hop to addresses (RFC 3263 §4).
//!
//! ```text
//!  a number, or a port ──────────────────────────────────► the address, or those of the name; UDP if nothing else is said
//!  a transport, no port ────────────────► SRV of it ──┐
//!  neither ──► NAPTR ──► SRV that it names ───────────┼──► those of the servers
//!                └─ none ──► SRV of each transport ───┤
//!                                                     └─ none ──► those of the name, at the default port
//! ```

mod names;
mod order;
mod preference;
mod rule;
mod search;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tokio::time::timeout;

use crate::agent::{Address, Hop};
use crate::sip::{Transport, default_port};
use names::{Missing, Names};
use order::ordered;
pub(super) use preference::Preference;

/// How many addresses of a hop are tried at most.
const MOST_ADDRESSES: usize = 16;
/// How many rules of a domain, and servers of all its services, are looked at.
const MOST_RULES: usize = 4;
const MOST_SERVERS: usize = 16;

/// What a server may be reached by where nothing is said of it, in order; TLS beside them where TLS alone will do.
const USUAL: [Transport; 2] = [Transport::Udp, Transport::Tcp];

/// Looks hops up; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    names: Arc<Names>,
    /// What a domain's rules may lead to.
    ours: &'static [Transport],
}

/// A host that a hop's name stands for.
#[derive(Clone, Debug)]
struct Target {
    transport: Transport,
    host: String,
    port: u16,
}

/// The transport of a hop, if it says one; an error if it is none of ours.
fn transport(hop: &Hop) -> Result<Option<Transport>, String> {
    match (hop.transport, hop.secure) {
        (None, _) => Ok(None),
        (Some(Transport::Tls), _) | (Some(Transport::Tcp), true) => Ok(Some(Transport::Tls)),
        (Some(transport @ (Transport::Udp | Transport::Tcp)), false) => Ok(Some(transport)),
        (Some(other), false) => Err(format!("{}: nothing is sent by {other}", hop.host)),
        (Some(other), true) => Err(format!("{}: {other} is not secure enough", hop.host)),
    }
}

/// What a hop is reached by if nobody says another thing (RFC 3263 §4.1).
fn usual(hop: &Hop) -> Transport {
    if hop.secure { Transport::Tls } else { Transport::Udp }
}

/// Where a hop is if its host is an address; `None` if it has to be looked up.
pub(super) fn literal(hop: &Hop) -> Result<Option<Address>, String> {
    let transport = transport(hop)?.unwrap_or_else(|| usual(hop));
    let address = hop.host.parse::<IpAddr>().ok();
    Ok(address.map(|ip| Address {
        transport,
        address: SocketAddr::new(ip.to_canonical(), hop.port.unwrap_or_else(|| default_port(transport))),
        host: hop.certified().clone(),
    }))
}

impl Resolver {
    pub(super) fn new(server: Option<SocketAddr>, preference: Preference, has_tls: bool) -> Self {
        let ours: &[_] = if has_tls { &[Transport::Udp, Transport::Tcp, Transport::Tls] } else { &USUAL };
        Self { names: Arc::new(Names::new(server, preference)), ours }
    }

    /// Where a hop is, best first, at least one address; or why that is not known. Services have half of the time, so that
    /// the name itself still has its turn where nobody answers for them.
    pub(super) async fn find(&self, hop: &Hop, limit: Duration) -> Result<Vec<Address>, String> {
        let found = timeout(limit, self.addresses(hop, limit / 2)).await;
        found.unwrap_or_else(|_| Err(format!("{}: no name server has answered in time", hop.host)))
    }

    async fn addresses(&self, hop: &Hop, limit: Duration) -> Result<Vec<Address>, String> {
        if let Some(address) = literal(hop)? {
            return Ok(vec![address]);
        }
        let transport = transport(hop)?;
        let by = transport.unwrap_or_else(|| usual(hop));
        let port = hop.port.unwrap_or_else(|| default_port(by));
        let own = Target { transport: by, host: hop.host.to_string(), port };
        let known = self.names.known(&hop.host).await;
        if !known.is_empty() {
            return Ok(addresses_of(hop, &own, known));
        }
        if hop.port.is_some() {
            return self.of_target(hop, &own).await.map_err(Missing::why);
        }
        let services = timeout(limit, self.services(hop, transport, limit / 2));
        match join(services, self.of_target(hop, &own)).await {
            (Ok(Some(targets)), _) => self.of_targets(hop, targets, limit * 4 / 5).await,
            (Ok(None) | Err(_), found) => found.map_err(Missing::why),
        }
    }

    /// The servers of a domain by its NAPTR and SRV records; `None` if it has none. The rules have no longer than `limit`:
    /// there are name servers that never answer for them.
    async fn services(
        &self,
        hop: &Hop,
        transport: Option<Transport>,
        limit: Duration,
    ) -> Option<Vec<Target>> {
        let by = match transport {
            Some(transport) => vec![transport],
            None if hop.secure => vec![Transport::Tls],
            None => USUAL.to_vec(),
        };
        let plain =
            join_all(by.into_iter().map(|by| self.servers(by, format!("{}.{}", service(by), hop.host))));
        if transport.is_some() {
            return together(plain.await);
        }
        // Both at once: most domains have no rules, and a call waits for this.
        let (ruled, plain) = join(timeout(limit, self.ruled(hop)), plain).await;
        ruled.ok().flatten().or_else(|| together(plain))
    }

    /// The servers that the rules of a domain lead to, in their order (RFC 3263 §4.1).
    async fn ruled(&self, hop: &Hop) -> Option<Vec<Target>> {
        let mut rules = self.names.rules(&hop.host).await.ok()?;
        rules.sort_by_key(|rule| (rule.order, rule.preference));
        let is_allowed = |by: Transport| self.ours.contains(&by) && (!hop.secure || by == Transport::Tls);
        let led =
            rules.into_iter().filter_map(|rule| Some((rule.leads_by().filter(|by| is_allowed(*by))?, rule)));
        let targets = led.take(MOST_RULES).map(async |(by, rule)| match &*rule.flags {
            "S" => self.servers(by, rule.replacement).await,
            _ => Some(vec![Target { transport: by, host: rule.replacement, port: default_port(by) }]),
        });
        together(join_all(targets).await)
    }

    /// The servers of a service, in the order in which they are tried; `None` if nothing is known of it.
    async fn servers(&self, transport: Transport, service: String) -> Option<Vec<Target>> {
        let servers = self.names.servers(&service).await.ok()?;
        // Without randomness the lot falls on the first.
        let draw = |most: u32| {
            getrandom::u64().map_or(0, |lot| u32::try_from(lot % (u64::from(most) + 1)).unwrap_or(0))
        };
        let target = |server: order::Server| Target { transport, host: server.host, port: server.port };
        Some(ordered(servers, draw).into_iter().map(target).collect())
    }

    /// Where the servers are. One that is not found within `limit` is left out: the others can be tried.
    async fn of_targets(
        &self,
        hop: &Hop,
        mut targets: Vec<Target>,
        limit: Duration,
    ) -> Result<Vec<Address>, String> {
        targets.truncate(MOST_SERVERS);
        let within = async |target| {
            let late =
                |_| Err(Missing::Unknown(format!("{}: no name server has answered in time", hop.host)));
            timeout(limit, self.of_target(hop, target)).await.unwrap_or_else(late)
        };
        let found = join_all(targets.iter().map(within)).await;
        let mut addresses = Vec::new();
        let mut why = format!("{} says that it takes no calls", hop.host);
        for found in found {
            match found {
                Ok(found) => addresses.extend(found),
                Err(missing) => why = missing.why(),
            }
        }
        let mut seen = Vec::new();
        addresses.retain(|address| {
            !seen.contains(address) && {
                seen.push(address.clone());
                true
            }
        });
        addresses.truncate(MOST_ADDRESSES);
        if addresses.is_empty() { Err(why) } else { Ok(addresses) }
    }

    async fn of_target(&self, hop: &Hop, target: &Target) -> Result<Vec<Address>, Missing> {
        let mut found = self.names.known(&target.host).await;
        if found.is_empty() {
            found = self.names.addresses(&target.host).await?;
        }
        Ok(addresses_of(hop, target, found))
    }
}

/// What the SRV records of a transport stand below (RFC 3263 §4.1).
fn service(transport: Transport) -> &'static str {
    match transport {
        Transport::Tls => "_sips._tcp",
        Transport::Tcp => "_sip._tcp",
        _ => "_sip._udp",
    }
}

/// Those of every list, in order; `None` if nothing is known of any.
fn together(lists: Vec<Option<Vec<Target>>>) -> Option<Vec<Target>> {
    let mut known = lists.into_iter().flatten().peekable();
    known.peek()?;
    Some(known.flatten().collect())
}

/// The same name has to be certified whatever servers it leads to.
fn addresses_of(hop: &Hop, target: &Target, found: Vec<IpAddr>) -> Vec<Address> {
    let address = |ip: IpAddr| Address {
        transport: target.transport,
        address: SocketAddr::new(ip.to_canonical(), target.port),
        host: hop.certified().clone(),
    };
    found.into_iter().take(MOST_ADDRESSES).map(address).collect()
}
