//! The values of settings, read from their text. An error says what is wrong with it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

use crate::agent::OnOffer;
use crate::sip::sdp;
use crate::state::journal::Durability;

/// A host (an IPv6 address in brackets) and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Advertise { host, port } = text.parse()?;
        Ok(Self { host, port: port.ok_or("a port is missing, as in HOST:PORT")? })
    }
}

/// A host (an IPv6 address in brackets), and a port if one is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advertise {
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl FromStr for Advertise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(format!("an IPv6 address needs brackets: [{text}]"));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| format!("{port:?} is not a port"))?))
            }
            _ => (text, None),
        };
        if is_host(host) {
            Ok(Self { host: host.to_owned(), port })
        } else {
            Err(format!("{host:?} is not a host"))
        }
    }
}

/// A name, an IPv4 address, or an IPv6 address in brackets (RFC 3261 §25.1 `host`).
pub(super) fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None if text.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()) => {
            text.parse::<Ipv4Addr>().is_ok()
        }
        None => {
            let is_label = |label: &str| {
                !label.is_empty()
                    && label.bytes().all(|byte| matches!(byte, b'-' | b'_') || byte.is_ascii_alphanumeric())
            };
            text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
        }
    }
}

/// A name is looked up once, now.
pub(super) fn media_address(text: &str) -> Result<SocketAddr, String> {
    let address: HostPort = text.parse()?;
    let mut found = address.to_string().to_socket_addrs().map_err(|error| error.to_string())?;
    found.next().ok_or_else(|| format!("{} has no address", address.host))
}

/// A name server's address; a name would have to be looked up by itself.
pub fn dns_server(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "an IP address and a port, as in 192.0.2.53:53")
}

/// When something counts as committed.
pub(super) fn durability(text: &str) -> Result<Durability, &'static str> {
    match text {
        "relaxed" => Ok(Durability::Relaxed),
        "strict" => Ok(Durability::Strict),
        _ => Err("relaxed or strict"),
    }
}

/// An encoding name (RFC 8866 §6.6).
pub(super) fn codec(text: &str) -> Result<String, String> {
    if sdp::is_known(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not the name of a codec"))
    }
}

/// What a list of codecs must be: each once, and one for speech among them.
pub(super) fn codecs(names: &[String]) -> Result<(), String> {
    for (place, name) in names.iter().enumerate() {
        if names.iter().take(place).any(|earlier| earlier.eq_ignore_ascii_case(name)) {
            return Err(format!("{name} is there twice"));
        }
    }
    if names.iter().any(|name| sdp::is_speech(name)) {
        return Ok(());
    }
    Err("there is no codec for speech in the list".to_owned())
}

pub(super) fn on_offer(text: &str) -> Result<OnOffer, String> {
    match text {
        "none" => Ok(OnOffer::None),
        "ring" => Ok(OnOffer::Ring),
        "accept" => Ok(OnOffer::Accept),
        "reject" => Ok(OnOffer::Reject),
        _ => Err("one of none, ring, accept, reject".to_owned()),
    }
}

/// A status of a refusal.
pub(super) fn status(text: &str) -> Result<u16, &'static str> {
    let status = text.parse().ok().filter(|status| (400..=699).contains(status));
    status.ok_or("a status from 400 to 699")
}

/// The name of a header.
pub(super) fn header_name(text: &str) -> Result<String, &'static str> {
    if crate::sip::is_token(text) { Ok(text.to_owned()) } else { Err("not the name of a header") }
}

/// May be 0.
pub(super) fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "a whole number".to_owned())
}

/// May be 0.
pub(super) fn small(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "a whole number")
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    match number(text)? {
        0 => Err("at least 1".to_owned()),
        count => Ok(count),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: u32 = text.parse().map_err(|_| "a whole number of seconds".to_owned())?;
    Ok(Duration::from_secs(seconds.into()))
}

pub(super) fn some_seconds(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("at least 1".to_owned()),
        some => Ok(some),
    }
}

/// Directives of what is logged, as tracing reads them.
pub fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The URL of an HTTP server.
pub(super) fn http_url(text: &str) -> Result<String, &'static str> {
    let written = "a URL as in http://HOST:PORT";
    let uri: hyper::Uri = text.parse().map_err(|_| written)?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if is_http && uri.host().is_some() && uri.query().is_none() { Ok(text.to_owned()) } else { Err(written) }
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("one of text, json"),
        }
    }
}
