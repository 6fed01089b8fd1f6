//! Header fields as they came: names with their case, values as bytes, in order.

use bytes::Bytes;
use bytestring::ByteString;

pub use super::header_name::Name;
use super::lines::{self, Field};
use super::{grammar, text};

/// One header field of a message: what it means, and the value unfolded and trimmed.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// What it is.
    pub name: Name,
    /// Unfolded and trimmed, as bytes: no CR, no LF.
    pub value: &'a [u8],
    raw_name: &'a [u8],
    headers: &'a Headers,
}

impl<'a> Header<'a> {
    /// The name as received, case and underscores kept.
    pub fn raw_name(&self) -> &'a str {
        // A token is ASCII.
        std::str::from_utf8(self.raw_name).unwrap_or_default()
    }

    /// The same, to be kept.
    pub fn kept_name(&self) -> ByteString {
        match self.name.as_str() {
            // Written as most write it: it needs no handle on the message.
            usual if usual.as_bytes() == self.raw_name => ByteString::from_static(usual),
            _ => self.headers.head.slice_ref(self.raw_name).try_into().unwrap_or_default(),
        }
    }

    /// The value, to be kept: a part of the message.
    pub fn kept(&self) -> Bytes {
        self.headers.kept(self.value)
    }

    /// The value as text: UTF-8, else GB18030 (lossy only where it is neither).
    pub fn text(&self) -> ByteString {
        text::decode(self.kept())
    }
}

/// All header fields of a message, in order: places in its head, which they share.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    head: Bytes,
    fields: Vec<Place>,
    /// Values that do not stand in the head as they are: unfolded, or filled in.
    others: Vec<Bytes>,
}

/// Where a header field is.
#[derive(Clone, Copy, Debug)]
struct Place {
    name: Name,
    raw_name: Span,
    value: Value,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Head(Span),
    Other(u32),
}

/// A part of a head.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// Of a part of `head`. A head of more than 4 GiB has none that can be found again.
    fn of(head: &[u8], part: &[u8]) -> Self {
        let start = text::place(head, part).start;
        let [start, length] = [start, part.len()].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        Self { start, length }
    }

    fn within(self, head: &[u8]) -> &[u8] {
        let (start, length) = (self.start as usize, self.length as usize);
        head.get(start..start + length).unwrap_or_default()
    }
}

impl Headers {
    /// Those of a head, with room for so many.
    pub(super) fn of(head: Bytes, room: usize) -> Self {
        Self { head, fields: Vec::with_capacity(room), others: Vec::new() }
    }

    /// Adds a field that stands in the head; gives what it is.
    pub(super) fn push(&mut self, field: Field<'_>) -> Header<'_> {
        let value = match field.folded {
            true => self.other(lines::unfold(field.value).into()),
            false => Value::Head(Span::of(&self.head, field.value)),
        };
        let place = Place { name: Name::of(field.name), raw_name: Span::of(&self.head, field.name), value };
        self.fields.push(place);
        self.at(place)
    }

    /// The value of the first header of that name is another from now on.
    pub(super) fn set_first(&mut self, name: Name, value: Bytes) {
        if let Some(at) = self.fields.iter().position(|place| place.name == name) {
            let other = self.other(value);
            self.fields.get_mut(at).into_iter().for_each(|place| place.value = other);
        }
    }

    fn other(&mut self, value: Bytes) -> Value {
        self.others.push(value);
        Value::Other(u32::try_from(self.others.len() - 1).unwrap_or(u32::MAX))
    }

    fn at(&self, Place { name, raw_name, value }: Place) -> Header<'_> {
        let value = match value {
            Value::Head(span) => span.within(&self.head),
            Value::Other(place) => {
                self.others.get(place as usize).map(|other| &other[..]).unwrap_or_default()
            }
        };
        Header { name, value, raw_name: raw_name.within(&self.head), headers: self }
    }

    /// A handle on a part of a value.
    fn kept(&self, part: &[u8]) -> Bytes {
        let holds = |whole: &&Bytes| whole.as_ptr_range().contains(&part.as_ptr());
        let whole = [&self.head].into_iter().chain(&self.others).find(holds);
        whole.map(|whole| whole.slice_ref(part)).unwrap_or_default()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The start line and the headers as they came, with the empty line.
    pub fn head(&self) -> &Bytes {
        &self.head
    }

    /// Every header, in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'_>> + Clone {
        self.fields.iter().map(|place| self.at(*place))
    }

    /// The first header of that name.
    pub fn first(&self, name: Name) -> Option<Header<'_>> {
        self.fields.iter().find(|place| place.name == name).map(|place| self.at(*place))
    }

    /// Every header of that name, in order.
    pub fn all(&self, name: Name) -> impl Iterator<Item = Header<'_>> {
        self.fields.iter().filter(move |place| place.name == name).map(|place| self.at(*place))
    }

    /// The first header of any name, compared without case: for headers with no `Name`.
    pub fn named(&self, name: &str) -> Option<Header<'_>> {
        self.iter().find(|header| header.raw_name.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The comma-separated items of every header of that name (§7.3.1), commas in quotes and in <> kept; empty items are
    /// left out.
    pub fn items(&self, name: Name) -> impl Iterator<Item = ByteString> + '_ {
        self.kept_items(name).map(text::decode)
    }

    /// As [`Headers::items`], as bytes.
    pub(super) fn kept_items(&self, name: Name) -> impl Iterator<Item = Bytes> + '_ {
        self.all(name).flat_map(|header| {
            let (whole, items) = (header.kept(), grammar::items(header.value));
            items.filter(|item| !item.is_empty()).map(move |item| whole.slice_ref(item))
        })
    }
}
