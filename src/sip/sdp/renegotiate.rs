//! Descriptions in an established session (RFC 3264 §8): the answer to a new offer, and the offer that a re-INVITE without
//! one asks for. Both begin with the description in use; of one that the agent has generated only the origin stays.

use std::net::IpAddr;

use super::codec::{self, Codec};
use super::description::{self, Line, Media, Session};
use super::direction::Direction;
use super::regenerate::Again;
use super::write::{DISCARD, add_formats};
use super::{NoAnswer, Source, keys};

/// What a new offer, or the request for one, meets.
#[derive(Clone, Copy, Debug)]
pub struct InUse<'a> {
    /// Our description.
    pub local: &'a str,
    /// Who made it.
    pub source: Source,
    /// The peer's; empty if it has given none.
    pub remote: &'a [u8],
    /// Where media is taken, by the settings.
    pub media: Option<(IpAddr, u16)>,
    /// The codecs of the settings.
    pub codecs: &'a [String],
}

/// Generates the answer to a new offer. By a description that a client has given: the same address and ports, the codecs in common,
/// the direction mirrored, but for what a client keeps back; streams that were not in use are refused. The version of `o=` is raised
/// by one if anything changes, else the text is the same.
pub fn reanswer(in_use: &InUse<'_>, offer: &[u8]) -> Result<String, NoAnswer> {
    let previous = Session::read(in_use.local).map_err(|_| NoAnswer::Malformed)?;
    let offer = description::text(offer);
    let offer = Session::read(&offer).map_err(|_| NoAnswer::Malformed)?;
    let remote = description::text(in_use.remote);
    if keys::are_new(&previous, Session::read(&remote).ok().as_ref(), &offer) {
        return Err(NoAnswer::NewKeys);
    }
    if let Some(again) = Again::of(in_use, &previous) {
        return again.answer(&offer);
    }
    let mut next = previous.clone();
    if offer.times().next().is_some() {
        let place = next.lines.iter().position(Line::is_time).unwrap_or(next.lines.len());
        next.lines.retain(|line| !line.is_time());
        next.lines.splice(place..place, offer.times().cloned());
    }
    let streams = offer.medias.iter().enumerate();
    let answered = streams.map(|(place, offered)| {
        let direction = Direction::of_stream(&offer, offered).mirrored();
        stream(&previous, place, offered, in_use.source.limit(place, direction))
    });
    next.medias = answered.collect();
    let nothing_offered = offer.medias.iter().all(|media| media.port == 0);
    if !nothing_offered && next.medias.iter().all(|media| media.port == 0) {
        return Err(NoAnswer::NoCommonCodec);
    }
    Ok(write(in_use.local, &previous, next))
}

/// A full offer. By a description that a client has given: on each stream in use we are ready to send and receive again, unless we hold
/// it ourselves (`sendonly`), have no media address, or a client keeps it back.
pub fn reoffer(in_use: &InUse<'_>) -> String {
    let Ok(previous) = Session::read(in_use.local) else {
        return in_use.local.to_owned();
    };
    if let Some(again) = Again::of(in_use, &previous) {
        let remote = description::text(in_use.remote);
        return again.offer(Session::read(&remote).ok().as_ref());
    }
    let mut next = previous.clone();
    let used = |media: &Media<'_>| media.port != 0 && media.port != DISCARD;
    for (place, media) in next.medias.iter_mut().enumerate().filter(|(_, media)| used(media)) {
        if !Direction::of_stream(&previous, media).sends() {
            turn(&previous, media, in_use.source.limit(place, Direction::SendRecv));
        }
    }
    write(in_use.local, &previous, next)
}

fn write(text: &str, previous: &Session<'_>, mut next: Session<'_>) -> String {
    if next == *previous {
        return text.to_owned();
    }
    next.lines.iter_mut().filter(|line| line.kind == 'o').for_each(raise);
    next.to_string()
}

/// Raises the version of an `o=` line, its third word, by one.
fn raise(origin: &mut Line<'_>) {
    let mut words: Vec<_> = origin.value.split_ascii_whitespace().map(str::to_owned).collect();
    if let Some(version) = words.get_mut(2)
        && let Ok(number) = version.parse::<u64>()
    {
        *version = number.wrapping_add(1).to_string();
        origin.value = words.join(" ").into();
    }
}

/// The answer to the stream at one place, in this direction.
fn stream<'a>(previous: &Session<'a>, place: usize, offered: &Media<'a>, direction: Direction) -> Media<'a> {
    let in_use = previous.medias.get(place).filter(|ours| {
        ours.port != 0 && offered.port != 0 && ours.media == offered.media && ours.proto == offered.proto
    });
    let Some(ours) = in_use else {
        // Refused before and refused again is no change.
        let same = previous.medias.get(place).filter(|ours| {
            ours.port == 0
                && ours.media == offered.media
                && ours.proto == offered.proto
                && ours.formats == offered.formats
        });
        return same.cloned().unwrap_or_else(|| offered.refused());
    };
    let mut stream = ours.clone();
    if !offered.proto.contains("RTP") {
        return stream;
    }
    let codecs = codec::of_stream(ours);
    let common = codec::in_common(&codecs, &codec::of_stream(offered));
    if common.is_empty() {
        return offered.refused();
    }
    if !same(&common, &codecs) {
        describe(&mut stream, &common);
    }
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

fn describe(stream: &mut Media<'_>, codecs: &[Codec<'_>]) {
    let describes = |line: &Line<'_>| matches!(line.attribute(), Some(("rtpmap" | "fmtp", _)));
    stream.lines.retain(|line| !describes(line));
    let place = stream.lines.iter().position(|line| line.kind == 'a').unwrap_or(stream.lines.len());
    let described = codecs.iter().copied().flat_map(Codec::attributes);
    let lines = described.map(|attribute| {
        let mut text = String::new();
        attribute.add_to(&mut text);
        Line::new('a', text)
    });
    stream.lines.splice(place..place, lines);
    let mut formats = String::new();
    add_formats(&mut formats, codecs);
    stream.formats = formats.into();
}

/// Gives a stream its direction; nothing is touched if it has it.
fn turn(session: &Session<'_>, stream: &mut Media<'_>, direction: Direction) {
    if Direction::of_stream(session, stream) == direction {
        return;
    }
    let directs =
        |line: &Line<'_>| line.attribute().is_some_and(|(name, _)| Direction::from_name(name).is_some());
    stream.lines.retain(|line| !directs(line));
    stream.lines.push(Line::new('a', direction.as_str()));
}

#[cfg(test)]
mod tests;
