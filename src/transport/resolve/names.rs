//! What the hosts file and the name servers know.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, select};
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};
use tokio::time::timeout;

use super::order::Server;
use super::preference::Preference;
use super::rule::Rule;
use super::search::Search;

/// Where the system says whom it asks.
const SYSTEM: &str = "/etc/resolv.conf";

/// How long one name server may take; then it is asked again, or the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the addresses of one family wait for those of the other.
const GRACE: Duration = Duration::from_millis(100);

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
    search: Search,
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
        let (name, asking) = (name(host)?, self.asking()?);
        let mut why = nothing(host, "address");
        for name in asking.search.names(name) {
            match asking.both(name).await {
                Ok(found) if found.is_empty() => why = nothing(host, "address"),
                Ok(mut found) => {
                    self.preference.sort(&mut found);
                    return Ok(found);
                }
                Err(error) => why = missing(host, "address", &error),
            }
        }
        Err(why)
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
        let found = self.asking()?.resolver.lookup(name, kind).await;
        let found = found.map_err(|error| missing(domain, &what, &error))?;
        let records: Vec<_> = found.answers().iter().filter_map(|record| read(&record.data)).collect();
        if records.is_empty() { Err(nothing(domain, &what)) } else { Ok(records) }
    }

    /// Who is to be asked now: the system may have changed its mind, or may not have said anything before.
    fn asking(&self) -> Result<Asking, Missing> {
        let said = match self.server {
            Some(_) => None,
            None => std::fs::metadata(SYSTEM).and_then(|file| file.modified()).ok(),
        };
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asking) = asking.as_ref().filter(|asking| asking.said == said) {
            return Ok(asking.clone());
        }
        let found = Asking::begin(self.server, said)
            .map_err(|error| Missing::Unknown(format!("no name server is known ({SYSTEM}: {error})")))?;
        Ok(asking.insert(found).clone())
    }
}

impl Asking {
    fn begin(server: Option<SocketAddr>, said: Option<SystemTime>) -> Result<Self, NetError> {
        let (config, mut options) = match server {
            None => read_system_conf()?,
            Some(server) => {
                let mut asked = NameServerConfig::udp_and_tcp(server.ip());
                for connection in &mut asked.connections {
                    connection.port = server.port();
                }
                (ResolverConfig::from_parts(None, Vec::new(), vec![asked]), ResolverOpts::default())
            }
        };
        options.timeout = options.timeout.min(PATIENCE);
        options.attempts = options.attempts.min(2);
        options.use_hosts_file = ResolveHosts::Never;
        let search = Search::of(&config, &options);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        Ok(Self { resolver: builder.build()?, search, said })
    }

    /// The addresses of a name, of both families at once. There are name servers that never answer for AAAA (RFC 4074 §4.1):
    /// what one question has found does not wait long for the other (RFC 8305 §3).
    async fn both(&self, name: Name) -> Result<Vec<IpAddr>, NetError> {
        let ipv6 = pin!(self.of_kind(name.clone(), RecordType::AAAA));
        let ipv4 = pin!(self.of_kind(name, RecordType::A));
        let (ipv6, ipv4) = match select(ipv6, ipv4).await {
            Either::Left((ipv6, ipv4)) => {
                let ipv4 = beside(&ipv6, ipv4).await;
                (ipv6, ipv4)
            }
            Either::Right((ipv4, ipv6)) => (beside(&ipv4, ipv6).await, ipv4),
        };
        match (ipv6, ipv4) {
            (Ok(ipv6), Ok(ipv4)) => Ok([ipv6, ipv4].concat()),
            (Ok(found), Err(_)) | (Err(_), Ok(found)) if !found.is_empty() => Ok(found),
            (Err(unknown), Err(error)) if error.is_no_records_found() => Err(unknown),
            (_, Err(error)) | (Err(error), _) => Err(error),
        }
    }

    async fn of_kind(&self, name: Name, kind: RecordType) -> Result<Vec<IpAddr>, NetError> {
        let found = self.resolver.lookup(name, kind).await?;
        Ok(found.answers().iter().filter_map(|record| record.data.ip_addr()).collect())
    }
}

/// What the other question finds, in the time that it has beside this one.
async fn beside<T>(
    one: &Result<Vec<T>, NetError>,
    other: impl Future<Output = Result<Vec<T>, NetError>>,
) -> Result<Vec<T>, NetError> {
    match one {
        Ok(found) if !found.is_empty() => timeout(GRACE, other).await.unwrap_or_else(|_| Ok(Vec::new())),
        _ => other.await,
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
