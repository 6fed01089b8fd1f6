//! The method of a request: a token, known to the RFCs or not.

use bytestring::ByteString;
use std::fmt;

use super::Known;

/// A request method (RFC 3261 §7.1). Methods are case-sensitive; any token is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// A method that an RFC defines; whether this agent supports it is the agent's to say (405).
    Known(Known),
    /// Any other token: answered 501 where a request needs an answer.
    Other(ByteString),
}

const KNOWN: &[(&str, Known)] = &[
    ("INVITE", Known::Invite),
    ("ACK", Known::Ack),
    ("BYE", Known::Bye),
    ("CANCEL", Known::Cancel),
    ("OPTIONS", Known::Options),
    ("REGISTER", Known::Register),
    ("PRACK", Known::PRack),
    ("UPDATE", Known::Update),
    ("INFO", Known::Info),
    ("REFER", Known::Refer),
    ("NOTIFY", Known::Notify),
    ("SUBSCRIBE", Known::Subscribe),
    ("MESSAGE", Known::Message),
    ("PUBLISH", Known::Publish),
];

/// The token of a method that an RFC defines.
pub(super) fn known_str(method: Known) -> &'static str {
    KNOWN.iter().find(|(_, known)| *known == method).map_or("", |(name, _)| name)
}

impl Method {
    /// Reads a method from its exact token.
    pub fn from_token(token: &[u8]) -> Self {
        match KNOWN.iter().find(|(name, _)| name.as_bytes() == token) {
            Some((_, known)) => Self::Known(*known),
            // A token is ASCII.
            None => Self::Other(String::from_utf8_lossy(token).into_owned().into()),
        }
    }

    /// The RFC's method, if it is one.
    pub fn known(&self) -> Option<Known> {
        match self {
            Self::Known(known) => Some(*known),
            Self::Other(_) => None,
        }
    }

    /// The token as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(known) => known_str(*known),
            Self::Other(token) => token,
        }
    }
}

impl From<Known> for Method {
    fn from(known: Known) -> Self {
        Self::Known(known)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
