//! A timeline as a capture file (pcapng, draft-ietf-opsawg-pcapng) that Wireshark opens as SIP.
//!
//! The packets are made: addresses, ports, times and payloads are what was seen, the rest is what fits. A message over TLS stands in
//! the clear, as TCP to port 5060 where it went to 5061. Several messages over one connection follow each other in its sequence
//! numbers. Of a long message the packet has as much as is kept, and says how long it was.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::{SipDirection, SipEntry, Story, StoryEntry};

/// Packets begin with their IP header.
const LINKTYPE_RAW: u16 = 101;
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// The largest packet that its header can tell.
const LARGEST: usize = 65_535;

/// The capture.
pub fn pcapng(story: &Story) -> Vec<u8> {
    let mut out = Vec::new();
    let mut section = Vec::new();
    section.extend(0x1a2b_3c4d_u32.to_le_bytes());
    section.extend([1, 0, 0, 0]);
    section.extend((-1_i64).to_le_bytes());
    block(&mut out, SECTION_HEADER, &section);
    let mut interface = Vec::new();
    interface.extend(LINKTYPE_RAW.to_le_bytes());
    interface.extend([0, 0, 0, 0, 0, 0]);
    block(&mut out, INTERFACE, &interface);
    let mut sequences = HashMap::new();
    for entry in &story.entries {
        if let StoryEntry::Sip(sip) = entry {
            packet(&mut out, sip, &mut sequences);
        }
    }
    out
}

/// A block: its type, its length, its body filled up to four bytes, its length again.
fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = u32::try_from(12 + body.len() + padding).unwrap_or(u32::MAX).to_le_bytes();
    out.extend(kind.to_le_bytes());
    out.extend(length);
    out.extend(body);
    out.extend(std::iter::repeat_n(0, padding));
    out.extend(length);
}

/// How many bytes have gone from one address to another.
type Sequences = HashMap<(SocketAddr, SocketAddr), u32>;

fn packet(out: &mut Vec<u8>, sip: &SipEntry, sequences: &mut Sequences) {
    let (local, peer) = sip.ends;
    let (from, to) = if sip.direction == SipDirection::Received { (peer, local) } else { (local, peer) };
    let (from, to) = (in_the_clear(from), in_the_clear(to));
    let missing = sip.length - sip.bytes.len();
    let (protocol, segment) = match sip.transport.as_str() {
        "udp" => (UDP, datagram(from, to, &sip.bytes, missing)),
        _ => {
            let acknowledged = *sequences.entry((to, from)).or_insert(1);
            let sequence = sequences.entry((from, to)).or_insert(1);
            let segment = tcp_segment(from, to, (*sequence, acknowledged), &sip.bytes);
            *sequence = sequence.wrapping_add(u32::try_from(sip.length).unwrap_or(0));
            (TCP, segment)
        }
    };
    let packet = ip_packet(from.ip(), to.ip(), protocol, (segment, missing));
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let microseconds = sip.at.0.cast_unsigned();
    let mut body = Vec::new();
    body.extend(0_u32.to_le_bytes());
    body.extend(((microseconds >> 32) as u32).to_le_bytes());
    body.extend((microseconds as u32).to_le_bytes());
    body.extend(length(packet.len()));
    body.extend(length((packet.len() + missing).min(LARGEST)));
    body.extend(packet);
    block(out, ENHANCED_PACKET, &body);
}

/// Where a message of TLS would be without it.
fn in_the_clear(address: SocketAddr) -> SocketAddr {
    if address.port() == 5061 { SocketAddr::new(address.ip(), 5060) } else { address }
}

fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8], missing: usize) -> Vec<u8> {
    let mut segment = Vec::new();
    segment.extend(from.port().to_be_bytes());
    segment.extend(to.port().to_be_bytes());
    segment.extend(word(8 + payload.len() + missing));
    segment.extend([0, 0]);
    segment.extend(payload);
    with_checksum(segment, 6, from.ip(), to.ip(), UDP)
}

fn tcp_segment(
    from: SocketAddr,
    to: SocketAddr,
    (sequence, acknowledged): (u32, u32),
    payload: &[u8],
) -> Vec<u8> {
    /// PSH and ACK.
    const FLAGS: u8 = 0x18;
    let mut segment = Vec::new();
    segment.extend(from.port().to_be_bytes());
    segment.extend(to.port().to_be_bytes());
    segment.extend(sequence.to_be_bytes());
    segment.extend(acknowledged.to_be_bytes());
    segment.extend([5 << 4, FLAGS, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    with_checksum(segment, 16, from.ip(), to.ip(), TCP)
}

/// Fills the checksum in that stands there (RFC 9293 §3.1, RFC 8200 §8.1).
fn with_checksum(mut segment: Vec<u8>, place: usize, from: IpAddr, to: IpAddr, protocol: u8) -> Vec<u8> {
    let mut pseudo = Vec::new();
    for address in [from, to] {
        octets(address, &mut pseudo);
    }
    pseudo.extend(u32::try_from(segment.len()).unwrap_or(0).to_be_bytes());
    pseudo.extend([0, 0, 0, protocol]);
    let sum = match checksum(&[&pseudo, &segment]) {
        // Which would mean that there is none.
        0 if protocol == UDP => 0xffff,
        sum => sum,
    };
    if let Some(field) = segment.get_mut(place..place + 2) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
    segment
}

fn ip_packet(from: IpAddr, to: IpAddr, protocol: u8, (segment, missing): (Vec<u8>, usize)) -> Vec<u8> {
    const HOPS: u8 = 64;
    let length = segment.len() + missing;
    let mut packet = Vec::new();
    if let (IpAddr::V4(from), IpAddr::V4(to)) = (from, to) {
        packet.extend([0x45, 0]);
        packet.extend(word(20 + length));
        packet.extend([0, 0, 0, 0, HOPS, protocol, 0, 0]);
        packet.extend(from.octets());
        packet.extend(to.octets());
        let sum = checksum(&[&packet]);
        if let Some(field) = packet.get_mut(10..12) {
            field.copy_from_slice(&sum.to_be_bytes());
        }
    } else {
        packet.extend([0x60, 0, 0, 0]);
        // Its header is not counted, and the whole must be no larger than another's.
        packet.extend(word(length.min(LARGEST - 40)));
        packet.extend([protocol, HOPS]);
        octets(from, &mut packet);
        octets(to, &mut packet);
    }
    packet.extend(segment);
    packet
}

/// A length as packets have it.
fn word(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

fn octets(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => out.extend(address.octets()),
        IpAddr::V6(address) => out.extend(address.octets()),
    }
}

/// The internet checksum (RFC 1071) of parts, all but the last of even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2)).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    });
    let mut sum: u32 = words.fold(0, u32::wrapping_add);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
