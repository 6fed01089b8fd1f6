//! The answer to a first offer (RFC 3264 §6).

use super::codec::{self, Codec};
use super::description::{self, Media, Session, attributes};
use super::direction::Direction;
use super::{Local, NoAnswer, write};
use crate::sip::text::add_number;

/// Generates the answer to `offer`: the first audio stream with a codec in common is taken, with the offer's payload
/// numbers in the order of our preference, and all other streams are refused.
pub fn answer(offer: &[u8], local: &Local<'_>) -> Result<String, NoAnswer> {
    let offer = description::text(offer);
    let offer = Session::read(&offer).map_err(|_| NoAnswer::Malformed)?;
    match to(&offer, local, None) {
        (answer, true) => Ok(answer),
        (_, false) => Err(NoAnswer::NoCommonCodec),
    }
}

/// The answer, and whether a stream is taken: the one at the place that is `preferred`, if it can be.
pub(super) fn to(offer: &Session<'_>, local: &Local<'_>, preferred: Option<usize>) -> (String, bool) {
    let ours = codec::of_names(&local.codecs, &[]);
    let mut places = preferred.into_iter().chain(0..offer.medias.len());
    let taken = places.find_map(|place| {
        let common = acceptable(offer.medias.get(place)?, &ours);
        (!common.is_empty()).then_some((place, common))
    });
    // "The t= line in the answer MUST exactly match the one in the offer."
    let mut text = write::begin(local, offer.times());
    for (place, media) in offer.medias.iter().enumerate() {
        match &taken {
            Some((taken, common)) if *taken == place => accept(&mut text, offer, media, common, local),
            _ => write::add_refused(&mut text, media),
        }
    }
    (text, taken.is_some())
}

/// The codecs in common of a stream that can be taken at all.
fn acceptable<'a>(media: &'a Media<'_>, ours: &[Codec<'a>]) -> Vec<Codec<'a>> {
    if media.port != 0 && is_plain_audio(media) {
        let offered = codec::of_stream(media);
        let mut common = codec::in_common(ours, &offered);
        codec::echo_parameters(&mut common, &offered);
        common
    } else {
        Vec::new()
    }
}

/// Whether it is audio over plain RTP.
pub(super) fn is_plain_audio(media: &Media<'_>) -> bool {
    media.media == "audio" && matches!(media.proto, "RTP/AVP" | "RTP/AVPF")
}

fn accept(
    text: &mut String,
    offer: &Session<'_>,
    media: &Media<'_>,
    common: &[Codec<'_>],
    local: &Local<'_>,
) {
    let direction = Direction::of_stream(offer, media).mirrored();
    write::add_stream(text, local, (media.media, media.proto), common, direction);
    add_ptime(text, media);
}

/// Adds the packet time that a stream has.
pub(super) fn add_ptime(text: &mut String, media: &Media<'_>) {
    let ptime = attributes(&media.lines).find(|(name, _)| *name == "ptime");
    let ptime = ptime.and_then(|(_, ptime)| ptime.trim().parse::<u16>().ok());
    if let Some(ptime) = ptime {
        *text += "a=ptime:";
        add_number(text, ptime.into());
        *text += "\r\n";
    }
}
