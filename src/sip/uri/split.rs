//! The grammar of URIs (§25.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rsip::Transport;

use crate::sip::grammar::{Class, decimal};
use crate::sip::text::{cut, find};

/// Whether `text` is a URI; the error names the fault.
pub(in crate::sip) fn check(text: &[u8]) -> Result<(), &'static str> {
    split(std::str::from_utf8(text).map_err(|_| NOT_TEXT)?).map(drop)
}

/// The fault of a URI that is not UTF-8.
pub(in crate::sip) const NOT_TEXT: &str = "URI is not text";

/// A URI taken apart.
pub(super) enum Split<'a> {
    Sip(Sip<'a>),
    Other,
}

/// The pieces of a SIP or SIPS URI.
pub(super) struct Sip<'a> {
    pub secure: bool,
    /// With the password.
    pub user: Option<(&'a str, Option<&'a str>)>,
    pub host: Host<'a>,
    pub port: Option<u16>,
    /// With their semicolons; empty if there are none.
    params: &'a str,
    pub known: KnownParams<'a>,
    pub headers: Option<&'a str>,
}

/// The parameters that are asked for often.
#[derive(Clone, Copy, Default)]
pub(super) struct KnownParams<'a> {
    /// The value of the first `transport`.
    pub transport: Option<&'a str>,
    pub is_loose: bool,
}

/// A host as it is written.
#[derive(Clone, Copy)]
pub(super) enum Host<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl<'a> Sip<'a> {
    /// Names and values; an empty value if there is none.
    pub fn params(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        params(self.params).map(|param| cut(param, b'=').unwrap_or((param, "")))
    }

    /// The value of the first parameter of that name, without case.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params().find(|param| param.0.eq_ignore_ascii_case(name)).map(|param| param.1)
    }
}

/// A transport by its word.
pub(super) fn transport(token: &str) -> Option<Transport> {
    static KNOWN: [(&str, Transport); 7] = [
        ("tcp", Transport::Tcp),
        ("udp", Transport::Udp),
        ("tls", Transport::Tls),
        ("ws", Transport::Ws),
        ("wss", Transport::Wss),
        ("sctp", Transport::Sctp),
        ("tls-sctp", Transport::TlsSctp),
    ];
    KNOWN.iter().find(|(name, _)| name.eq_ignore_ascii_case(token)).map(|(_, transport)| *transport)
}

/// Reads a URI by the grammar; the error names the fault.
pub(super) fn split(text: &str) -> Result<Split<'_>, &'static str> {
    let (scheme, rest) = cut(text, b':').ok_or("URI without a scheme")?;
    if !is_scheme(scheme) {
        return Err("bad URI scheme");
    }
    if rest.is_empty() {
        return Err("empty URI");
    }
    let secure = scheme.eq_ignore_ascii_case("sips");
    if !secure && !scheme.eq_ignore_ascii_case("sip") {
        return if rest.bytes().all(is_visible) { Ok(Split::Other) } else { Err(NOT_ALLOWED) };
    }
    let Marks { at, question, semicolon } = Marks::of(rest.as_bytes())?;
    let user = at.and_then(|at| rest.get(..at)).map(userinfo).transpose()?;
    let end = question.unwrap_or(rest.len());
    let headers = rest.get(end + 1..);
    let host = at.map_or(0, |at| at + 1);
    let hostport = rest.get(host..semicolon.unwrap_or(end)).unwrap_or_default();
    let params = semicolon.and_then(|semicolon| rest.get(semicolon..end)).unwrap_or_default();
    let known = KnownParams::of(params)?;
    if headers.is_some_and(|headers| headers.split('&').any(|header| !header.contains('='))) {
        return Err("bad URI headers");
    }
    let (host, port) = host_port(hostport)?;
    Ok(Split::Sip(Sip { secure, user, host, port, params, known, headers }))
}

