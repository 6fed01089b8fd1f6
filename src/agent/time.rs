//! Time as the core is given it: it never looks at a clock itself.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

/// The moment at which something is handled, read once per batch by the driver.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic: what alarms are set by.
    pub instant: Instant,
    /// Of the day: what clients are shown.
    pub wall: Timestamp,
}

/// A time of day for clients: microseconds since 1970, RFC 3339 in UTC with six decimals in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds since 1970, for time-ordered ids.
    pub fn milliseconds(self) -> u64 {
        u64::try_from(self.0 / 1000).unwrap_or(0)
    }

    /// The time so much later.
    pub fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// A time up to its seconds, as text: `2026-11-22T10:15:30`.
type Seconds = [u8; 19];

thread_local! {
    /// The second that was written last: most times that are written are of the same.
    static WRITTEN: Cell<(i64, Seconds)> = const { Cell::new((0, *b"1970-01-01T00:00:00")) };
}

/// The second as text; `None`: its year has not four digits, or the calendar does not have it.
fn written(second: i64) -> Option<Seconds> {
    let (last, text) = WRITTEN.get();
    if last == second {
        return Some(text);
    }
    let text = jiff::Timestamp::from_second(second).ok()?.to_string();
    let text = text.strip_suffix('Z')?.as_bytes().try_into().ok()?;
    WRITTEN.set((second, text));
    Some(text)
}

/// A time as text, `2026-11-22T10:15:30.000125Z`, with digits in place of `_`.
const TEXT: &[u8; 27] = b"____-__-__T__:__:__.______Z";

impl Timestamp {
    /// Written into `text`; `None`: it takes more room.
    fn write(self, text: &mut [u8; TEXT.len()]) -> Option<&str> {
        *text = *TEXT;
        let (seconds, fraction) = text.split_first_chunk_mut()?;
        *seconds = written(self.0.div_euclid(1_000_000))?;
        let mut rest = self.0.rem_euclid(1_000_000);
        for digit in fraction.get_mut(1..7)?.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).ok()?;
            rest /= 10;
        }
        std::str::from_utf8(text).ok()
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.write(&mut TEXT.to_owned()) {
            Some(text) => f.write_str(text),
            None => write!(f, "{:.6}", jiff::Timestamp::from_microsecond(self.0).unwrap_or_default()),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.write(&mut TEXT.to_owned()) {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let time: jiff::Timestamp = text.parse().map_err(de::Error::custom)?;
        Ok(Self(time.as_microsecond()))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, microseconds"))
            .examples(["2026-11-22T10:15:30.000125Z"])
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {
    fn name() -> Cow<'static, str> {
        "Timestamp".into()
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_time_is_written_as_the_calendar_says() {
        let second = 1_000_000;
        let at = 1_795_713_835 * second;
        for time in
            [0, 1, -1, at, at + 509_973, at + second - 1, at + second, at, i64::from(i32::MAX) * second]
        {
            let expected = format!("{:.6}", jiff::Timestamp::from_microsecond(time).unwrap());
            assert_eq!(Timestamp(time).to_string(), expected);
            let json = serde_json::to_string(&Timestamp(time)).unwrap();
            assert_eq!(json, format!("\"{expected}\""));
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), Timestamp(time));
        }
        assert_eq!(Timestamp(at + 125).to_string(), "2026-11-26T17:23:55.000125Z");
    }

    #[test]
    fn a_time_out_of_the_ordinary_is_written_too() {
        for time in [-100_000_000_000_000_000, 253_402_207_200_000_000 - 1] {
            let expected = format!("{:.6}", jiff::Timestamp::from_microsecond(time).unwrap());
            assert_eq!(Timestamp(time).to_string(), expected);
        }
        assert_eq!(Timestamp(i64::MAX).to_string(), "1970-01-01T00:00:00.000000Z");
    }
}
