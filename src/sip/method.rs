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

impl Method {
    /// Reads a method from its exact token.
    pub fn from_token(token: &ByteString) -> Self {
        todo!()
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
        todo!()
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
