//! SIP and other URIs (RFC 3261 §19.1, §25.1).

mod same;
mod split;

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;

use bytestring::ByteString;
use rsip::Transport;

use split::{Host, Sip, Split, split};
pub(super) use split::{NOT_TEXT, check, check_host, port};

use super::text::place;

/// A URI: its text as received, and its parts where it is a SIP or SIPS URI. Two URIs are equal if their texts are.
#[derive(Clone, Debug)]
pub struct Uri {
    text: ByteString,
    /// `None` for a URI of another scheme than `sip` and `sips`: only its text means something.
    parts: Option<Parts>,
}

/// What of a SIP or SIPS URI is asked for often; the rest is read when it is.
#[derive(Clone, Debug)]
struct Parts {
    secure: bool,
    /// Where the user is in the text.
    user: Option<Range<usize>>,
    /// Where the host is, or, `Err`, which address.
    host: Result<Range<usize>, IpAddr>,
    port: Option<u16>,
    transport: Option<Transport>,
    is_loose: bool,
    has_headers: bool,
}

impl Parts {
    fn of(text: &str, sip: &Sip<'_>) -> Self {
        let place = |part: &str| place(text.as_bytes(), part.as_bytes());
        Self {
            secure: sip.secure,
            user: sip.user.map(|(user, _)| place(user)),
            host: match sip.host {
                Host::Name(name) => Ok(place(name)),
                Host::Address(address) => Err(address),
            },
            port: sip.port,
            transport: sip.known.transport.and_then(split::transport),
            is_loose: sip.known.is_loose,
            has_headers: sip.headers.is_some(),
        }
    }
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
            Split::Sip(sip) => Some(Parts::of(&text, &sip)),
            Split::Other => None,
        };
        Ok(Self { text, parts })
    }

    /// The URI as received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether both name the same resource by the rules of §19.1.4, of which `==` knows nothing; of other schemes than `sip`
    /// and `sips`, whether the texts are equal.
    pub fn is_same(&self, other: &Self) -> bool {
        self == other
            || match (split(&self.text), split(&other.text)) {
                (Ok(Split::Sip(one)), Ok(Split::Sip(other))) => one.is_same(&other),
                _ => false,
            }
    }

    /// The URI as received, to be shared.
    pub fn text(&self) -> &ByteString {
        &self.text
    }

    /// `sip` or `sips`: what the agent can be asked for (else 416).
    pub fn is_sip(&self) -> bool {
        self.parts.is_some()
    }

    /// `sips`.
    pub fn is_sips(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.secure)
    }

    /// The user part with its escapes, without a password.
    pub fn user(&self) -> Option<&str> {
        self.text.get(self.parts.as_ref()?.user.clone()?)
    }

    /// Host without brackets, as text; empty for a URI that is not SIP.
    pub fn host(&self) -> Cow<'_, str> {
        match self.parts.as_ref().map(|parts| &parts.host) {
            Some(Ok(name)) => Cow::Borrowed(self.text.get(name.clone()).unwrap_or_default()),
            Some(Err(address)) => Cow::Owned(address.to_string()),
            None => Cow::Borrowed(""),
        }
    }

    /// The port, if one is written.
    pub fn port(&self) -> Option<u16> {
        self.parts.as_ref()?.port
    }

    /// The `transport` parameter, if it is one that rsip knows.
    pub fn transport(&self) -> Option<Transport> {
        self.parts.as_ref()?.transport
    }

    /// A URI parameter by its name, without case: `Some("")` for one without a value.
    pub fn param(&self, name: &str) -> Option<&str> {
        match split(&self.text) {
            Ok(Split::Sip(sip)) => sip.param(name),
            _ => None,
        }
    }

    /// Has `lr` (§16.12): the element routes loosely.
    pub fn is_loose(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.is_loose)
    }

    /// The same without what stands behind a `?`, as a Request-URI has it (§19.1.1).
    pub fn without_headers(&self) -> Self {
        let Ok(Split::Sip(Sip { headers: Some(headers), .. })) = split(&self.text) else {
            return self.clone();
        };
        let without = self.text.get(..place(self.text.as_bytes(), headers.as_bytes()).start - 1);
        let without = without.and_then(|text| Self::parse(self.text.slice_ref(text)).ok());
        without.unwrap_or_else(|| self.clone())
    }

    /// Has headers behind a `?`, which a Request-URI must not (§19.1.1).
    pub fn has_headers(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.has_headers)
    }
}

/// The port that a URI or a Via without one means (RFC 3261 §18.2.2, §19.1.2).
pub fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Tls | Transport::TlsSctp | Transport::Wss => 5061,
        Transport::Udp | Transport::Tcp | Transport::Sctp | Transport::Ws => 5060,
    }
}
