//! A description taken apart and put together (RFC 8866 §5): line by line, as most of them are nobody's concern here and stay as
//! they came.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use memchr::{memchr, memchr_iter};

use super::direction::Whole;
use crate::sip::lines::has_nul_or_lone_cr;
use crate::sip::text::{cut, decode};

/// How many media lines a description may have: one with more is malformed.
pub(super) const MOST_MEDIA: usize = 64;

/// How many lines a description may have: one with more is malformed.
const MOST_LINES: usize = 2048;

/// How many lines a session, or a stream, has as a rule, or fewer.
const USUAL: usize = 8;

/// The text of a description, also of one in GB18030.
pub(super) fn text(sdp: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(sdp) {
        Ok(text) => text.into(),
        Err(_) => decode(Bytes::copy_from_slice(sdp)).to_string().into(),
    }
}

/// A description: the lines of the session, and its streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session<'a> {
    pub lines: Vec<Line<'a>>,
    pub medias: Vec<Media<'a>>,
    /// What holds for the streams that say nothing else: read once, as the lines may be long and the streams many.
    pub whole: Whole,
}

/// A stream: its media line, and the lines behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media<'a> {
    pub media: &'a str,
    pub port: u16,
    /// How many ports in a row, if it is said.
    ports: Option<&'a str>,
    pub proto: &'a str,
    pub formats: Cow<'a, str>,
    pub lines: Vec<Line<'a>>,
}

/// `<type>=<value>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub kind: char,
    pub value: Cow<'a, str>,
}

impl<'a> Session<'a> {
    /// Reads a description; the error says what is wrong. What it can mean without the lines that RFC 8866 asks for, it means.
    pub fn read(text: &'a str) -> Result<Self, &'static str> {
        if memchr_iter(b'\n', text.as_bytes()).count() > MOST_LINES {
            return Err("too many lines");
        }
        let is_suspect = has_nul_or_lone_cr(text.as_bytes());
        // §9: byte-string has none.
        if is_suspect && memchr(0, text.as_bytes()).is_some() {
            return Err("a NUL in it");
        }
        let mut lines = each_line(text).map(|line| line.strip_suffix('\r').unwrap_or(line));
        if lines.next() != Some("v=0") {
            return Err("not a session description");
        }
        let (mut own, mut medias) = (Vec::with_capacity(USUAL), Vec::<Media<'_>>::with_capacity(2));
        own.push(Line::new('v', "0"));
        for line in lines.filter(|line| !line.is_empty()) {
            let line = Line::read(line)?;
            if is_suspect && line.value.contains('\r') {
                return Err(NO_LINE);
            }
            let stream = medias.last_mut();
            let is_behind_time = own.last().is_some_and(Line::is_time);
            match line.kind {
                'm' => medias.push(Media::read(&line)?),
                'r' if stream.is_none() && !is_behind_time => return Err("an r= line without its t= line"),
                _ => stream.map_or(&mut own, |stream| &mut stream.lines).push(line),
            }
        }
        if medias.len() > MOST_MEDIA {
            return Err("too many media lines");
        }
        Ok(Self { whole: Whole::of(&own), lines: own, medias })
    }

    /// Its `t=` and `r=` lines.
    pub fn times(&self) -> impl Iterator<Item = &Line<'a>> {
        self.lines.iter().filter(|line| line.is_time())
    }
}

impl<'a> Media<'a> {
    /// Reads `<media> <port>[/<ports>] <proto> <formats>`.
    fn read(line: &Line<'a>) -> Result<Self, &'static str> {
        let Cow::Borrowed(value) = line.value else { return Err(MEDIA_LINE) };
        let mut parts = value.splitn(4, ' ');
        let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or(MEDIA_LINE);
        let (media, port, proto, formats) = (next()?, next()?, next()?, next()?);
        let (port, ports) = port.split_once('/').map_or((port, None), |(port, ports)| (port, Some(ports)));
        if ports.is_some_and(|ports| ports.parse::<u16>().is_err()) {
            return Err(MEDIA_LINE);
        }
        let port = port.parse().map_err(|_| MEDIA_LINE)?;
        Ok(Self { media, port, ports, proto, formats: formats.into(), lines: Vec::with_capacity(USUAL) })
    }

    /// The refusal of it (RFC 3264 §6): port 0, all else as offered.
    pub fn refused(&self) -> Self {
        Self { port: 0, ports: None, lines: Vec::new(), ..self.clone() }
    }
}

const NO_LINE: &str = "a line without a type and a value";

/// The lines of a text, with the CR of each.
fn each_line(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr(b'\n', text.as_bytes());
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    })
}

const MEDIA_LINE: &str = "a bad media line";

impl<'a> Line<'a> {
    pub fn new(kind: char, value: impl Into<Cow<'a, str>>) -> Self {
        Self { kind, value: value.into() }
    }

    fn read(line: &'a str) -> Result<Self, &'static str> {
        let mut chars = line.chars();
        match (chars.next(), chars.next()) {
            (Some(kind), Some('=')) => {
                let line = Self::new(kind, chars.as_str());
                match kind {
                    'c' if line.address().is_none() => Err("a bad c= line"),
                    't' if !line.has_two_numbers() => Err("a bad t= line"),
                    'r' if !line.has_times() => Err("a bad r= line"),
                    _ => Ok(line),
                }
            }
            _ => Err(NO_LINE),
        }
    }

    /// Name and value of an attribute; an empty value if there is none.
    pub fn attribute(&self) -> Option<(&str, &str)> {
        let is_attribute = self.kind == 'a';
        is_attribute.then(|| cut(&self.value, b':').unwrap_or((&self.value, "")))
    }

    /// The address of a `c=` line: the last of its three words.
    pub fn address(&self) -> Option<&str> {
        if self.kind != 'c' {
            return None;
        }
        let mut words = self.value.split_ascii_whitespace();
        words.nth(2).filter(|_| words.next().is_none())
    }

    fn has_two_numbers(&self) -> bool {
        let mut words = self.value.split_ascii_whitespace();
        let mut is_number = || words.next().is_some_and(|word| word.parse::<u64>().is_ok());
        is_number() && is_number() && words.next().is_none()
    }

    /// Two numbers or more, with the letters of their units (§5.10).
    fn has_times(&self) -> bool {
        let is_time =
            |word: &str| word.strip_suffix(['d', 'h', 'm', 's']).unwrap_or(word).parse::<u64>().is_ok();
        let mut words = self.value.split_ascii_whitespace();
        words.clone().count() >= 2 && words.all(is_time)
    }

    /// Whether it is `t=` or `r=`.
    pub fn is_time(&self) -> bool {
        matches!(self.kind, 't' | 'r')
    }
}

/// The attributes among the lines.
pub(super) fn attributes<'l>(lines: &'l [Line<'_>]) -> impl Iterator<Item = (&'l str, &'l str)> {
    lines.iter().filter_map(Line::attribute)
}

/// The addresses of the `c=` lines among the lines.
pub(super) fn addresses<'l>(lines: &'l [Line<'_>]) -> impl Iterator<Item = &'l str> {
    lines.iter().filter_map(Line::address)
}

impl fmt::Display for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| line.fmt(f))?;
        self.medias.iter().try_for_each(|media| media.fmt(f))
    }
}

impl fmt::Display for Media<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { media, port, ports, proto, formats, lines } = self;
        write!(f, "m={media} {port}")?;
        ports.map_or(Ok(()), |ports| write!(f, "/{ports}"))?;
        write!(f, " {proto} {formats}\r\n")?;
        lines.iter().try_for_each(|line| line.fmt(f))
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}\r\n", self.kind, self.value)
    }
}
