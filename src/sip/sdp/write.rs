//! The parts of a description of ours.

use std::net::IpAddr;

use super::Local;
use super::codec::Codec;
use super::description::{Line, Media};
use super::direction::Direction;
use crate::sip::text::{add_address, add_number};

/// Room for a description of the usual size, so that writing one allocates once.
const ROOM: usize = 512;

/// The port of a stream that nothing is sent to (discard, RFC 863).
pub(super) const DISCARD: u16 = 9;

/// Our description up to its media; `times` are those of the offer that it answers.
pub(super) fn begin<'a>(local: &Local<'_>, times: impl Iterator<Item = &'a Line<'a>>) -> String {
    let mut text = String::with_capacity(ROOM);
    text += "v=0\r\no=- ";
    add_number(&mut text, local.session_id);
    text += " ";
    add_number(&mut text, local.version);
    text += " ";
    let fallback = local.fallback.to_canonical();
    add_connection(&mut text, fallback);
    text += "s=-\r\nc=";
    add_connection(&mut text, local.media.map_or(fallback, |(address, _)| address));
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

/// Adds the rest of an `o=` or a `c=` line.
fn add_connection(text: &mut String, address: IpAddr) {
    *text += if address.is_ipv4() { "IN IP4 " } else { "IN IP6 " };
    add_address(text, address);
    *text += "\r\n";
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
    text.extend(["m=", media, " "]);
    add_number(text, port.into());
    text.extend([" ", proto, " "]);
    add_formats(text, codecs);
    *text += "\r\n";
    for attribute in codecs.iter().copied().flat_map(Codec::attributes) {
        *text += "a=";
        attribute.add_to(text);
        *text += "\r\n";
    }
    text.extend(["a=", direction.as_str(), "\r\n"]);
}

/// Adds the refusal of an offered stream.
pub(super) fn add_refused(text: &mut String, media: &Media<'_>) {
    text.extend(["m=", media.media, " 0 ", media.proto, " ", &media.formats, "\r\n"]);
}

/// Adds the payload numbers of a media line.
pub(super) fn add_formats(text: &mut String, codecs: &[Codec<'_>]) {
    for (place, codec) in codecs.iter().enumerate() {
        *text += if place == 0 { "" } else { " " };
        add_number(text, codec.payload.into());
    }
}
