//! Header fields as they came: names with their case, values as bytes, in order.

use bytes::Bytes;
use bytestring::ByteString;

pub use super::header_name::Name;
use super::{grammar, text};

/// One header field: the name as received, what it means, and the value unfolded and trimmed.
#[derive(Clone, Debug)]
pub struct Header {
    /// What it is.
    pub name: Name,
    /// As received, case and underscores kept.
    pub raw_name: ByteString,
    /// Unfolded and trimmed, as bytes: no CR, no LF.
    pub value: Bytes,
}

impl Header {
    /// The value as text: UTF-8, else GB18030 (lossy only where it is neither).
    pub fn text(&self) -> ByteString {
        text::decode(self.value.clone())
    }
}

/// All header fields of a message, in order.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub(super) Vec<Header>);

impl Headers {
    /// Every header, in order.
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

    /// The first header of any name, compared without case: for headers with no `Name`.
    pub fn named(&self, name: &str) -> Option<&Header> {
        self.0.iter().find(|header| header.raw_name.eq_ignore_ascii_case(name))
    }

    /// The comma-separated items of every header of that name (§7.3.1), commas in quotes and in <> kept; empty items are
    /// left out.
    pub fn items(&self, name: Name) -> impl Iterator<Item = ByteString> + '_ {
        self.raw_items(name).map(text::decode)
    }

    /// As [`Headers::items`], as bytes.
    pub(super) fn raw_items(&self, name: Name) -> impl Iterator<Item = Bytes> + '_ {
        self.all(name).flat_map(|header| {
            let items = grammar::items(&header.value).filter(|item| !item.is_empty());
            items.map(|item| header.value.slice_ref(item))
        })
    }

    pub(super) fn first_mut(&mut self, name: Name) -> Option<&mut Header> {
        self.0.iter_mut().find(|header| header.name == name)
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Header> for Headers {
    fn from_iter<I: IntoIterator<Item = Header>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}
