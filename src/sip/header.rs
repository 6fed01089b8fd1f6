//! Header fields as they came: names with their case, values as bytes, in order.

use bytes::Bytes;
use bytestring::ByteString;

/// A header name that the agent has something to do with. Compact forms (§7.3.3) are the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// … one variant per header the agent reads; `Other` for the rest.
    Other,
}

/// One header field: the name as received, what it means, and the value unfolded and trimmed.
#[derive(Clone, Debug)]
pub struct Header {
    pub name: Name,
    /// As received, case and underscores kept.
    pub raw_name: ByteString,
    pub value: Bytes,
}

impl Header {
    /// The value as text: UTF-8, else GB18030 (lossy only where it is neither).
    pub fn text(&self) -> ByteString {
        todo!()
    }
}

/// All header fields of a message, in order.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<Header>);

impl Headers {
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }
    /// The first header of that name.
    pub fn first(&self, name: Name) -> Option<&Header> {
        self.0.iter().find(|header| header.name == name)
    }
    /// Every header of that name, in order.
    pub fn all(&self, name: Name) -> impl Iterator<Item = &Header> {
        self.0.iter().filter(move |header| header.name == name)
    }
    /// The comma-separated items of every header of that name (§7.3.1), commas in quotes and in <> kept.
    pub fn items(&self, name: Name) -> impl Iterator<Item = ByteString> + '_ {
        std::iter::empty()
    }
    /// The first header of any name, compared without case: for headers with no `Name`.
    pub fn named(&self, name: &str) -> Option<&Header> {
        todo!()
    }
}
