//! Headers whose value only one call at a time may have: `X-empolyee_id` of somebody who already talks.

use bytestring::ByteString;

use super::event::Call;
use super::map::{Hashing, Map};
use crate::sip::Request;

/// The values that calls have which have not ended, and how many calls each; as many at most as there are calls and headers.
#[derive(Debug)]
pub struct Busy {
    headers: Vec<String>,
    values: Map<(usize, ByteString), usize>,
}

impl Busy {
    /// No call yet.
    pub fn new(hashing: Hashing, headers: Vec<String>) -> Self {
        Self { headers, values: Map::with_hasher(hashing) }
    }

    /// A call begins.
    pub fn begin(&mut self, call: &Call) {
        for key in self.keys(call) {
            *self.values.entry(key).or_default() += 1;
        }
    }

    /// A call has ended.
    pub fn end(&mut self, call: &Call) {
        for key in self.keys(call) {
            if let Some(count) = self.values.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.values.remove(&key);
                }
            }
        }
    }

    /// Whether a call has what this INVITE has.
    pub fn is_for(&self, invite: &Request) -> bool {
        self.headers.iter().enumerate().any(|(place, name)| {
            invite.headers.named(name).is_some_and(|header| self.values.contains_key(&(place, header.text())))
        })
    }

    /// How many values are known.
    #[cfg(any(test, fuzzing))]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The first of each name counts, as in [`Busy::is_for`].
    fn keys(&self, call: &Call) -> Vec<(usize, ByteString)> {
        let names = self.headers.iter().enumerate();
        let value = |name: &str| {
            let found = call.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            found.map(|header| header.value.clone())
        };
        names.filter_map(|(place, name)| Some((place, value(name)?))).collect()
    }
}
