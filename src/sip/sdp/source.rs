//! Who made our description, and with that what a later offer may make of it.

use serde::{Deserialize, Serialize};

use super::description::{self, Session};
use super::direction::Direction;

/// Who made our description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The agent, by its settings: its directions follow the offers.
    Generated,
    /// A client: what it keeps back stays kept back.
    Given(Limits),
}

impl Default for Source {
    /// Of a description of which nothing else is known.
    fn default() -> Self {
        Self::Given(Limits::default())
    }
}

impl Source {
    /// A client, by this answer to `offer`, or by this offer.
    pub fn given(sdp: &str, offer: Option<&[u8]>) -> Self {
        Self::Given(Limits::of(sdp, offer).unwrap_or_default())
    }

    /// What it lets through of a direction of the stream at this place.
    pub(super) fn limit(self, place: usize, direction: Direction) -> Direction {
        match self {
            Self::Generated => direction,
            Self::Given(limits) => limits.apply(place, direction),
        }
    }
}

/// What a client's description keeps back of what its offer had let it do (RFC 3264 §6.1), or, as an offer, of all: a bit for each
/// stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The streams on which it does not send.
    silent: u64,
    /// The streams on which it does not receive.
    deaf: u64,
}

impl Limits {
    fn of(sdp: &str, offer: Option<&[u8]>) -> Option<Self> {
        let given = Session::read(sdp).ok()?;
        let offer = offer.map(description::text);
        let offer = offer.as_deref().and_then(|offer| Session::read(offer).ok());
        let mut limits = Self::default();
        for (place, media) in given.medias.iter().enumerate() {
            let offered = offer.as_ref().and_then(|offer| Some((offer, offer.medias.get(place)?)));
            let possible = offered
                .map_or(Direction::SendRecv, |(offer, media)| Direction::of_stream(offer, media).mirrored());
            let given = Direction::of_stream(&given, media);
            limits.silent |= bit(place, possible.sends() && !given.sends());
            limits.deaf |= bit(place, possible.receives() && !given.receives());
        }
        Some(limits)
    }

    fn apply(self, place: usize, direction: Direction) -> Direction {
        let has = |bits: u64| bits & bit(place, true) != 0;
        Direction::of(direction.sends() && !has(self.silent), direction.receives() && !has(self.deaf))
    }
}

/// A description has at most as many streams as there are bits.
fn bit(place: usize, is_set: bool) -> u64 {
    u32::try_from(place).ok().and_then(|place| u64::from(is_set).checked_shl(place)).unwrap_or(0)
}
