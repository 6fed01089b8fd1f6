//! Names of things: of calls for clients, of connections for the driver; and the seeded source of SIP's random tokens.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

use bytestring::ByteString;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::map::Hashing;

/// A call's id: `call_` and a ULID, so ids sort by the time their call began. Never the SIP Call-ID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(Ulid);

impl CallId {
    /// An id from the time it begins and 80 random bits.
    pub fn new(milliseconds: u64, random: u128) -> Self {
        Self(Ulid::from_parts(milliseconds, random))
    }

    /// As it is kept in a database: bytes that sort as the ids do.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// From [`CallId::to_bytes`].
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid::from_bytes(bytes))
    }

    /// The least id that is greater; the greatest stays.
    pub fn behind(self) -> Self {
        self.next().unwrap_or(self)
    }

    /// The id right behind; `None` behind the last of a millisecond.
    fn next(self) -> Option<Self> {
        self.0.increment().ok().map(Self)
    }
}

/// What the text of an id begins with, and room for the ULID.
const TEXT: [u8; PREFIX.len() + ulid::ULID_LEN] = *b"call___________________________";
const PREFIX: &str = "call_";

impl CallId {
    /// Written into `text`, which is [`TEXT`].
    fn write(self, text: &mut [u8; TEXT.len()]) -> &str {
        if let Some(ulid) = text.last_chunk_mut() {
            self.0.array_to_str(ulid);
        }
        std::str::from_utf8(text).unwrap_or(PREFIX)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut TEXT.clone()))
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a call id is `call_` and 26 characters of Crockford's base 32")]
pub struct NotACallId;

impl FromStr for CallId {
    type Err = NotACallId;

    fn from_str(text: &str) -> Result<Self, NotACallId> {
        let ulid = text.strip_prefix(PREFIX).ok_or(NotACallId)?;
        let id = Self(Ulid::from_string(ulid).map_err(|_| NotACallId)?);
        // Crockford's alphabet reads lower case and look-alikes too; an id has one spelling.
        if id.to_string() == text { Ok(id) } else { Err(NotACallId) }
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.write(&mut TEXT.clone()))
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for CallId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^call_[0-9A-HJKMNP-TV-Z]{26}$"))
            .examples(["call_01JD8Q4V6T0000000000000000"])
            .into()
    }
}

impl utoipa::ToSchema for CallId {
    fn name() -> Cow<'static, str> {
        "CallId".into()
    }
}

/// A connection (or, for UDP, a remote address) that messages come and go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u64);

/// Where the core's random tokens come from: all of them from one seed, so that a run can be repeated.
#[derive(Debug)]
pub struct Ids {
    random: ChaCha8Rng,
    salt: u64,
    last_call: Option<CallId>,
}

impl Ids {
    /// A source; whoever knows the seed knows every tag.
    pub fn new(seed: [u8; 32]) -> Self {
        let mut random = ChaCha8Rng::from_seed(seed);
        let salt = random.next_u64();
        Self { random, salt, last_call: None }
    }

    /// A new call's id. It sorts behind those before it, also behind those of the same millisecond.
    pub fn call(&mut self, milliseconds: u64) -> CallId {
        let high = u128::from(self.random.next_u64());
        let random = CallId::new(milliseconds, high << 64 | u128::from(self.random.next_u64()));
        let next = self.last_call.filter(|last| random <= *last).and_then(CallId::next);
        let id = next.unwrap_or(random);
        self.last_call = Some(id);
        id
    }

    /// A tag (RFC 3261 §19.3): 64 random bits.
    pub fn tag(&mut self) -> ByteString {
        hex("", self.random.next_u64())
    }

    /// A branch (§8.1.1.7): the cookie and 64 random bits.
    pub fn branch(&mut self) -> ByteString {
        hex("z9hG4bK", self.random.next_u64())
    }

    /// The tag of a response without a transaction: the same whenever the same request comes (§8.2.7).
    pub fn stateless_tag(&self, call_id: &[u8], cseq: &[u8]) -> ByteString {
        let mut hash = DefaultHasher::new();
        (self.salt, call_id, cseq).hash(&mut hash);
        hex("", hash.finish())
    }

    /// Keys for maps.
    pub fn hashing(&mut self) -> Hashing {
        let mut key = || self.random.next_u64();
        Hashing::with_seeds(key(), key(), key(), key())
    }

    /// A key that nobody can guess.
    pub fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.random.fill_bytes(&mut key);
        key
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.random.next_u32() % bound.max(1)
    }
}

/// A number in sixteen hexadecimal digits.
fn hex(prefix: &str, number: u64) -> ByteString {
    let mut text = String::with_capacity(prefix.len() + 16);
    text.push_str(prefix);
    let digits = (0..16).rev().map(|place| (number >> (4 * place)) as u32 & 15);
    text.extend(digits.filter_map(|digit| char::from_digit(digit, 16)));
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_order_in_which_calls_began() {
        let mut ids = Ids::new([7; 32]);
        // Many in a millisecond, and a clock that is set back.
        let times = std::iter::repeat_n(1_000, 100).chain([1_001, 999, 999, 1_002]);
        let given: Vec<_> = times.map(|milliseconds| ids.call(milliseconds)).collect();
        assert!(given.is_sorted_by(|before, after| before < after), "{given:?}");
    }

    #[test]
    fn random_names_have_sixteen_digits() {
        for number in [0, 7, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(hex("z9hG4bK", number), format!("z9hG4bK{number:016x}"));
        }
    }
}
