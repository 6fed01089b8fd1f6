//! Where we say that we can be reached: Via's sent-by and Contact (RFC 3261 §8.1.1.8, §18.1.1).

use std::net::{Ipv6Addr, SocketAddr};

use super::network::{Flow, ListenerId};
use super::settings::{AccountNumber, Listener, Settings};
use super::stack::{Stack, transport_word};
use crate::sip::{Transport, host_port};

impl Stack {
    /// Where we can be reached over a flow, as Via and Contact say it. On a connection of our own making that is our
    /// listener, which a peer can still connect to when the connection is gone.
    pub fn advertised(&self, flow: &Flow) -> String {
        let listener = self.listener(flow);
        let port = match (flow.listener, listener) {
            (None, Some(listener)) => listener.local.port(),
            _ => flow.local.port(),
        };
        let own = listener.and_then(|listener| listener.advertise.as_ref());
        match own.or(self.settings.advertise.as_ref()) {
            Some((host, advertised)) => format!("{}:{}", bracketed(host), advertised.unwrap_or(port)),
            None => host_port(SocketAddr::new(flow.local.ip(), port)),
        }
    }

    /// Where we can be reached over a connection and no other way; an advertised address goes before it.
    pub fn bound(&self, flow: &Flow) -> String {
        let own = self.listener(flow).and_then(|listener| listener.advertise.as_ref());
        match own.or(self.settings.advertise.as_ref()) {
            Some(_) => self.advertised(flow),
            None => host_port(flow.local),
        }
    }

    /// A host that is ours as far as the settings tell, before any connection does.
    pub fn own_host(&self) -> Option<String> {
        let Settings { advertise, listeners, media, .. } = &self.settings;
        let advertised = listeners.iter().filter_map(|listener| listener.advertise.as_ref());
        let advertised = advertise.iter().chain(advertised).map(|(host, _)| host.clone());
        let listened = listeners.iter().map(|listener| listener.local.ip());
        let bound = listened.chain(media.iter().map(|(address, _)| *address));
        let bound = bound.filter(|address| !address.is_unspecified());
        advertised.chain(bound.map(|address| address.to_string())).next().map(|host| bracketed(&host))
    }

    /// The listener that a flow came by, or one that a peer could use instead.
    fn listener(&self, flow: &Flow) -> Option<&Listener> {
        match flow.listener {
            Some(ListenerId(place)) => self.settings.listeners.get(place),
            None => {
                let of_family = |listener: &&Listener| listener.local.is_ipv4() == flow.local.is_ipv4();
                let fit = |listener: &&Listener| {
                    listener.transport == flow.transport && (of_family(listener) || takes_both(listener))
                };
                // The first of its own family, else the first of all.
                self.settings.listeners.iter().filter(fit).min_by_key(|listener| !of_family(listener))
            }
        }
    }
}

/// Whether it takes IPv4 as well as IPv6: one that listens on all addresses of IPv6 does.
fn takes_both(listener: &Listener) -> bool {
    listener.local.ip() == Ipv6Addr::UNSPECIFIED
}

/// The Contact of a call (§8.1.1.8, §12.1.1).
#[derive(Clone, Debug)]
pub struct Contact {
    /// Whose the call is; nobody's, if of no account.
    pub account: Option<AccountNumber>,
    /// As URIs write it; may be empty.
    pub user: String,
    /// Whether it has to be a `sips:` URI, as the Request-URI or the next one of its route is.
    pub is_secure: bool,
}

impl Contact {
    /// As it stands in its header over a flow: an account is reached by the connection that it uses, anybody else where we
    /// listen.
    pub fn at(&self, stack: &Stack, flow: &Flow) -> String {
        let at = match self.account {
            Some(_) => stack.bound(flow),
            None => stack.advertised(flow),
        };
        contact(if self.is_secure { "sips" } else { "sip" }, &self.user, &at, flow.transport)
    }
}

/// Our own URI at an address, in angle brackets: what Contact says.
pub fn contact(scheme: &str, user: &str, at: &str, transport: Transport) -> String {
    let whose = if user.is_empty() { "" } else { "@" };
    // UDP is what a URI without the parameter means.
    let (param, word) = match transport {
        Transport::Udp => ("", ""),
        other => (";transport=", transport_word(other)),
    };
    ["<", scheme, ":", user, whose, at, param, word, ">"].concat()
}

/// A host as URIs write it: an IPv6 address in brackets.
pub fn bracketed(host: &str) -> String {
    let is_bare = host.contains(':') && !host.starts_with('[');
    if is_bare { format!("[{host}]") } else { host.to_owned() }
}
