//! The topmost Via: where a request came from, where its response goes, and in a response how its sender was seen
//! (§18.2, §20.42, RFC 3581).

use std::net::{Ipv6Addr, SocketAddr};

use bytes::Bytes;
use bytestring::ByteString;

use super::grammar::{Cursor, Param, decimal, is_space, item_end};
use super::text::{address_text, decode};
use super::uri;

/// Room for what is filled in.
const ROOM: usize = 64;

/// The cookie that a branch of RFC 3261 begins with.
const COOKIE: &[u8] = b"z9hG4bK";

/// One Via value. In a request, `received` and the value of `rport` are the sender's own words and tell nothing.
#[derive(Clone, Debug)]
pub struct Via {
    /// The whole value of the header, before anything was filled in; further Vias may stand behind the first.
    pub raw: Bytes,
    /// Where its parameters begin, in bytes.
    params: usize,
    /// Upper case as a rule; any token (`TCP`, `UDP`, `TLS`, …).
    pub transport: ByteString,
    /// Host without brackets.
    pub host: ByteString,
    /// The port, if one is written.
    pub port: Option<u16>,
    /// The branch with its cookie `z9hG4bK`; `None` if there is none or the cookie is missing or alone
    /// (an RFC 2543 element: §17.2.3's second matching rule).
    pub branch: Option<ByteString>,
    /// Whether `rport` is there, with or without a value.
    pub rport: bool,
    /// The value of `rport`: the port that the receiver saw the request come from (RFC 3581 §4).
    pub seen_port: Option<u16>,
    /// The address that the receiver saw the request come from, without brackets (§18.2.1).
    pub received: Option<ByteString>,
    /// The host, without brackets, that responses over UDP go to in place of the sender's (§18.2.2).
    pub maddr: Option<ByteString>,
    /// How far responses to a multicast `maddr` go.
    pub ttl: Option<u8>,
}

impl Via {
    /// Reads the first item of a Via header's value. The error names the fault.
    pub fn parse(value: &Bytes) -> Result<Self, &'static str> {
        let (mut via, mut params) = Self::sent_by(value)?;
        while let Some(param) = params.param()? {
            via.set(value, param);
        }
        Ok(via)
    }

    /// As [`Via::parse`], but content with what tells where a response goes: parameters are read up to the first bad one.
    pub(super) fn parse_leniently(value: &Bytes) -> Option<Self> {
        let (mut via, mut params) = Self::sent_by(value).ok()?;
        while let Ok(Some(param)) = params.param() {
            via.set(value, param);
        }
        Some(via)
    }

    fn sent_by(value: &Bytes) -> Result<(Self, Cursor<'_>), &'static str> {
        let Split { transport, host, port, params, params_at } = split(value)?;
        let via = Self {
            raw: value.clone(),
            params: params_at,
            transport: transport_of(value, transport),
            host: decode(value.slice_ref(without_brackets(host))),
            port,
            branch: None,
            rport: false,
            seen_port: None,
            received: None,
            maddr: None,
            ttl: None,
        };
        Ok((via, params))
    }

    /// A value that cannot be read is as none: it is no reason to refuse a message.
    fn set(&mut self, value: &Bytes, param: Param<'_>) {
        let is = |name: &str| param.name.eq_ignore_ascii_case(name.as_bytes());
        if is("rport") {
            self.rport = true;
            self.seen_port = param.value.and_then(|port| uri::port(port).ok());
        } else if is("received") {
            self.received = param.value.and_then(|host| host_of(value, host));
        } else if is("maddr") {
            self.maddr = param.value.and_then(|host| host_of(value, host));
        } else if is("ttl") {
            let ttl = param.value.and_then(|ttl| decimal(ttl, u8::MAX.into()));
            self.ttl = ttl.and_then(|ttl| u8::try_from(ttl).ok());
        } else if is("branch") {
            let branch = param.value.filter(|branch| branch.len() > COOKIE.len());
            let branch =
                branch.filter(|branch| branch.iter().zip(COOKIE).all(|(a, b)| a.eq_ignore_ascii_case(b)));
            self.branch = branch.map(|branch| decode(value.slice_ref(branch)));
        }
    }

    /// The value of the topmost Via with `received` and `rport` filled in as §18.2.1 and RFC 3581 §4 ask for a
    /// request that came from `peer`: `None` if nothing has to change. A `received` that the peer wrote itself goes.
    pub fn stamped(&self, peer: SocketAddr) -> Option<Bytes> {
        let raw = &self.raw;
        let address = peer.ip().to_canonical();
        let is_told = self.rport || self.host.parse() != Ok(address);
        let end = item_end(raw);
        let (sent_by, params) = raw.get(..end)?.split_at_checked(self.params)?;
        let mut params = Cursor::new(params);
        let mut out = Vec::with_capacity(raw.len() + ROOM);
        out.extend_from_slice(sent_by);
        let mut forged = false;
        loop {
            let before = params.rest();
            match params.param() {
                Ok(Some(param)) if param.name.eq_ignore_ascii_case(b"received") => forged = true,
                Ok(Some(param)) if param.name.eq_ignore_ascii_case(b"rport") => {
                    out.extend_from_slice(b";rport=");
                    out.extend_from_slice(itoa::Buffer::new().format(peer.port()).as_bytes());
                }
                Ok(Some(_)) => out.extend_from_slice(before.get(..before.len() - params.rest().len())?),
                Ok(None) => break,
                Err(_) => {
                    out.extend_from_slice(before);
                    break;
                }
            }
        }
        if !is_told && !forged {
            return None;
        }
        if is_told {
            out.extend_from_slice(b";received=");
            out.extend_from_slice(address_text(address).as_bytes());
        }
        out.extend_from_slice(raw.get(end..)?);
        Some(out.into())
    }
}

