//! The answer to a first offer (RFC 3264 §6).

use sdp_types::{Media, Session};

use super::codec::{self, Codec};
use super::direction::Direction;
use super::{Local, NoAnswer, description};

/// Generates the answer to `offer`: the first audio stream with a codec in common is taken, with the offer's payload
/// numbers in the order of our preference, and all other streams are refused.
pub fn answer(offer: &[u8], local: &Local) -> Result<String, NoAnswer> {
    let offer = description::read(offer).map_err(|_| NoAnswer::Malformed)?;
    let ours = codec::of_names(&local.codecs);
    let mut session = description::session(local);
    // "The t= line in the answer MUST exactly match the one in the offer."
    if !offer.times.is_empty() {
        session.times.clone_from(&offer.times);
    }
    let mut taken = false;
    for media in &offer.medias {
        let common = if taken { Vec::new() } else { acceptable(media, &ours) };
        if common.is_empty() {
            session.medias.push(description::refused(media));
        } else {
            taken = true;
            session.medias.push(accepted(&offer, media, &common, local));
        }
    }
    if taken { Ok(session.to_string()) } else { Err(NoAnswer::NoCommonCodec) }
}

/// The codecs in common of a stream that can be taken at all: audio over plain RTP.
fn acceptable<'a>(media: &'a Media, ours: &[Codec<'a>]) -> Vec<Codec<'a>> {
    let plain = matches!(media.proto.as_str(), "RTP/AVP" | "RTP/AVPF");
    if media.media == "audio" && media.port != 0 && plain {
        codec::in_common(ours, &codec::of_stream(media))
    } else {
        Vec::new()
    }
}

fn accepted(offer: &Session, media: &Media, common: &[Codec<'_>], local: &Local) -> Media {
    let direction = Direction::of_stream(offer, media).mirrored();
    let mut stream = description::stream(local, &media.media, &media.proto, common, direction);
    let ptime = media.attributes.iter().find(|attribute| attribute.attribute == "ptime");
    let ptime =
        ptime.filter(|ptime| ptime.value.as_deref().is_some_and(|value| value.trim().parse::<u16>().is_ok()));
    stream.attributes.extend(ptime.cloned());
    stream
}
