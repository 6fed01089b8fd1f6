//! `name-addr` and `addr-spec` with header parameters: From, To, Contact, Route, Record-Route (§20.10, §25.1).

use bytestring::ByteString;

use super::Uri;

/// An address with its display name and the parameters behind it.
#[derive(Clone, Debug)]
pub struct NameAddr {
    /// Unquoted and decoded; `None` if there is none.
    pub display_name: Option<ByteString>,
    pub uri: Uri,
    /// The header's parameters, names as received, values unquoted.
    pub params: Vec<(ByteString, Option<ByteString>)>,
}

impl NameAddr {
    pub fn parse(value: &bytes::Bytes) -> Result<Self, &'static str> {
        todo!()
    }
    pub fn param(&self, name: &str) -> Option<&str> {
        todo!()
    }
    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&ByteString> {
        todo!()
    }
}
