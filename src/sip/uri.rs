//! SIP and other URIs (RFC 3261 §19.1, §25.1).

use bytestring::ByteString;

/// A URI: its text as received, and its parts where it is a SIP or SIPS URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    text: ByteString,
    parts: rsip::Uri,
}

impl Uri {
    /// Reads a URI by the grammar of §25.1. The error names the fault.
    pub fn parse(text: ByteString) -> Result<Self, &'static str> {
        todo!()
    }
    pub fn as_str(&self) -> &str {
        &self.text
    }
    pub fn text(&self) -> &ByteString {
        &self.text
    }
    /// `sip` or `sips`: what the agent can be asked for (else 416).
    pub fn is_sip(&self) -> bool {
        todo!()
    }
    pub fn user(&self) -> Option<&str> {
        todo!()
    }
    /// Host without brackets, as text; empty for a URI that is not SIP.
    pub fn host(&self) -> std::borrow::Cow<'_, str> {
        todo!()
    }
    pub fn port(&self) -> Option<u16> {
        todo!()
    }
    /// The `transport` parameter.
    pub fn transport(&self) -> Option<rsip::Transport> {
        todo!()
    }
    /// A URI parameter by its name, without case: `Some("")` for one without a value.
    pub fn param(&self, name: &str) -> Option<&str> {
        todo!()
    }
    /// Has `lr` (§16.12): the element routes loosely.
    pub fn is_loose(&self) -> bool {
        todo!()
    }
}
