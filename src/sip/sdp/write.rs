//! The parts of a description of ours.

use std::fmt::{self, Write};
use std::net::IpAddr;

use super::Local;
use super::codec::Codec;
use super::description::{Line, Media};
use super::direction::Direction;

/// Room for a description of the usual size, so that writing one allocates once.
const ROOM: usize = 512;

/// The port of a stream that nothing is sent to (discard, RFC 863).
pub(super) const DISCARD: u16 = 9;

/// Our description up to its media; `times` are those of the offer that it answers.
pub(super) fn begin<'a>(local: &Local<'_>, times: impl Iterator<Item = &'a Line<'a>>) -> String {
    let Local { session_id, version, fallback, .. } = local;
    let origin = fallback.to_canonical();
    let mut text = String::with_capacity(ROOM);
    put(&mut text, format_args!("v=0\r\no=- {session_id} {version} IN {} {origin}\r\n", family(origin)));
    let connection = local.media.map_or(*fallback, |(address, _)| address);
    put(&mut text, format_args!("s=-\r\nc=IN {} {connection}\r\n", family(connection)));
    let before = text.len();
    for time in times {
        text.push(time.kind);
        text.extend(["=", &time.value, "\r\n"]);
    }
    if text.len() == before {
        text += "t=0 0\r\n";
    }
    text
}

const fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IP4" } else { "IP6" }
}

/// Adds a stream of ours with these codecs; without a media address it is inactive.
pub(super) fn add_stream(
    text: &mut String,
    local: &Local<'_>,
    (media, proto): (&str, &str),
    codecs: &[Codec<'_>],
    direction: Direction,
) {
    let (port, direction) = match local.media {
        Some((_, port)) => (port, direction),
        None => (DISCARD, Direction::Inactive),
    };
    put(text, format_args!("m={media} {port} {proto} {}\r\n", Formats(codecs)));
    for attribute in codecs.iter().copied().flat_map(Codec::attributes) {
        put(text, format_args!("a={attribute}\r\n"));
    }
    text.extend(["a=", direction.as_str(), "\r\n"]);
}

/// Adds the refusal of an offered stream.
pub(super) fn add_refused(text: &mut String, media: &Media<'_>) {
    text.extend(["m=", media.media, " 0 ", media.proto, " ", &media.formats, "\r\n"]);
}

/// Writing into a text cannot fail.
fn put(text: &mut String, words: fmt::Arguments<'_>) {
    let _ = text.write_fmt(words);
}

/// The payload numbers of a media line.
pub(super) struct Formats<'a>(pub &'a [Codec<'a>]);

impl fmt::Display for Formats<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(codecs) = self;
        codecs.iter().enumerate().try_for_each(|(place, codec)| {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{}", codec.payload)
        })
    }
}
