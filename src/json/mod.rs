//! JSON as serde_json writes it, byte for byte, for what is written with each message: into memory alone, keys as they are, and text
//! looked at sixteen bytes at a time. Everything else is written by serde_json.

mod text;

use std::fmt::{self, Display};

use serde::ser::{
    self, Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::{Error, Result};

/// Writes a value at the end of `out`. What an error leaves there is not whole.
pub fn append(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<()> {
    value.serialize(Json { out })
}

/// A value as JSON.
pub fn to_vec(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(1024);
    append(&mut out, value)?;
    Ok(out)
}

/// About how many bytes text is in JSON, between its quotes.
pub fn length(text: &str) -> usize {
    text::length(text)
}

/// Takes one value.
struct Json<'a> {
    out: &'a mut Vec<u8>,
}

/// An array or an object that has begun.
struct Begun<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
    end: &'static [u8],
}

impl<'a> Json<'a> {
    /// Numbers and what else has no text in it.
    fn plain(self, value: impl Serialize) -> Result<()> {
        serde_json::to_writer(self.out, &value)
    }

    fn begin(self, begin: &[u8], end: &'static [u8]) -> Begun<'a> {
        self.out.extend_from_slice(begin);
        Begun { out: self.out, is_empty: true, end }
    }

    /// What is in a variant stands in an object of one field.
    fn variant(self, name: &str) -> Self {
        self.out.push(b'{');
        text::quoted(self.out, name);
        self.out.push(b':');
        self
    }
}

impl Begun<'_> {
    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
    }

    fn element(&mut self, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.separate();
        append(self.out, value)
    }

    /// The names of fields are words of ours, in which nothing needs to be escaped. Inlined, as there each is of a known length.
    #[inline(always)]
    fn field(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        append(self.out, value)
    }

    fn finish(self) -> Result<()> {
        self.out.extend_from_slice(self.end);
        Ok(())
    }
}

macro_rules! plain {
    ($($method:ident $type:ty,)*) => {
        $(fn $method(self, value: $type) -> Result<()> {
            self.plain(value)
        })*
    };
}

macro_rules! begins {
    ($($method:ident($($argument:ty),*) $begin:literal $end:literal,)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<Begun<'a>> {
            Ok(self.begin($begin, $end))
        })*
    };
}

macro_rules! variants {
    ($($method:ident $begin:literal $end:literal,)*) => {
        $(fn $method(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Begun<'a>> {
            Ok(self.variant(variant).begin($begin, $end))
        })*
    };
}

impl<'a> ser::Serializer for Json<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Begun<'a>;
    type SerializeTuple = Begun<'a>;
    type SerializeTupleStruct = Begun<'a>;
    type SerializeTupleVariant = Begun<'a>;
    type SerializeMap = Begun<'a>;
    type SerializeStruct = Begun<'a>;
    type SerializeStructVariant = Begun<'a>;

    plain! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128, serialize_f32 f32,
        serialize_f64 f64, serialize_char char, serialize_bytes &[u8],
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        text::quoted(self.out, value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<()> {
        self.out.push(b'"');
        let written = fmt::write(&mut text::Escaped(self.out), format_args!("{value}"));
        self.out.push(b'"');
        written.map_err(Error::custom)
    }

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        let Self { out } = self.variant(variant);
        append(out, value)?;
        out.push(b'}');
        Ok(())
    }

    begins! {
        serialize_seq(Option<usize>) b"[" b"]", serialize_tuple(usize) b"[" b"]",
        serialize_tuple_struct(&'static str, usize) b"[" b"]", serialize_map(Option<usize>) b"{" b"}",
        serialize_struct(&'static str, usize) b"{" b"}",
    }

    variants! { serialize_tuple_variant b"[" b"]}", serialize_struct_variant b"{" b"}}", }
}

macro_rules! elements {
    ($($compound:ident $method:ident,)*) => {
        $(impl $compound for Begun<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.element(value)
            }

            fn end(self) -> Result<()> {
                self.finish()
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! fields {
    ($($compound:ident,)*) => {
        $(impl $compound for Begun<'_> {
            type Ok = ();
            type Error = Error;

            #[inline(always)]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<()> {
                self.field(name, value)
            }

            fn end(self) -> Result<()> {
                self.finish()
            }
        })*
    };
}

fields! { SerializeStruct, SerializeStructVariant, }

impl SerializeMap for Begun<'_> {
    type Ok = ();
    type Error = Error;

    /// Keys are text: none of ours is anything else.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.separate();
        let start = self.out.len();
        append(self.out, key)?;
        match self.out.get(start) {
            Some(b'"') => Ok(()),
            _ => Err(Error::custom("a key is not text")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.out.push(b':');
        append(self.out, value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

#[cfg(test)]
mod tests;
