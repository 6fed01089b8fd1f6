//! The lines of a message's head: where the head ends, and its header fields with their folds (§7.3.1, §25.1).

use memchr::{memchr, memchr2};

use super::Name;
use super::grammar::{decimal, is_token, trim};

/// Where the head ends: behind its empty line, looked for from `from` on. `Err` is where to look on when more bytes have
/// come. LF alone ends a line too, as lenient peers write it; whether this message may is for [`Lines`] to say.
pub(super) fn head_end(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(line) = memchr(b'\n', rest) else {
            return Err(bytes.len().max(from));
        };
        match rest.get(line + 1..).unwrap_or_default() {
            [b'\n', ..] => return Ok(at + line + 2),
            [b'\r', b'\n', ..] => return Ok(at + line + 3),
            [] | [b'\r'] => return Err(at + line),
            _ => at += line + 1,
        }
    }
}

/// A header field as it stands in the head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    /// Without the white space before the colon.
    pub name: &'a [u8],
    /// Trimmed; with its folds.
    pub value: &'a [u8],
    /// Whether there are folds in the value.
    pub folded: bool,
}

/// Reads a head line by line. The start line says which line ends this message has: after a CRLF, a lone LF is no line
/// end but a fault.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    only_crlf: bool,
    /// Whether there is a NUL or a CR without its LF anywhere: few heads have one, and each header of those is looked at for it.
    is_suspect: bool,
}

/// The fault of a line that does not end as the start line does: others may see other lines here, and another end.
pub(super) const LINE_END: &str = "lone CR or LF";

impl<'a> Lines<'a> {
    /// The start line without its end, and what comes behind it.
    pub fn start(head: &'a [u8]) -> (&'a [u8], Self) {
        let (line, rest) = cut(head);
        let is_suspect = has_nul_or_lone_cr(head);
        match line.strip_suffix(b"\r") {
            Some(line) => (line, Self { rest, only_crlf: true, is_suspect }),
            None => (line, Self { rest, only_crlf: false, is_suspect }),
        }
    }

    /// The next header field; `None` at the empty line.
    pub fn field(&mut self) -> Option<Result<Field<'a>, &'static str>> {
        match self.rest {
            [] | [b'\r', b'\n', ..] => return None,
            [b'\n', ..] if !self.only_crlf => return None,
            _ => {}
        }
        let whole = self.rest;
        let (mut folded, mut faulty) = (false, false);
        loop {
            let (line, rest) = cut(self.rest);
            faulty |= self.only_crlf && !line.ends_with(b"\r");
            self.rest = rest;
            if !matches!(rest, [b' ' | b'\t', ..]) {
                break;
            }
            folded = true;
        }
        let field = whole.get(..whole.len() - self.rest.len()).unwrap_or_default();
        Some(if faulty { Err(LINE_END) } else { read(field, folded, self.is_suspect) })
    }
}

/// Cuts at the first LF: the line, with its CR, and what comes behind it.
fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b'\n', bytes).unwrap_or(bytes.len());
    (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default())
}

/// Whether there is a NUL, or a CR without its LF. Without a way out in the middle: many bytes are compared at once.
pub(super) fn has_nul_or_lone_cr(bytes: &[u8]) -> bool {
    let ends_oddly = matches!(bytes, [.., 0 | b'\r']);
    let behind = bytes.get(1..).unwrap_or_default();
    let is_odd = |(byte, next): (&u8, &u8)| (*byte == 0) | ((*byte == b'\r') & (*next != b'\n'));
    ends_oddly | bytes.iter().zip(behind).fold(false, |any, pair| any | is_odd(pair))
}

/// Reads a field. One that is not suspect has no CR but at the ends of its lines, and no NUL.
fn read(field: &[u8], folded: bool, is_suspect: bool) -> Result<Field<'_>, &'static str> {
    let field = field.strip_suffix(b"\n").unwrap_or(field);
    let field = field.strip_suffix(b"\r").unwrap_or(field);
    let colon = field.iter().position(|byte| !is_token(*byte)).unwrap_or(field.len());
    let (name, rest) = field.split_at_checked(colon).unwrap_or((field, &[]));
    let Some(value) = trim(rest).strip_prefix(b":") else {
        return Err("header line without a name and a colon");
    };
    if name.is_empty() {
        return Err("header line without a name");
    }
    let value = value.trim_ascii();
    if !is_suspect {
        return Ok(Field { name, value, folded });
    }
    let mut lines = value.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let fault = if folded { lines.find_map(control_character) } else { control_character(value) };
    fault.map_or(Ok(Field { name, value, folded }), Err)
}

/// CR, or NUL outside a quoted pair (§25.1).
fn control_character(line: &[u8]) -> Option<&'static str> {
    memchr2(0, b'\r', line)?;
    if line.contains(&b'\r') {
        return Some(LINE_END);
    }
    let quoted = line.split(|byte| *byte == 0).rev().skip(1).all(|before| before.ends_with(b"\\"));
    if quoted { None } else { Some("NUL in a header") }
}

/// The value on one line: each fold becomes one space.
pub(super) fn unfold(value: &[u8]) -> Vec<u8> {
    let mut flat = Vec::with_capacity(value.len());
    for line in value.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if !flat.is_empty() && !line.is_empty() {
            flat.push(b' ');
        }
        flat.extend_from_slice(line);
    }
    flat
}

/// What the head says of the body's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// In bytes; what does not fit is as large as can be.
    Declared(usize),
    /// No Content-Length; whether there is a Content-Type, and so probably a body.
    Missing { typed: bool },
    /// Not a number, or two that differ.
    Faulty(&'static str),
}

impl Length {
    /// Takes one more header field into account.
    pub fn with(self, name: Name, value: &[u8]) -> Self {
        match (name, self) {
            (Name::ContentType, Self::Missing { .. }) => Self::Missing { typed: true },
            (Name::ContentLength, Self::Missing { .. }) => Self::read(value),
            (Name::ContentLength, Self::Declared(_)) if self != Self::read(value) => {
                Self::Faulty("two values that differ")
            }
            _ => self,
        }
    }

    fn read(value: &[u8]) -> Self {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Self::Faulty("not a number");
        }
        let length = decimal(value, u32::MAX.into()).and_then(|length| usize::try_from(length).ok());
        Self::Declared(length.unwrap_or(usize::MAX))
    }
}
