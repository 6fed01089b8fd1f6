//! What the hosts file and the name servers know.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver};

use super::order::Server;
use super::preference::Preference;
use super::rule::Rule;

/// Where the system says whom it asks.
const SYSTEM: &str = "/etc/resolv.conf";

/// How long one name server may take; then it is asked again, or the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where names are looked up.
pub(super) struct Names {
    /// `None`: whom the system says.
    server: Option<SocketAddr>,
    preference: Preference,
    asking: Mutex<Option<Asking>>,
}

/// Who is asked, and since when the system has said so.
#[derive(Clone)]
struct Asking {
    resolver: TokioResolver,
    said: Option<SystemTime>,
}

/// Why nothing was found; for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is certain that there is nothing.
    Nothing(String),
    /// Nobody could say.
    Unknown(String),
}

impl Missing {
    pub(super) fn why(self) -> String {
        match self {
            Self::Nothing(why) | Self::Unknown(why) => why,
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Names {
    pub(super) fn new(server: Option<SocketAddr>, preference: Preference) -> Self {
        Self { server, preference, asking: Mutex::new(None) }
    }

    /// The addresses that need nobody to be asked: those of the hosts file (read anew, as it may have changed), and of
    /// `localhost` (RFC 6761 §6.3).
    pub(super) async fn known(&self, host: &str) -> Vec<IpAddr> {
        let Ok(name) = Name::from_ascii(host) else { return Vec::new() };
        let hosts = tokio::task::spawn_blocking(Hosts::from_system).await;
        let hosts = hosts.ok().and_then(Result::ok).unwrap_or_default();
        let listed = |kind| hosts.lookup_static_host(&Query::query(name.clone(), kind));
        let mut known: Vec<IpAddr> = [RecordType::AAAA, RecordType::A]
            .into_iter()
            .filter_map(listed)
            .flat_map(|found| {
                found.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>()
            })
            .collect();
        if known.is_empty() && name.is_localhost() {
            known = vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
        }
        self.preference.sort(&mut known);
        known
    }

    /// The addresses of a host (RFC 3596 and RFC 1035), in the order in which they are tried; at least one.
    pub(super) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Missing> {
        let name = name(host)?;
        let asked = self.resolver()?.lookup_ip(name).await;
        let mut found: Vec<_> = asked.map_err(|error| missing(host, "address", &error))?.iter().collect();
        self.preference.sort(&mut found);
        if found.is_empty() { Err(nothing(host, "address")) } else { Ok(found) }
    }

    /// The servers of a service (RFC 2782); none if it says that there are none.
    pub(super) async fn servers(&self, service: &str) -> Result<Vec<Server>, Missing> {
        let server = |data: &RData| match data {
            RData::SRV(srv) => Some(Server {
                priority: srv.priority,
                weight: srv.weight,
                host: srv.target.to_ascii(),
                port: srv.port,
            }),
            _ => None,
        };
        let mut servers = self.records(service, RecordType::SRV, server).await?;
        servers.retain(|server| server.host != ".");
        Ok(servers)
    }

    /// The rules for reaching a domain (RFC 3403 §4).
    pub(super) async fn rules(&self, domain: &str) -> Result<Vec<Rule>, Missing> {
        let text = |text: &[u8]| String::from_utf8_lossy(text).to_ascii_uppercase();
        let rule = |data: &RData| match data {
            RData::NAPTR(rule) => Some(Rule {
                order: rule.order,
                preference: rule.preference,
                flags: text(&rule.flags),
                service: text(&rule.services),
                replacement: rule.replacement.to_ascii(),
            }),
            _ => None,
        };
        self.records(domain, RecordType::NAPTR, rule).await
    }

    async fn records<T>(
        &self,
        domain: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Vec<T>, Missing> {
        let mut name = name(domain)?;
        // A search list is for hosts.
        name.set_fqdn(true);
        let what = kind.to_string();
        let found =
            self.resolver()?.lookup(name, kind).await.map_err(|error| missing(domain, &what, &error))?;
        let records: Vec<_> = found.answers().iter().filter_map(|record| read(&record.data)).collect();
        if records.is_empty() { Err(nothing(domain, &what)) } else { Ok(records) }
    }

    /// Who is to be asked now: the system may have changed its mind, or may not have said anything before.
    fn resolver(&self) -> Result<TokioResolver, Missing> {
        let said = match self.server {
            Some(_) => None,
            None => std::fs::metadata(SYSTEM).and_then(|file| file.modified()).ok(),
        };
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asking) = asking.as_ref().filter(|asking| asking.said == said) {
            return Ok(asking.resolver.clone());
        }
        let resolver = self
            .build()
            .map_err(|error| Missing::Unknown(format!("no name server is known ({SYSTEM}: {error})")))?;
        *asking = Some(Asking { resolver: resolver.clone(), said });
        Ok(resolver)
    }

    fn build(&self) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => {
                let mut asked = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut asked.connections {
                    connection.port = server.port();
                }
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![asked]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options: &mut ResolverOpts = builder.options_mut();
        options.timeout = options.timeout.min(PATIENCE);
        options.attempts = options.attempts.min(2);
        options.use_hosts_file = ResolveHosts::Never;
        options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        builder.build()
    }
}

fn name(host: &str) -> Result<Name, Missing> {
    Name::from_ascii(host).map_err(|_| Missing::Nothing(format!("{host} is not a name")))
}

fn nothing(host: &str, what: &str) -> Missing {
    Missing::Nothing(format!("{host} has no {what}"))
}

fn missing(host: &str, what: &str, error: &NetError) -> Missing {
    match error {
        error if error.is_nx_domain() => Missing::Nothing(format!("{host} does not exist")),
        error if error.is_no_records_found() => nothing(host, what),
        NetError::Timeout => Missing::Unknown(format!("{host}: no name server has answered")),
        error => Missing::Unknown(format!("{host}: {error}")),
    }
}