/// The usual words need no handle on the message.
fn transport_of(value: &Bytes, word: &[u8]) -> ByteString {
    let usual = ["TCP", "UDP", "TLS"].into_iter().find(|usual| usual.as_bytes() == word);
    usual.map_or_else(|| decode(value.slice_ref(word)), ByteString::from_static)
}

fn without_brackets(host: &[u8]) -> &[u8] {
    host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host)
}

/// The host that a parameter names. `received` has an IPv6 address without brackets (RFC 5118 §4.5), but not from everybody.
fn host_of(value: &Bytes, part: &[u8]) -> Option<ByteString> {
    let text = str::from_utf8(part).ok()?;
    let is_host = uri::check_host(text).is_ok() || text.parse::<Ipv6Addr>().is_ok();
    is_host.then(|| decode(value.slice_ref(without_brackets(part))))
}

/// The pieces of one Via value.
struct Split<'a> {
    transport: &'a [u8],
    /// With the brackets of an IPv6 address.
    host: &'a [u8],
    port: Option<u16>,
    params: Cursor<'a>,
    params_at: usize,
}

/// Reads `SIP/2.0/TRANSPORT host[:port]` of the first item.
fn split(value: &[u8]) -> Result<Split<'_>, &'static str> {
    let item = value.get(..item_end(value)).unwrap_or_default();
    let mut cursor = Cursor::new(item);
    cursor.skip_space();
    let name = cursor.token().ok_or("bad protocol")?;
    if !name.eq_ignore_ascii_case(b"SIP") || !cursor.separator(b'/') {
        return Err("bad protocol");
    }
    cursor.token().ok_or("bad protocol")?;
    if !cursor.separator(b'/') {
        return Err("bad protocol");
    }
    let transport = cursor.token().ok_or("bad transport")?;
    if !cursor.peek().is_some_and(is_space) {
        return Err("bad transport");
    }
    cursor.skip_space();
    let host = match cursor.peek() {
        Some(b'[') => {
            let address = cursor.rest().iter().position(|byte| *byte == b']').ok_or("bad IPv6 address")?;
            cursor.take(address + 1)
        }
        _ => cursor.take_while(|byte| !is_space(byte) && !matches!(byte, b':' | b';')),
    };
    uri::check_host(std::str::from_utf8(host).map_err(|_| "bad host")?)?;
    let port = match cursor.separator(b':') {
        true => Some(uri::port(cursor.take_while(|byte| byte.is_ascii_digit()))?),
        false => None,
    };
    let params_at = item.len() - cursor.rest().len();
    Ok(Split { transport, host, port, params: cursor, params_at })
}
