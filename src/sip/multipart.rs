//! Bodies of several parts (RFC 2046 §5.1, RFC 5621): the session description among them.
//!
//! PBXs hand through what came with a call: ISUP, a location, a picture. What we read of it is the description.

use bytes::Bytes;
use memchr::memmem;

use super::grammar::Cursor;
use super::lines::Lines;
use super::{Headers, Name};

/// How many parts are looked at.
const MOST_PARTS: usize = 16;
/// The longest boundary (RFC 2046 §5.1.1).
const LONGEST: usize = 70;

/// A part of a body.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it says of itself.
    pub headers: Headers,
    /// What it is.
    pub body: Bytes,
}

impl Part {
    /// Whether it stands as it is.
    fn is_plain(&self) -> bool {
        let encoding = self.headers.named("Content-Transfer-Encoding");
        encoding.is_none_or(|encoding| {
            [&b"7bit"[..], b"8bit", b"binary"].iter().any(|plain| encoding.value.eq_ignore_ascii_case(plain))
        })
    }

    fn is_description(&self, media_type: &str) -> bool {
        self.headers.content_is(media_type) && self.headers.is_of_session() && self.is_plain()
    }
}

impl Headers {
    /// The session description of this `type/subtype` among the parts of a `multipart/mixed` body. `None`: there is none, or a part
    /// must be understood (`handling=required`) and is not. One that does not say so may be ignored: RFC 5621 §8 has it the other way
    /// round, and PBXs hand parts through without saying anything.
    pub fn description_part(&self, body: &Bytes, media_type: &str) -> Option<Part> {
        let mut parts = self.parts(body)?;
        let place = parts.iter().position(|part| part.is_description(media_type))?;
        let description = parts.swap_remove(place);
        let is_understood = parts.iter().all(|part| !part.headers.has_required_body());
        is_understood.then_some(description)
    }

    /// The parts of a `multipart/mixed` body, in order; `None`: it is none that can be read.
    fn parts(&self, body: &Bytes) -> Option<Vec<Part>> {
        if !self.content_is("multipart/mixed") {
            return None;
        }
        let delimiter = [b"--", &boundary(self.first(Name::ContentType)?.value)?[..]].concat();
        let mut begins: Option<usize> = None;
        let mut parts = Vec::new();
        for at in memmem::find_iter(body, &delimiter) {
            let (before, line) = body.split_at_checked(at)?;
            let behind = line.get(delimiter.len()..)?;
            let is_last = behind.starts_with(b"--");
            if !(before.is_empty() || before.ends_with(b"\n")) || !(is_last || ends_line(behind)) {
                continue;
            }
            if let Some(begin) = begins {
                let whole = before.strip_suffix(b"\r\n").or_else(|| before.strip_suffix(b"\n"))?;
                parts.push(part(body.slice_ref(whole.get(begin..)?)));
            }
            if is_last || parts.len() > MOST_PARTS {
                return is_last.then_some(parts);
            }
            begins = Some(at);
        }
        None
    }
}

/// One with its delimiter's line, which stands where the start line of a message does.
fn part(whole: Bytes) -> Part {
    let end = super::lines::head_end(&whole, 0).unwrap_or(whole.len());
    let mut headers = Headers::of(whole.slice(..end), 4);
    let head = whole.slice(..end);
    let (_, mut lines) = Lines::start(&head);
    while let Some(field) = lines.field() {
        if let Ok(field) = field {
            headers.push(field);
        }
    }
    Part { body: whole.slice(end..), headers }
}

fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    let params = content_type.iter().position(|byte| *byte == b';')?;
    let mut cursor = Cursor::new(content_type.get(params..)?);
    let mut params = std::iter::from_fn(|| cursor.param().ok()?);
    let value = params.find(|param| param.name.eq_ignore_ascii_case(b"boundary"))?.value?;
    let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    (1..=LONGEST).contains(&value.len()).then(|| value.to_vec())
}

/// Whether nothing but white space comes up to the end of the line.
fn ends_line(rest: &[u8]) -> bool {
    let line = rest.iter().position(|byte| *byte == b'\n').and_then(|end| rest.get(..end));
    line.is_some_and(|line| line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')))
}
