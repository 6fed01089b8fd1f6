//! The same where the agent has generated our description: what it has is said anew, by the settings, as for a new session (RFC 3261
//! §14.2, RFC 3264 §8). The origin stays, but for its version, and the streams their places.

use super::codec;
use super::description::{MOST_MEDIA, Media, Session};
use super::direction::Direction;
use super::{InUse, Local, NoAnswer, Source, answer, write};

/// What is written by the settings, with the origin of a description that is in use.
pub(super) struct Again<'a> {
    text: &'a str,
    previous: &'a Session<'a>,
    local: Local<'a>,
}

impl<'a> Again<'a> {
    /// `None` if our description is not by the settings.
    pub fn of(in_use: &InUse<'a>, previous: &'a Session<'a>) -> Option<Self> {
        if in_use.source != Source::Generated {
            return None;
        }
        let origin = previous.lines.iter().find(|line| line.kind == 'o')?;
        let mut words = origin.value.split_ascii_whitespace().skip(1);
        let (session_id, version) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let fallback = words.nth(2)?.parse().ok()?;
        let local =
            Local { media: in_use.media, fallback, codecs: in_use.codecs.into(), session_id, version };
        Some(Self { text: in_use.local, previous, local })
    }

    /// The answer to a new offer: the stream in use is taken again if it can be, else the first that can.
    pub fn answer(self, offer: &Session<'_>) -> Result<String, NoAnswer> {
        let preferred = self.place();
        let nothing_offered = offer.medias.iter().all(|media| media.port == 0);
        let (answer, is_taken) = self.write(|local| answer::to(offer, local, preferred));
        if is_taken || nothing_offered { Ok(answer) } else { Err(NoAnswer::NoCommonCodec) }
    }

    /// A full offer. A stream without a port is used again if there is no other, and a new one is added if there is none at all;
    /// codecs keep the numbers that they have on either side (RFC 3264 §8.3.2).
    pub fn offer(self, remote: Option<&Session<'_>>) -> String {
        let Session { medias, .. } = self.previous;
        let place = self.place().or_else(|| medias.iter().position(answer::is_plain_audio));
        let ours = place.and_then(|place| medias.get(place));
        let theirs = place.and_then(|place| remote?.medias.get(place));
        let used: Vec<_> = ours.into_iter().chain(theirs).flat_map(codec::of_stream).collect();
        let written = self.write(|local| {
            let mut codecs = codec::of_names(&local.codecs, &used);
            codec::echo_parameters(&mut codecs, &used);
            let mut text = write::begin(local, self.previous.times());
            let add = |text: &mut String, named, again: Option<&Media<'_>>| {
                write::add_stream(text, local, named, &codecs, Direction::SendRecv);
                again.into_iter().for_each(|media| answer::add_ptime(text, media));
            };
            for (at, media) in medias.iter().enumerate() {
                if Some(at) == place {
                    add(&mut text, (media.media, media.proto), Some(media));
                } else {
                    write::add_refused(&mut text, media);
                }
            }
            if place.is_none() && medias.len() < MOST_MEDIA {
                add(&mut text, ("audio", "RTP/AVP"), None);
            }
            (text, ())
        });
        written.0
    }

    /// Where the stream is that is in use.
    fn place(&self) -> Option<usize> {
        self.previous.medias.iter().position(|media| media.port != 0)
    }

    /// The text as it was if nothing changes, else with the next version.
    fn write<T>(&self, write: impl Fn(&Local<'_>) -> (String, T)) -> (String, T) {
        let same = write(&self.local);
        if same.0 == self.text {
            return same;
        }
        write(&Local { version: self.local.version.wrapping_add(1), ..self.local.clone() })
    }
}

#[cfg(test)]
mod tests;
