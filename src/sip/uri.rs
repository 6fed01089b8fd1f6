//! SIP and other URIs (RFC 3261 §19.1, §25.1).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use bytestring::ByteString;
use rsip::{Auth, Host, HostWithPort, Param, Scheme, Transport};

use super::grammar::decimal;

/// A URI: its text as received, and its parts where it is a SIP or SIPS URI. Two URIs are equal if their texts are.
#[derive(Clone, Debug)]
pub struct Uri {
    text: ByteString,
    /// `None` for a URI of another scheme: only its text means something.
    parts: Option<rsip::Uri>,
}

impl PartialEq for Uri {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Uri {}

impl Uri {
    /// Reads a URI by the grammar of §25.1. The error names the fault.
    pub fn parse(text: ByteString) -> Result<Self, &'static str> {
        let parts = match split(&text)? {
            Split::Sip(sip) => Some(sip.parts()),
            Split::Other => None,
        };
        Ok(Self { text, parts })
    }

    /// The URI as received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URI as received, to be shared.
    pub fn text(&self) -> &ByteString {
        &self.text
    }

    /// The parts in rsip's words; `None` for a URI of another scheme than `sip` and `sips`.
    pub fn parts(&self) -> Option<&rsip::Uri> {
        self.parts.as_ref()
    }

    /// `sip` or `sips`: what the agent can be asked for (else 416).
    pub fn is_sip(&self) -> bool {
        self.parts.is_some()
    }

    /// `sips`.
    pub fn is_sips(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.scheme == Some(Scheme::Sips))
    }

    /// The user part with its escapes, without a password.
    pub fn user(&self) -> Option<&str> {
        self.parts.as_ref().and_then(rsip::Uri::user)
    }

    /// Host without brackets, as text; empty for a URI that is not SIP.
    pub fn host(&self) -> Cow<'_, str> {
        match self.parts.as_ref().map(rsip::Uri::host) {
            Some(Host::Domain(domain)) => Cow::Borrowed(domain.value()),
            Some(Host::IpAddr(address)) => Cow::Owned(address.to_string()),
            None => Cow::Borrowed(""),
        }
    }

    /// The port, if one is written.
    pub fn port(&self) -> Option<u16> {
        self.parts.as_ref()?.port().map(|port| *port.value())
    }

    /// The `transport` parameter, if it is one that rsip knows.
    pub fn transport(&self) -> Option<Transport> {
        self.parts.as_ref()?.transport().copied()
    }

    /// A URI parameter by its name, without case: `Some("")` for one without a value.
    pub fn param(&self, name: &str) -> Option<&str> {
        match split(&self.text) {
            Ok(Split::Sip(sip)) => {
                sip.params().find(|param| param.0.eq_ignore_ascii_case(name)).map(|param| param.1)
            }
            _ => None,
        }
    }

    /// Has `lr` (§16.12): the element routes loosely.
    pub fn is_loose(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.params.contains(&Param::Lr))
    }

    /// Has headers behind a `?`, which a Request-URI must not (§19.1.1).
    pub fn has_headers(&self) -> bool {
        matches!(split(&self.text), Ok(Split::Sip(Sip { headers: Some(_), .. })))
    }
}

/// Whether `text` is a URI; the error names the fault.
pub(super) fn check(text: &[u8]) -> Result<(), &'static str> {
    split(std::str::from_utf8(text).map_err(|_| NOT_TEXT)?).map(drop)
}

/// The fault of a URI that is not UTF-8.
pub(super) const NOT_TEXT: &str = "URI is not text";

enum Split<'a> {
    Sip(Sip<'a>),
    Other,
}

/// The pieces of a SIP or SIPS URI.
struct Sip<'a> {
    secure: bool,
    user: Option<(&'a str, Option<&'a str>)>,
    host: Host,
    port: Option<u16>,
    /// With their semicolons; empty if there are none.
    params: &'a str,
    headers: Option<&'a str>,
}

impl<'a> Sip<'a> {
    fn params(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.params.split(';').skip(1).map(|param| param.split_once('=').unwrap_or((param, "")))
    }

    fn parts(self) -> rsip::Uri {
        let params = self.params().map(|(name, value)| param(name, value)).collect();
        rsip::Uri {
            scheme: Some(if self.secure { Scheme::Sips } else { Scheme::Sip }),
            auth: self.user.map(|(user, password)| Auth {
                user: user.to_owned(),
                password: password.map(str::to_owned),
            }),
            host_with_port: HostWithPort { host: self.host, port: self.port.map(Into::into) },
            params,
            headers: Vec::new(),
        }
    }
}

