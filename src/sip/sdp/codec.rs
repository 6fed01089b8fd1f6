//! Codecs by their rtpmap names, and which of them two sides have in common.

use super::description::{Media, attributes};
use crate::sip::grammar::token;
use crate::sip::text::{add_number, cut};

/// The name of DTMF in RTP (RFC 4733): of use only beside a codec for speech.
const EVENTS: &str = "telephone-event";

/// The name of comfort noise (RFC 3389): of use only beside a codec for speech, too.
const NOISE: &str = "CN";

/// The name of Opus (RFC 7587), whose parameters each side says for what it receives.
const OPUS: &str = "opus";

/// The first payload number without a meaning of its own (RFC 3551 §3).
const FIRST_DYNAMIC: u8 = 96;

/// What is known of a codec by its name: payload number if it has a static one (RFC 3551 §6), clock rate, channels.
static WELL_KNOWN: [(&str, Option<u8>, u32, u8); 20] = [
    ("PCMU", Some(0), 8000, 1),
    ("GSM", Some(3), 8000, 1),
    ("G723", Some(4), 8000, 1),
    ("DVI4", Some(5), 8000, 1),
    ("DVI4", Some(6), 16000, 1),
    ("LPC", Some(7), 8000, 1),
    ("PCMA", Some(8), 8000, 1),
    ("G722", Some(9), 8000, 1),
    ("L16", Some(10), 44100, 2),
    ("L16", Some(11), 44100, 1),
    ("QCELP", Some(12), 8000, 1),
    (NOISE, Some(13), 8000, 1),
    ("MPA", Some(14), 90000, 1),
    ("G728", Some(15), 8000, 1),
    ("DVI4", Some(16), 11025, 1),
    ("DVI4", Some(17), 22050, 1),
    ("G729", Some(18), 8000, 1),
    ("AMR-WB", None, 16000, 1),
    (OPUS, None, 48000, 2),
    (EVENTS, None, 8000, 1),
];

/// Others that are registered with 8000 Hz and one channel (RFC 3551, and IANA's list of RTP payload formats).
static NARROW: [&str; 20] = [
    "AMR",
    "BV16",
    "EVRC",
    "EVRC0",
    "EVRC1",
    "EVRCB",
    "EVRCB0",
    "EVRCB1",
    "G726-16",
    "G726-24",
    "G726-32",
    "G726-40",
    "G729D",
    "G729E",
    "GSM-EFR",
    "GSM-HR-08",
    "iLBC",
    "SMV",
    "SMV0",
    "speex",
];

/// Whether it is known what a codec of that name is.
pub fn is_known(name: &str) -> bool {
    let mut names = WELL_KNOWN.iter().map(|known| known.0).chain(NARROW);
    names.any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a codec of that name is for speech, and not of use beside another one only.
pub fn is_speech(name: &str) -> bool {
    ![EVENTS, NOISE].iter().any(|beside| beside.eq_ignore_ascii_case(name))
}

/// A payload format of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Codec<'a> {
    pub payload: u8,
    /// Empty for a static number whose codec is not known: the number alone says which it is.
    pub name: &'a str,
    pub clock: u32,
    pub channels: u8,
    pub fmtp: Option<&'a str>,
}

impl<'a> Codec<'a> {
    /// Whether it is `telephone-event`.
    pub fn is_events(&self) -> bool {
        self.name.eq_ignore_ascii_case(EVENTS)
    }

    fn is_noise(&self) -> bool {
        self.name.eq_ignore_ascii_case(NOISE)
    }

    /// Whether both sides mean the same, whatever its number on either.
    pub fn is(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(other.name)
            && self.clock == other.clock
            && self.channels == other.channels
            && (!self.name.is_empty() || self.payload == other.payload)
    }

    /// The attributes that describe it: `rtpmap`, unless its number says what it is, and `fmtp`.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'a>> {
        let rtpmap = (!self.name.is_empty()).then_some(Attribute::Rtpmap(self));
        let fmtp = self.fmtp.map(|fmtp| Attribute::Fmtp(self.payload, fmtp));
        rtpmap.into_iter().chain(fmtp)
    }
}

/// An attribute, to be written.
pub(super) enum Attribute<'a> {
    Rtpmap(Codec<'a>),
    Fmtp(u8, &'a str),
}

impl Attribute<'_> {
    /// Its name and its value, without the `a=`.
    pub fn add_to(&self, text: &mut String) {
        let (name, payload) = match self {
            Self::Rtpmap(codec) => ("rtpmap:", codec.payload),
            Self::Fmtp(payload, _) => ("fmtp:", *payload),
        };
        *text += name;
        add_number(text, payload.into());
        match self {
            Self::Rtpmap(codec) => {
                text.extend([" ", codec.name, "/"]);
                add_number(text, codec.clock.into());
                if codec.channels > 1 {
                    *text += "/";
                    add_number(text, codec.channels.into());
                }
            }
            Self::Fmtp(_, fmtp) => text.extend([" ", fmtp]),
        }
    }
}

/// The codecs of a media line in its order, at most 256, as each number counts once; dynamic numbers without a meaning
/// are left out.
pub(super) fn of_stream<'a>(media: &'a Media<'_>) -> Vec<Codec<'a>> {
    let (rtpmaps, fmtps) = (Mapped::of(media, "rtpmap"), Mapped::of(media, "fmtp"));
    let mut listed = [false; NUMBERS];
    let formats = media.formats.split_ascii_whitespace().filter_map(|format| format.parse().ok());
    let codecs = formats.filter_map(|payload: u8| {
        let place = usize::from(payload);
        let is_listed = std::mem::replace(listed.get_mut(place)?, true);
        let (name, clock, channels) = match rtpmaps.get(payload) {
            _ if is_listed => return None,
            Some(encoding) => encoding_of(encoding)?,
            None => static_encoding(payload)?,
        };
        Some(Codec { payload, name, clock, channels, fmtp: fmtps.get(payload) })
    });
    codecs.collect()
}

