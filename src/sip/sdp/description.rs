//! Reading a description, and the parts of one that we write.

use std::fmt::{self, Write};
use std::net::IpAddr;

use bytes::Bytes;
use memchr::memchr_iter;
use sdp_types::{Media, Session, Time};

use super::Local;
use super::codec::Codec;
use super::direction::Direction;
use crate::sip::text::decode;

/// How many media lines a description may have: one with more is malformed.
const MOST_MEDIA: usize = 64;

/// How many lines a description may have: one with more is malformed.
const MOST_LINES: usize = 2048;

/// Room for a description of the usual size, so that writing one allocates once.
const ROOM: usize = 512;

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

/// Our description up to its media; `times` are those of the offer that it answers.
pub(super) fn begin(local: &Local, times: &[Time]) -> String {
    let Local { session_id, version, fallback, .. } = local;
    let origin = fallback.to_canonical();
    let mut text = String::with_capacity(ROOM);
    put(&mut text, format_args!("v=0\r\no=- {session_id} {version} IN {} {origin}\r\n", family(origin)));
    let connection = local.media.map_or(*fallback, |(address, _)| address);
    put(&mut text, format_args!("s=-\r\nc=IN {} {connection}\r\n", family(connection)));
    if times.is_empty() {
        text += "t=0 0\r\n";
    }
    for Time { start_time, stop_time, repeats } in times {
        put(&mut text, format_args!("t={start_time} {stop_time}\r\n"));
        for repeat in repeats {
            put(&mut text, format_args!("r={} {}", repeat.repeat_interval, repeat.active_duration));
            repeat.offsets.iter().for_each(|offset| put(&mut text, format_args!(" {offset}")));
            text += "\r\n";
        }
    }
    text
}

/// Writing into a text cannot fail.
fn put(text: &mut String, words: fmt::Arguments<'_>) {
    let _ = text.write_fmt(words);
}

const fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IP4" } else { "IP6" }
}

/// Adds a stream of ours with these codecs; without a media address it is inactive.
pub(super) fn add_stream(
    text: &mut String,
    local: &Local,
    (media, proto): (&str, &str),
    codecs: &[Codec<'_>],
    direction: Direction,
) {
    let (port, direction) = match local.media {
        Some((_, port)) => (port, direction),
        None => (DISCARD, Direction::Inactive),
    };
    put(text, format_args!("m={media} {port} {proto}"));
    codecs.iter().for_each(|codec| put(text, format_args!(" {}", codec.payload)));
    *text += "\r\n";
    for codec in codecs {
        if let Some(rtpmap) = codec.rtpmap() {
            put(text, format_args!("a=rtpmap:{rtpmap}\r\n"));
        }
        if let Some(fmtp) = codec.fmtp() {
            put(text, format_args!("a=fmtp:{fmtp}\r\n"));
        }
    }
    text.extend(["a=", direction.as_str(), "\r\n"]);
}

/// Adds the refusal of an offered stream (RFC 3264 §6): port 0, all else as offered.
pub(super) fn add_refused(text: &mut String, Media { media, proto, fmt, .. }: &Media) {
    text.extend(["m=", media, " 0 ", proto, " ", fmt, "\r\n"]);
}

/// The refusal of an offered stream, among the streams of a description in use.
pub(super) fn refused(Media { media, proto, fmt, .. }: &Media) -> Media {
    Media {
        media: media.clone(),
        port: 0,
        num_ports: None,
        proto: proto.clone(),
        fmt: fmt.clone(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

/// The payload numbers of a media line.
pub(super) fn formats(codecs: &[Codec<'_>]) -> String {
    let numbers: Vec<String> = codecs.iter().map(|codec| codec.payload.to_string()).collect();
    numbers.join(" ")
}
