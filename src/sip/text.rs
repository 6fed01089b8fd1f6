//! Bytes of a peer as text that can be shown: charsets and quoting.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;

use super::grammar;

/// `bytes` as text: UTF-8 without a copy, else GB18030; what is neither comes with replacement characters.
pub(super) fn decode(bytes: Bytes) -> ByteString {
    match std::str::from_utf8(&bytes) {
        Ok(_) => ByteString::try_from(bytes).unwrap_or_default(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(&bytes).0.into_owned().into(),
    }
}

/// A body as text: UTF-8 without a copy, else GB18030.
pub fn body_text(body: &Bytes) -> ByteString {
    decode(body.clone())
}

/// The content of a `quoted-string` (§25.1), or the text as it is if it is not quoted.
pub fn unquote(text: &ByteString) -> ByteString {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return text.clone();
    };
    if !inner.contains('\\') {
        return text.slice_ref(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        plain.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    plain.into()
}

/// Text as a `quoted-string`.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted.push('"');
    quoted
}

/// Where a part of a text stands in it.
pub(super) fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    start..start.wrapping_add(part.len())
}

/// Where a byte of ASCII stands. In a short text a plain search is through before a clever one has begun.
pub(super) fn find(text: &str, byte: u8) -> Option<usize> {
    text.bytes().position(|other| other == byte)
}

/// What stands before and behind the first byte of that kind, which is ASCII.
pub(super) fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = find(text, byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Adds a number. Not by the formatter, which took a twelfth of a call's instructions for what is written with each message.
pub fn add_number(text: &mut String, number: u64) {
    text.push_str(itoa::Buffer::new().format(number));
}

/// Adds an address, without brackets.
pub fn add_address(text: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (place, octet) in address.octets().into_iter().enumerate() {
                text.push_str(if place == 0 { "" } else { "." });
                text.push_str(itoa::Buffer::new().format(octet));
            }
        }
        // Writing into a text cannot fail.
        IpAddr::V6(address) => drop(write!(text, "{address}")),
    }
}

/// An address, without brackets.
pub fn address_text(address: IpAddr) -> String {
    let mut text = String::with_capacity("255.255.255.255".len());
    add_address(&mut text, address);
    text
}

/// An address and a port, with the brackets of IPv6.
pub fn host_port(place: SocketAddr) -> String {
    if place.is_ipv6() {
        return place.to_string();
    }
    let mut text = String::with_capacity("255.255.255.255:65535".len());
    add_address(&mut text, place.ip());
    text.push(':');
    add_number(&mut text, place.port().into());
    text
}

/// Whether text is a `token` (§25.1).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(grammar::is_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_ports_are_written_as_everybody_writes_them() {
        for place in [
            "0.0.0.0:0",
            "192.0.2.10:5060",
            "255.255.255.255:65535",
            "[2001:db8::1]:5061",
            "[::ffff:192.0.2.1]:1",
        ] {
            let place: SocketAddr = place.parse().unwrap();
            assert_eq!(host_port(place), place.to_string());
            assert_eq!(address_text(place.ip()), place.ip().to_string());
        }
        let mut text = String::from("=");
        add_number(&mut text, u64::MAX);
        assert_eq!(text, "=18446744073709551615");
    }
}