/// A parameter in rsip's words, where it has one that loses nothing that we act on.
fn param(name: &str, value: &str) -> Param {
    if name.eq_ignore_ascii_case("lr") {
        return Param::Lr;
    }
    if name.eq_ignore_ascii_case("transport")
        && let Some(transport) = transport(value)
    {
        return Param::Transport(transport);
    }
    Param::Other(name.to_owned().into(), (!value.is_empty()).then(|| value.to_owned().into()))
}

fn transport(token: &str) -> Option<Transport> {
    let known = [
        ("tcp", Transport::Tcp),
        ("udp", Transport::Udp),
        ("tls", Transport::Tls),
        ("ws", Transport::Ws),
        ("wss", Transport::Wss),
        ("sctp", Transport::Sctp),
        ("tls-sctp", Transport::TlsSctp),
    ];
    known.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(token)).map(|(_, transport)| transport)
}

fn split(text: &str) -> Result<Split<'_>, &'static str> {
    let (scheme, rest) = text.split_once(':').ok_or("URI without a scheme")?;
    if !is_scheme(scheme) {
        return Err("bad URI scheme");
    }
    if rest.is_empty() {
        return Err("empty URI");
    }
    if !text.bytes().all(is_visible) {
        return Err("character not allowed in a URI");
    }
    let secure = scheme.eq_ignore_ascii_case("sips");
    if !secure && !scheme.eq_ignore_ascii_case("sip") {
        return Ok(Split::Other);
    }
    escapes_are_whole(rest)?;
    // An "@" behind the host is not allowed unescaped, so the first one ends the user, whatever else is in there (";", "?", "/").
    let (user, rest) = match rest.split_once('@') {
        Some((user, rest)) => (Some(userinfo(user)?), rest),
        None => (None, rest),
    };
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, Some(headers)),
        None => (rest, None),
    };
    let (hostport, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
    if params.split(';').skip(1).any(|param| param.is_empty() || param.starts_with('=')) {
        return Err("empty URI parameter");
    }
    if headers.is_some_and(|headers| headers.split('&').any(|header| !header.contains('='))) {
        return Err("bad URI headers");
    }
    let (host, port) = host_port(hostport)?;
    Ok(Split::Sip(Sip { secure, user, host, port, params, headers }))
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Wider than the grammar by what peers send unescaped (`#`, letters beyond ASCII); what would end a URI is not in it.
fn is_visible(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !matches!(byte, b'<' | b'>' | b'"' | b'\\')
}

fn escapes_are_whole(text: &str) -> Result<(), &'static str> {
    if !text.contains('%') {
        return Ok(());
    }
    let whole = text.split('%').skip(1).all(|behind| {
        let mut digits = behind.bytes();
        [digits.next(), digits.next()]
            .iter()
            .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
    });
    if whole { Ok(()) } else { Err("bad escape in a URI") }
}

fn userinfo(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    if user.is_empty() { Err("empty user in a URI") } else { Ok((user, password)) }
}

fn host_port(text: &str) -> Result<(Host, Option<u16>), &'static str> {
    let end = text.find(']').map_or(0, |bracket| bracket + 1);
    let colon = text.get(end..).and_then(|behind| behind.find(':')).map_or(text.len(), |at| end + at);
    let (name, digits) = text.split_at(colon);
    let port = digits.strip_prefix(':').map(|digits| port(digits.as_bytes())).transpose()?;
    Ok((host(name)?, port))
}

/// A port number in digits.
pub(super) fn port(digits: &[u8]) -> Result<u16, &'static str> {
    decimal(digits, u16::MAX.into()).and_then(|port| u16::try_from(port).ok()).ok_or("bad port")
}

/// A host name, an IPv4 address, or an IPv6 address in brackets. "_" is in the names that container networks give.
pub(super) fn host(text: &str) -> Result<Host, &'static str> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let address = bracketed.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok());
        return Ok(Host::IpAddr(address.ok_or("bad IPv6 address")?.into()));
    }
    if text.is_empty()
        || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    {
        return Err("bad host");
    }
    Ok(match text.parse::<Ipv4Addr>() {
        Ok(address) => Host::IpAddr(address.into()),
        Err(_) => Host::Domain(text.into()),
    })
}
