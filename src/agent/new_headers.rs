//! Headers that a client gives to send, in either of two spellings: a list (which can repeat a name) or an object.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, OneOfBuilder};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A header field to send. Names that the agent writes itself are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHeader {
    /// A token (RFC 3261 §25.1).
    #[schema(examples("X-CRM-Ticket"))]
    pub name: String,
    /// Without control characters, at most 4096 bytes.
    #[schema(examples("4711"))]
    pub value: String,
}

/// Header fields to send, in order: `[{"name": "X-A", "value": "1"}]` or `{"X-A": "1"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct NewHeaders(pub Vec<NewHeader>);

impl Deref for NewHeaders {
    type Target = [NewHeader];

    fn deref(&self) -> &[NewHeader] {
        &self.0
    }
}

impl FromIterator<NewHeader> for NewHeaders {
    fn from_iter<I: IntoIterator<Item = NewHeader>>(headers: I) -> Self {
        Self(headers.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a NewHeaders {
    type Item = &'a NewHeader;
    type IntoIter = std::slice::Iter<'a, NewHeader>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for NewHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherSpelling)
    }
}

struct EitherSpelling;

impl<'de> Visitor<'de> for EitherSpelling {
    type Value = NewHeaders;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of {\"name\", \"value\"} or an object of names with values")
    }

    fn visit_unit<E>(self) -> Result<NewHeaders, E> {
        Ok(NewHeaders::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<NewHeaders, A::Error> {
        let mut headers = Vec::new();
        while let Some(header) = list.next_element()? {
            headers.push(header);
        }
        Ok(NewHeaders(headers))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<NewHeaders, A::Error> {
        let mut headers = Vec::new();
        while let Some((name, value)) = object.next_entry()? {
            headers.push(NewHeader { name, value });
        }
        Ok(NewHeaders(headers))
    }
}

impl PartialSchema for NewHeaders {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        OneOfBuilder::new()
            .description(Some("Headers to add, in order: a list, or an object of names with values."))
            .item(ArrayBuilder::new().items(Ref::from_schema_name("NewHeader")))
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::Object)
                    .additional_properties(Some(AdditionalProperties::from(RefOr::T(Schema::from(text))))),
            )
            .into()
    }
}

impl ToSchema for NewHeaders {
    fn name() -> Cow<'static, str> {
        "NewHeaders".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((NewHeader::name().into_owned(), NewHeader::schema()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<(String, String)>, serde_json::Error> {
        let headers: NewHeaders = serde_json::from_str(json)?;
        Ok(headers.0.into_iter().map(|header| (header.name, header.value)).collect())
    }

    #[test]
    fn a_list_and_an_object_mean_the_same() {
        let expected = vec![("X-A".to_owned(), "1".to_owned()), ("X-B".to_owned(), "2".to_owned())];
        assert_eq!(read(r#"[{"name":"X-A","value":"1"},{"name":"X-B","value":"2"}]"#).unwrap(), expected);
        assert_eq!(read(r#"{"X-A":"1","X-B":"2"}"#).unwrap(), expected);
        assert_eq!(read("null").unwrap(), []);
    }

    #[test]
    fn other_spellings_are_refused() {
        for json in
            [r#""X-A: 1""#, r#"{"X-A": 1}"#, r#"[{"name":"X-A"}]"#, r#"[{"name":"a","value":"b","c":1}]"#]
        {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
