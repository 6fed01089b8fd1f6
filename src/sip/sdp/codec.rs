//! Codecs by their rtpmap names, and which of them two sides have in common.

use sdp_types::{Attribute, Media};

/// The name of DTMF in RTP (RFC 4733): of use only beside a codec for speech.
const EVENTS: &str = "telephone-event";

/// What is known of a codec by its name: payload number if it has a static one (RFC 3551 §6), clock rate, channels.
const WELL_KNOWN: [(&str, Option<u8>, u32, u8); 6] = [
    ("PCMU", Some(0), 8000, 1),
    ("GSM", Some(3), 8000, 1),
    ("PCMA", Some(8), 8000, 1),
    ("G722", Some(9), 8000, 1),
    ("opus", None, 48000, 2),
    (EVENTS, None, 8000, 1),
];

/// A payload format of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Codec {
    pub payload: u8,
    pub name: String,
    pub clock: u32,
    pub channels: u8,
    pub fmtp: Option<String>,
}

impl Codec {
    /// Whether it is `telephone-event`.
    pub fn is_events(&self) -> bool {
        self.name.eq_ignore_ascii_case(EVENTS)
    }

    /// Whether both sides mean the same, whatever its number on either.
    pub fn is(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock == other.clock
            && self.channels == other.channels
    }

    /// The lines that describe it.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute> + use<> {
        let Self { payload, name, clock, channels, fmtp } = self;
        let channels = if *channels > 1 { format!("/{channels}") } else { String::new() };
        let rtpmap = Attribute::with_value("rtpmap", format!("{payload} {name}/{clock}{channels}"));
        let fmtp = fmtp.as_ref().map(|fmtp| Attribute::with_value("fmtp", format!("{payload} {fmtp}")));
        std::iter::once(rtpmap).chain(fmtp)
    }
}

/// The codecs of a media line in its order; numbers without a meaning are left out.
pub(super) fn of_stream(media: &Media) -> Vec<Codec> {
    let formats = media.fmt.split_ascii_whitespace().filter_map(|format| format.parse::<u8>().ok());
    formats.filter_map(|payload| of_payload(media, payload)).collect()
}

fn of_payload(media: &Media, payload: u8) -> Option<Codec> {
    let fmtp = mapped(media, "fmtp", payload).map(str::to_owned);
    let Some(encoding) = mapped(media, "rtpmap", payload) else {
        let (name, _, clock, channels) = WELL_KNOWN.into_iter().find(|known| known.1 == Some(payload))?;
        return Some(Codec { payload, name: name.to_owned(), clock, channels, fmtp });
    };
    let mut parts = encoding.trim().split('/');
    let name = parts.next()?.to_owned();
    let clock = parts.next()?.parse().ok()?;
    let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok())?;
    Some(Codec { payload, name, clock, channels, fmtp })
}

/// The value of `a=NAME:PAYLOAD VALUE`.
fn mapped<'a>(media: &'a Media, name: &str, payload: u8) -> Option<&'a str> {
    let values = media.attributes.iter().filter(|attribute| attribute.attribute == name);
    values.filter_map(|attribute| attribute.value.as_deref()?.split_once(' ')).find_map(|(number, value)| {
        let number: u8 = number.parse().ok()?;
        (number == payload).then_some(value)
    })
}

/// The codecs of the settings with payload numbers: static ones their own, `telephone-event` 101, others from 96.
pub(super) fn of_names(names: &[String]) -> Vec<Codec> {
    let mut dynamic = (96..=127).filter(|payload| *payload != 101);
    let codecs = names.iter().filter_map(|name| {
        let known = WELL_KNOWN.into_iter().find(|known| known.0.eq_ignore_ascii_case(name));
        let (name, payload, clock, channels) = known.unwrap_or((name, None, 8000, 1));
        let events = name == EVENTS;
        let payload = if events { Some(101) } else { payload.or_else(|| dynamic.next()) }?;
        let fmtp = events.then(|| "0-15".to_owned());
        Some(Codec { payload, name: name.to_owned(), clock, channels, fmtp })
    });
    codecs.collect()
}

/// What is in common, in the order of `ours` and with the numbers of `theirs`; empty if it is no codec for speech.
pub(super) fn in_common(ours: &[Codec], theirs: &[Codec]) -> Vec<Codec> {
    let mut common: Vec<Codec> = Vec::new();
    for our in ours.iter().filter(|codec| !codec.is_events()) {
        if let Some(their) = theirs.iter().find(|their| their.is(our)) {
            common.push(Codec { fmtp: our.fmtp.clone(), ..their.clone() });
        }
    }
    if !common.is_empty() && ours.iter().any(Codec::is_events) {
        common.extend(events_beside(&common, theirs));
    }
    common
}

/// The `telephone-event`s that are offered with the clock rate of a codec in common (RFC 4733 §2.1), with their events.
/// Many peers have none but the one at 8000 Hz, whatever the codec: then it is that.
fn events_beside(common: &[Codec], theirs: &[Codec]) -> Vec<Codec> {
    let events = || theirs.iter().filter(|their| their.is_events());
    let fitting: Vec<Codec> =
        events().filter(|events| common.iter().any(|codec| codec.clock == events.clock)).cloned().collect();
    if fitting.is_empty() { events().take(1).cloned().collect() } else { fitting }
}
