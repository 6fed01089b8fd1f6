//! Takes secrets out of messages: each of their bytes becomes a `*`, so that lengths stay true. When in doubt, too much is taken.

use memchr::{memchr, memchr_iter, memchr2, memmem, memrchr};

/// Headers that hold answers to challenges.
const HEADERS: [&[u8]; 4] =
    [b"authorization", b"proxy-authorization", b"authentication-info", b"proxy-authentication-info"];
/// Lines of session descriptions that hold keys, or may offer them (`a=acap`, RFC 5939).
const LINES: [&[u8]; 5] = [b"a=crypto:", b"a=ice-pwd:", b"a=key-mgmt:", b"a=acap:", b"k="];
/// What bodies are called that hold digits somebody has dialled: they may be those of a card, or a PIN.
const DIGITS: [&[u8]; 3] = [b"dtmf", b"digits", b"telephone-event"];
/// Schemes of URIs that may hold a password.
const SCHEMES: [&[u8]; 5] = [b"sip", b"sips", b"http", b"https", b"ftp"];

/// Masks what is secret in a message, which may be cut off.
pub(super) fn mask(message: &mut [u8]) {
    let (head, body) = message.split_at_mut(head_end(message));
    if mask_head(head) {
        each_line(body, cover_digits);
    } else {
        each_line(body, cover_keys);
    }
}

/// An address without its password.
pub(super) fn without_password(uri: &str) -> String {
    let mut bytes = uri.as_bytes().to_vec();
    cover_passwords(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where the head ends: a line of blanks alone does not end it, but is a fold.
fn head_end(message: &[u8]) -> usize {
    let is_last = |at: &usize| {
        let behind = message.get(at + 1..).unwrap_or_default();
        behind.starts_with(b"\n") || behind.starts_with(b"\r\n")
    };
    memchr_iter(b'\n', message).find(is_last).map_or(message.len(), |at| at + 1)
}

/// Masks the head; whether the body holds digits.
fn mask_head(head: &mut [u8]) -> bool {
    let (mut has_digits, mut is_secret, mut is_type) = (false, false, false);
    each_line(head, |line| {
        let is_folded = matches!(line, [b' ' | b'\t', ..]);
        let colon = memchr(b':', line).filter(|_| !is_folded);
        // A folded line goes on with the one before.
        if !is_folded {
            let name = colon.and_then(|colon| line.get(..colon)).unwrap_or_default().trim_ascii();
            is_secret = HEADERS.iter().any(|secret| name.eq_ignore_ascii_case(secret));
            is_type = name.eq_ignore_ascii_case(b"content-type") || name.eq_ignore_ascii_case(b"c");
        }
        if is_secret {
            cover(line.get_mut(colon.map_or(0, |colon| colon + 1)..));
        } else if is_type {
            has_digits |= DIGITS.iter().any(|name| memmem::find(&line.to_ascii_lowercase(), name).is_some());
        } else {
            cover_passwords(line);
        }
    });
    has_digits
}

/// Gives the lines that are not empty, without their ends.
fn each_line(mut bytes: &mut [u8], mut look: impl FnMut(&mut [u8])) {
    while !bytes.is_empty() {
        let end = memchr2(b'\n', b'\r', bytes);
        let (line, behind) = bytes.split_at_mut(end.unwrap_or(bytes.len()));
        if !line.is_empty() {
            look(line);
        }
        bytes = behind.get_mut(1..).unwrap_or_default();
    }
}

/// The keys of media in a line of a session description.
fn cover_keys(line: &mut [u8]) {
    let starts =
        |known: &&&[u8]| line.get(..known.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(known));
    if let Some(known) = LINES.iter().find(starts) {
        cover(line.get_mut(known.len()..));
    }
}

/// The digits in a line of `application/dtmf-relay` and the like, which says `Signal=5`, or of one that says `5`.
fn cover_digits(line: &mut [u8]) {
    let is_duration = line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"duration"));
    if !is_duration {
        cover(line.get_mut(memchr(b'=', line).map_or(0, |equals| equals + 1)..));
    }
}

/// The passwords of `sip:user:password@host` and the like (RFC 3261 §19.1.1).
fn cover_passwords(line: &mut [u8]) {
    if memchr(b'@', line).is_some() {
        for word in line.split_mut(|byte| matches!(byte, b'<' | b'>' | b'"' | b' ' | b'\t')) {
            let user = memrchr(b'@', word).and_then(|end| word.get_mut(..end));
            cover(user.and_then(password));
        }
    }
}

/// What is behind the first colon of what stands between a scheme and an `@`.
fn password(address: &mut [u8]) -> Option<&mut [u8]> {
    let is_scheme = |colon: &usize| {
        let before = address.get(..*colon).unwrap_or_default();
        let word = before.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |end| end + 1);
        let word = before.get(word..).unwrap_or_default();
        SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
    };
    let scheme = memchr_iter(b':', address).find(is_scheme)?;
    let user = address.get_mut(scheme + 1..)?;
    let colon = memchr(b':', user)?;
    user.get_mut(colon + 1..)
}

/// All but blanks.
fn cover(secret: Option<&mut [u8]>) {
    let bytes = secret.into_iter().flatten();
    bytes.filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = b'*');
}