/// How many payload numbers could be written.
const NUMBERS: usize = 256;

/// Values by payload numbers. Few numbers have one, and all can.
struct Mapped<'a> {
    values: Vec<&'a str>,
    /// Which of the values a number has, counted from 1; 0: none.
    places: [u16; NUMBERS],
}

impl<'a> Mapped<'a> {
    /// Those of `a=NAME:PAYLOAD VALUE`; the first one counts.
    fn of(media: &'a Media<'_>, name: &str) -> Self {
        let mut mapped = Self { values: Vec::new(), places: [0; NUMBERS] };
        for (_, value) in attributes(&media.lines).filter(|(attribute, _)| *attribute == name) {
            if let Some((number, value)) = cut(value, b' ')
                && let Ok(number) = number.parse::<u8>()
                && let Some(place @ 0) = mapped.places.get_mut(usize::from(number))
            {
                mapped.values.push(value);
                *place = u16::try_from(mapped.values.len()).unwrap_or(0);
            }
        }
        mapped
    }

    fn get(&self, number: u8) -> Option<&'a str> {
        let place = self.places.get(usize::from(number))?.checked_sub(1)?;
        self.values.get(usize::from(place)).copied()
    }
}

/// Reads `NAME/CLOCK[/CHANNELS]`.
fn encoding_of(rtpmap: &str) -> Option<(&str, u32, u8)> {
    let mut parts = rtpmap.trim().split('/');
    let (name, clock) = (parts.next()?, parts.next()?.parse().ok()?);
    let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok())?;
    Some((name, clock, channels))
}

/// What a number without an rtpmap stands for.
fn static_encoding(payload: u8) -> Option<(&'static str, u32, u8)> {
    let known = WELL_KNOWN.iter().find(|known| known.1 == Some(payload));
    let known = known.map(|(name, _, clock, channels)| (*name, *clock, *channels));
    known.or_else(|| (payload < FIRST_DYNAMIC).then_some(("", 0, 1)))
}

/// The codecs of the settings with payload numbers: those that they have among the `used` ones, else static ones their own,
/// `telephone-event` 101, others from 96, as far as they are free; a name that is no token is left out.
pub(super) fn of_names<'a>(names: &'a [String], used: &[Codec<'_>]) -> Vec<Codec<'a>> {
    let is_free = |payload: &u8| used.iter().all(|codec| codec.payload != *payload);
    let mut dynamic = (FIRST_DYNAMIC..=127).filter(|payload| *payload != 101 && is_free(payload));
    let codecs = names.iter().filter(|name| token(name.as_bytes())).filter_map(|name| {
        let known = WELL_KNOWN.iter().find(|known| known.0.eq_ignore_ascii_case(name)).copied();
        let (name, payload, clock, channels) = known.unwrap_or((name, None, 8000, 1));
        let events = name == EVENTS;
        let own = if events { Some(101) } else { payload };
        let codec = Codec { payload: 0, name, clock, channels, fmtp: events.then_some("0-15") };
        let known = used.iter().find(|used| used.is(&codec)).map(|used| used.payload);
        let payload = known.or(own.filter(is_free)).or_else(|| dynamic.next())?;
        Some(Codec { payload, ..codec })
    });
    codecs.collect()
}

/// What is in common, in the order of `ours` and with the numbers of `theirs`; empty if it is no codec for speech.
pub(super) fn in_common<'a>(ours: &[Codec<'a>], theirs: &[Codec<'a>]) -> Vec<Codec<'a>> {
    let mut common: Vec<Codec<'_>> = Vec::new();
    for our in ours.iter().filter(|codec| !codec.is_events()) {
        let free = |their: &Codec<'_>| common.iter().all(|taken| taken.payload != their.payload);
        if let Some(their) = theirs.iter().find(|their| their.is(our) && free(their)) {
            common.push(Codec { fmtp: our.fmtp, ..*their });
        }
    }
    if common.iter().all(Codec::is_noise) {
        return Vec::new();
    }
    if ours.iter().any(Codec::is_events) {
        common.extend(events_beside(&common, theirs));
    }
    common
}

/// Gives codecs without parameters those that their numbers have in the session, which say what the format is (AMR's `octet-align`, G.729's `annexb`): a description
/// without them would mean the defaults.
pub(super) fn echo_parameters<'a>(common: &mut [Codec<'a>], used: &[Codec<'a>]) {
    let takes = |codec: &&mut Codec<'_>| codec.fmtp.is_none() && !codec.name.eq_ignore_ascii_case(OPUS);
    for codec in common.iter_mut().filter(takes) {
        codec.fmtp = used.iter().find(|other| other.payload == codec.payload).and_then(|other| other.fmtp);
    }
}

/// The `telephone-event`s that are offered with the clock rate of a codec in common (RFC 4733 §2.1), with their events.
/// Many peers have none but the one at 8000 Hz, whatever the codec: then it is that.
fn events_beside<'a>(common: &[Codec<'a>], theirs: &[Codec<'a>]) -> Vec<Codec<'a>> {
    let events = || theirs.iter().filter(|their| their.is_events()).copied();
    let fits = |events: &Codec<'_>| common.iter().any(|codec| codec.clock == events.clock);
    let fitting: Vec<Codec<'_>> = events().filter(fits).collect();
    if fitting.is_empty() { events().take(1).collect() } else { fitting }
}

#[cfg(test)]
mod tests;
