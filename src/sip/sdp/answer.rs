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
    let ours = codec::of_names(&local.codecs);
    // "The t= line in the answer MUST exactly match the one in the offer."
    let mut text = write::begin(local, offer.times());
    let mut taken = false;
    for media in &offer.medias {
        let common = if taken { Vec::new() } else { acceptable(media, &ours) };
        if common.is_empty() {
            write::add_refused(&mut text, media);
        } else {
            taken = true;
            accept(&mut text, &offer, media, &common, local);
        }
    }
    if taken { Ok(text) } else { Err(NoAnswer::NoCommonCodec) }
}

/// The codecs in common of a stream that can be taken at all: audio over plain RTP.
fn acceptable<'a>(media: &'a Media<'_>, ours: &[Codec<'a>]) -> Vec<Codec<'a>> {
    let plain = matches!(media.proto, "RTP/AVP" | "RTP/AVPF");
    if media.media == "audio" && media.port != 0 && plain {
        codec::in_common(ours, &codec::of_stream(media))
    } else {
        Vec::new()
    }
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
    let ptime = attributes(&media.lines).find(|(name, _)| *name == "ptime");
    let ptime = ptime.and_then(|(_, ptime)| ptime.trim().parse::<u16>().ok());
    if let Some(ptime) = ptime {
        *text += "a=ptime:";
        add_number(text, ptime.into());
        *text += "\r\n";
    }
}