impl<'a> KnownParams<'a> {
    /// Of the parameters, of which none may be without a name.
    fn of(params: &'a str) -> Result<Self, &'static str> {
        let mut known = Self::default();
        for param in self::params(params) {
            let (name, value) = cut(param, b'=').unwrap_or((param, ""));
            match name.len() {
                0 => return Err("empty URI parameter"),
                2 if name.eq_ignore_ascii_case("lr") => known.is_loose = true,
                9 if known.transport.is_none() && name.eq_ignore_ascii_case("transport") => {
                    known.transport = Some(value);
                }
                _ => {}
            }
        }
        Ok(known)
    }
}

/// Where the parts of what is behind the scheme end.
#[derive(Default)]
struct Marks {
    /// The end of the user. An "@" behind the host is not allowed unescaped, so the first one is it, whatever else is before it
    /// (";", "?", "/").
    at: Option<usize>,
    /// The beginning of the headers.
    question: Option<usize>,
    /// The beginning of the parameters.
    semicolon: Option<usize>,
}

impl Marks {
    /// In one look at each byte. The error names the fault: a byte that is not allowed, or an escape without its two digits.
    fn of(text: &[u8]) -> Result<Self, &'static str> {
        let mut marks = Self::default();
        for (place, byte) in text.iter().enumerate().filter(|(_, byte)| !PLAIN.has(**byte)) {
            match byte {
                b'@' if marks.at.is_none() => marks = Self { at: Some(place), ..Self::default() },
                b'?' if marks.question.is_none() => marks.question = Some(place),
                b';' if marks.semicolon.is_none() && marks.question.is_none() => {
                    marks.semicolon = Some(place);
                }
                b'%' if !is_escape(text.get(place + 1..)) => return Err("bad escape in a URI"),
                byte if !is_visible(*byte) => return Err(NOT_ALLOWED),
                _ => {}
            }
        }
        Ok(marks)
    }
}

/// What stands in a URI and means nothing by itself.
static PLAIN: Class = Class::visible_but(b"<>\"\\@?;%");

const NOT_ALLOWED: &str = "character not allowed in a URI";

fn is_escape(behind: Option<&[u8]>) -> bool {
    matches!(behind, Some([high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// The parameters in a text that is empty or begins with a semicolon.
fn params(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.get(1..);
    std::iter::from_fn(move || {
        let (param, behind) = match cut(rest?, b';') {
            Some((param, behind)) => (param, Some(behind)),
            None => (rest?, None),
        };
        rest = behind;
        Some(param)
    })
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Wider than the grammar by what peers send unescaped (`#`, letters beyond ASCII); what would end a URI is not in it.
fn is_visible(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !matches!(byte, b'<' | b'>' | b'"' | b'\\')
}

fn userinfo(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    let (user, password) = match cut(text, b':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    if user.is_empty() { Err("empty user in a URI") } else { Ok((user, password)) }
}

fn host_port(text: &str) -> Result<(Host<'_>, Option<u16>), &'static str> {
    let end = if text.starts_with('[') { find(text, b']').map_or(0, |bracket| bracket + 1) } else { 0 };
    let colon = text.get(end..).and_then(|behind| find(behind, b':')).map_or(text.len(), |at| end + at);
    let (name, digits) = text.split_at(colon);
    let port = digits.strip_prefix(':').map(|digits| port(digits.as_bytes())).transpose()?;
    Ok((host(name)?, port))
}

/// A port number in digits.
pub(in crate::sip) fn port(digits: &[u8]) -> Result<u16, &'static str> {
    decimal(digits, u16::MAX.into()).and_then(|port| u16::try_from(port).ok()).ok_or("bad port")
}

/// A host name, an IPv4 address, or an IPv6 address in brackets.
fn host(text: &str) -> Result<Host<'_>, &'static str> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let address = bracketed.strip_suffix(']').and_then(ipv6);
        return Ok(Host::Address(address.ok_or("bad IPv6 address")?.into()));
    }
    if !is_name(text) {
        return Err("bad host");
    }
    Ok(text.parse::<Ipv4Addr>().map_or(Host::Name(text), |address| Host::Address(address.into())))
}

/// Whether text is a host; the error names the fault.
pub(in crate::sip) fn check_host(text: &str) -> Result<(), &'static str> {
    match is_name(text) {
        true => Ok(()),
        false => host(text).map(drop),
    }
}

/// "_" is in the names that container networks give.
fn is_name(text: &str) -> bool {
    static ALLOWED: Class = Class::alphanumeric_and(b"-._");
    !text.is_empty() && text.bytes().all(|byte| ALLOWED.has(byte))
}

/// An IPv6 address. By the grammar of RFC 3261 three colons may stand before its part in dots (RFC 5118 §4.10).
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    if let Some((before, behind)) = text.split_once(":::") {
        let behind = behind.parse::<Ipv4Addr>().ok()?;
        return format!("{before}::{behind}").parse().ok();
    }
    text.parse().ok()
}
