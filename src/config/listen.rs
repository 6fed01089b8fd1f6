//! `--sip-listen`: where and by what SIP is listened for, and what peers are told of it.

use std::fmt;
use std::str::FromStr;

use super::value::{Advertise, HostPort};
use crate::sip::Transport;

/// `tcp://HOST:PORT`, `udp://…` or `tls://…`, each perhaps with `?advertise=HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipListen {
    /// By what.
    pub transport: Transport,
    /// The address to listen on.
    pub address: HostPort,
    /// What peers are told instead of that address: a host and, if given, a port.
    pub advertise: Option<(String, Option<u16>)>,
}

impl SipListen {
    pub(super) fn tcp(host: &str, port: u16) -> Self {
        Self { transport: Transport::Tcp, address: HostPort::new(host, port), advertise: None }
    }

    /// Its transport as in a URL.
    pub fn scheme(&self) -> &'static str {
        scheme(self.transport)
    }
}

/// A transport as in the URL of a listener.
pub fn scheme(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tls => "tls",
        _ => "tcp",
    }
}

impl fmt::Display for SipListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.address)
    }
}

impl FromStr for SipListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written = "an address to listen on is written tcp://HOST:PORT, udp:// or tls://";
        let (scheme, rest) = text.split_once("://").ok_or(written)?;
        let transport = match scheme {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            "tls" => Transport::Tls,
            _ => return Err(written.to_owned()),
        };
        let (address, query) = match rest.split_once('?') {
            Some((address, query)) => (address, Some(query)),
            None => (rest, None),
        };
        let advertise = query.map(advertise).transpose()?.map(|told| (told.host, told.port));
        Ok(Self { transport, address: address.parse()?, advertise })
    }
}

fn advertise(query: &str) -> Result<Advertise, String> {
    let told = query.strip_prefix("advertise=");
    told.ok_or("what can stand behind the `?` is advertise=HOST[:PORT]")?.parse()
}
