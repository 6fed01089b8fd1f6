//! What a command may leave out, as clients give it: null is as good as nothing.

use std::fmt;
use std::ops::RangeInclusive;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::check::{CANCEL_STATUS, REJECT_STATUS, RING_STATUS};
use super::command::{Cancel, Reject, Ring};

/// A value; null is the default.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(json: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(json)?.unwrap_or_default())
}

/// One of some words; null is the default. Whatever else is given, the fault names the words.
pub fn word<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(json: D) -> Result<T, D::Error> {
    let given = match Value::deserialize(json)? {
        Value::Null => return Ok(T::default()),
        Value::String(word) => word,
        other => other.to_string(),
    };
    T::deserialize(StringDeserializer::new(given))
}

/// A number; null is the default. What is no number at all is told the range, which is not checked here.
pub fn number<'de, D: Deserializer<'de>>(
    json: D,
    default: u16,
    range: RangeInclusive<u16>,
) -> Result<u16, D::Error> {
    json.deserialize_any(Number { default, range })
}

/// The status of a `ring`.
pub fn ring_status<'de, D: Deserializer<'de>>(json: D) -> Result<u16, D::Error> {
    number(json, Ring::default().status, RING_STATUS)
}

/// The status of a `reject`.
pub fn reject_status<'de, D: Deserializer<'de>>(json: D) -> Result<u16, D::Error> {
    number(json, Reject::default().status, REJECT_STATUS)
}

/// The status of a `cancel`.
pub fn cancel_status<'de, D: Deserializer<'de>>(json: D) -> Result<u16, D::Error> {
    number(json, Cancel::default().status, CANCEL_STATUS)
}

struct Number {
    default: u16,
    range: RangeInclusive<u16>,
}

impl Visitor<'_> for Number {
    type Value = u16;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number from {} to {}", self.range.start(), self.range.end())
    }

    fn visit_unit<E>(self) -> Result<u16, E> {
        Ok(self.default)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<u16, E> {
        number.try_into().map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<u16, E> {
        Err(E::invalid_value(Unexpected::Signed(number), &self))
    }
}
