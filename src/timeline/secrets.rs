//! Takes secrets out of messages: each of their bytes becomes a `*`, so that lengths stay true.

use memchr::{memchr, memchr_iter, memmem};

/// Headers that hold answers to challenges, in small letters.
const HEADERS: [&[u8]; 4] =
    [b"authorization", b"proxy-authorization", b"authentication-info", b"proxy-authentication-info"];
/// Lines of session descriptions that hold keys.
const LINES: [&[u8]; 4] = [b"a=crypto:", b"a=ice-pwd:", b"a=key-mgmt:", b"k="];

/// The lines of a message's head, without their ends.
pub(super) fn lines(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    message
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .take_while(|line| !line.is_empty())
}

/// Masks what is secret in a message, which may be cut off.
pub(super) fn mask(message: &mut [u8]) {
    let ends: Vec<usize> = memchr_iter(b'\n', message).chain([message.len()]).collect();
    let (mut start, mut in_head, mut is_secret) = (0, true, false);
    for end in ends {
        let Some(line) = message.get_mut(start..end) else { return };
        start = end + 1;
        if in_head {
            in_head = !line.trim_ascii().is_empty();
            // A folded line goes on with the one before.
            let is_folded = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            is_secret = if is_folded { is_secret } else { is_secret_header(line) };
            match memchr(b':', line).filter(|_| !is_folded) {
                Some(colon) if is_secret => cover(line.get_mut(colon + 1..)),
                _ if is_secret => cover(Some(line)),
                _ => mask_passwords(line),
            }
        } else if let Some(known) = LINES.iter().find(|known| line.starts_with(known)) {
            cover(line.get_mut(known.len()..));
        }
    }
}

fn is_secret_header(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
    HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header))
}

/// The password of `sip:user:password@host` (RFC 3261 §19.1.1).
fn mask_passwords(line: &mut [u8]) {
    let starts: Vec<usize> = [&b"sip:"[..], b"sips:"]
        .iter()
        .flat_map(|scheme| memmem::find_iter(line, scheme).map(|at| at + scheme.len()).collect::<Vec<_>>())
        .collect();
    for start in starts {
        let Some(rest) = line.get_mut(start..) else { continue };
        let is_end = |byte: &u8| matches!(byte, b'@' | b'>' | b'<' | b'"' | b' ' | b'\t' | b'\r');
        let Some(end) = rest.iter().position(is_end).filter(|end| rest.get(*end) == Some(&b'@')) else {
            continue;
        };
        let Some(user) = rest.get_mut(..end) else { continue };
        if let Some(colon) = memchr(b':', user) {
            cover(user.get_mut(colon + 1..));
        }
    }
}

/// All but blanks.
fn cover(secret: Option<&mut [u8]>) {
    let bytes = secret.into_iter().flatten();
    bytes.filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = b'*');
}
