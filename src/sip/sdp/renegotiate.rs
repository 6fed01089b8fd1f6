//! Descriptions in an established session (RFC 3264 §8): the answer to a new offer, and the offer that a re-INVITE without
//! one asks for. Both begin with the description in use, whoever wrote it.

use sdp_types::{Attribute, Media, Session};

use super::NoAnswer;
use super::codec::{self, Codec};
use super::description::{self, DISCARD};
use super::direction::Direction;

/// Generates the answer to a new offer from the description in use: the same address and ports, the codecs in common,
/// the direction mirrored; streams that were not in use are refused. The version of `o=` is raised by one if
/// anything changes, else the text is the same.
pub fn reanswer(previous_local: &str, offer: &[u8]) -> Result<String, NoAnswer> {
    let previous = description::read(previous_local.as_bytes()).map_err(|_| NoAnswer::Malformed)?;
    let offer = description::read(offer).map_err(|_| NoAnswer::Malformed)?;
    let mut next = previous.clone();
    if !offer.times.is_empty() {
        next.times.clone_from(&offer.times);
    }
    let streams = offer.medias.iter().enumerate();
    next.medias = streams.map(|(place, offered)| stream(&previous, place, &offer, offered)).collect();
    let nothing_offered = offer.medias.iter().all(|media| media.port == 0);
    if !nothing_offered && next.medias.iter().all(|media| media.port == 0) {
        return Err(NoAnswer::NoCommonCodec);
    }
    Ok(write(previous_local, &previous, next))
}

/// The description in use as a full offer: on each stream in use we are ready to send and receive again, unless we hold
/// it ourselves (`sendonly`) or have no media address.
pub fn reoffer(previous_local: &str) -> String {
    let Ok(previous) = description::read(previous_local.as_bytes()) else {
        return previous_local.to_owned();
    };
    let mut next = previous.clone();
    for media in next.medias.iter_mut().filter(|media| media.port != 0 && media.port != DISCARD) {
        if !Direction::of_stream(&previous, media).sends() {
            turn(&previous, media, Direction::SendRecv);
        }
    }
    write(previous_local, &previous, next)
}

fn write(text: &str, previous: &Session, mut next: Session) -> String {
    if next == *previous {
        return text.to_owned();
    }
    next.origin.sess_version = previous.origin.sess_version.wrapping_add(1);
    next.to_string()
}

/// The answer to the stream at one place.
fn stream(previous: &Session, place: usize, offer: &Session, offered: &Media) -> Media {
    let in_use = previous.medias.get(place).filter(|ours| {
        ours.port != 0 && offered.port != 0 && ours.media == offered.media && ours.proto == offered.proto
    });
    let Some(ours) = in_use else {
        // Refused before and refused again is no change.
        let same = previous.medias.get(place).filter(|ours| {
            ours.port == 0
                && ours.media == offered.media
                && ours.proto == offered.proto
                && ours.fmt == offered.fmt
        });
        return same.cloned().unwrap_or_else(|| description::refused(offered));
    };
    let mut stream = ours.clone();
    if !offered.proto.contains("RTP") {
        return stream;
    }
    let codecs = codec::of_stream(ours);
    let common = codec::in_common(&codecs, &codec::of_stream(offered));
    if common.is_empty() {
        return description::refused(offered);
    }
    if !same(&common, &codecs) {
        describe(&mut stream, &common);
    }
    let direction = Direction::of_stream(offer, offered).mirrored();
    turn(previous, &mut stream, if ours.port == DISCARD { Direction::Inactive } else { direction });
    stream
}

/// Whether the codecs in use need not change: the same ones under the same numbers.
fn same(common: &[Codec<'_>], in_use: &[Codec<'_>]) -> bool {
    common.len() == in_use.len()
        && common
            .iter()
            .all(|codec| in_use.iter().any(|other| codec.is(other) && codec.payload == other.payload))
}

fn describe(stream: &mut Media, codecs: &[Codec<'_>]) {
    let described = |attribute: &Attribute| matches!(attribute.attribute.as_str(), "rtpmap" | "fmtp");
    let kept = stream.attributes.iter().filter(|attribute| !described(attribute));
    let described = codecs.iter().copied().flat_map(Codec::attributes);
    let described = described.map(|(name, value)| Attribute::with_value(name, value));
    stream.attributes = described.chain(kept.cloned()).collect();
    stream.fmt = description::formats(codecs);
}

/// Gives a stream its direction; nothing is touched if it has it.
fn turn(session: &Session, stream: &mut Media, direction: Direction) {
    if Direction::of_stream(session, stream) == direction {
        return;
    }
    stream.attributes.retain(|attribute| Direction::from_attribute(attribute).is_none());
    stream.attributes.push(Attribute::new(direction.as_str()));
}

#[cfg(test)]
mod tests;
