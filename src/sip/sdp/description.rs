//! Reading a description, and the parts of one that we write.

use std::net::IpAddr;

use bytes::Bytes;
use memchr::memchr_iter;
use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::Local;
use super::codec::Codec;
use super::direction::Direction;
use crate::sip::text::decode;

/// How many media lines a description may have: one with more is malformed.
const MOST_MEDIA: usize = 64;

/// How many lines a description may have: one with more is malformed.
const MOST_LINES: usize = 2048;

/// The port of a stream that nothing is sent to (discard, RFC 863).
pub(super) const DISCARD: u16 = 9;

/// Reads a description, also one with text in GB18030.
pub(super) fn read(sdp: &[u8]) -> Result<Session, &'static str> {
    if memchr_iter(b'\n', sdp).count() > MOST_LINES {
        return Err("too many lines");
    }
    let session = match std::str::from_utf8(sdp) {
        Ok(_) => Session::parse(sdp),
        Err(_) => Session::parse(decode(Bytes::copy_from_slice(sdp)).as_bytes()),
    };
    let session = session.map_err(|_| "not a session description")?;
    if session.medias.len() > MOST_MEDIA {
        return Err("too many media lines");
    }
    Ok(session)
}

/// A description of ours without media.
pub(super) fn session(local: &Local) -> Session {
    let address = local.media.map_or(local.fallback, |(address, _)| address);
    let mut session = Session::new(origin(local), "-");
    session.connection = Some(Connection::from_ip_addr(address));
    session.times = vec![Time::new(0, 0)];
    session
}

fn origin(local: &Local) -> Origin {
    Origin::with_ip_addr(local.session_id, local.version, IpAddr::to_canonical(&local.fallback))
}

/// A stream of ours with these codecs; without a media address it is inactive.
pub(super) fn stream(
    local: &Local,
    media: &str,
    proto: &str,
    codecs: &[Codec<'_>],
    direction: Direction,
) -> Media {
    let (port, direction) = match local.media {
        Some((_, port)) => (port, direction),
        None => (DISCARD, Direction::Inactive),
    };
    let mut stream = blank(media, port, proto, &formats(codecs));
    stream.attributes = codecs.iter().copied().flat_map(Codec::attributes).collect();
    stream.attributes.push(Attribute::new(direction.as_str()));
    stream
}

/// The refusal of an offered stream (RFC 3264 §6): port 0, all else as offered.
pub(super) fn refused(offered: &Media) -> Media {
    blank(&offered.media, 0, &offered.proto, &offered.fmt)
}

/// The payload numbers of a media line.
pub(super) fn formats(codecs: &[Codec<'_>]) -> String {
    let numbers: Vec<String> = codecs.iter().map(|codec| codec.payload.to_string()).collect();
    numbers.join(" ")
}

fn blank(media: &str, port: u16, proto: &str, fmt: &str) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: proto.to_owned(),
        fmt: fmt.to_owned(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}
