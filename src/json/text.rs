//! Text in JSON (RFC 8259 §7): what has to be escaped, and how.

use std::fmt;

/// How many bytes are looked at together.
const STRIDE: usize = 16;

/// Writes text in quotes.
pub(super) fn quoted(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// About how many bytes text is when it is escaped: exactly, but for what stands near its end, which may count twice.
pub(super) fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (chunks, rest) = bytes.as_chunks::<STRIDE>();
    // A chunk's sum is at most 80. All of its bytes are looked at at once.
    let more = |bytes: &[u8]| usize::from(bytes.iter().fold(0, |sum, byte| sum + longer(*byte)));
    let rest = match bytes.last_chunk::<STRIDE>() {
        _ if rest.is_empty() => 0,
        // With a part of the chunk before.
        Some(chunk) => more(chunk),
        None => more(rest),
    };
    text.len() + chunks.iter().map(|chunk| more(chunk)).sum::<usize>() + rest
}

/// By how many bytes it is longer when it is escaped.
fn longer(byte: u8) -> u8 {
    let is_short = matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c);
    let is_control = byte < b' ';
    u8::from(is_short) + 5 * u8::from(is_control & !is_short)
}

/// Text that comes piece by piece.
pub(super) struct Escaped<'a>(pub &'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escaped(self.0, text);
        Ok(())
    }
}

fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    loop {
        let (clean, behind) = rest.split_at_checked(clean(rest)).unwrap_or((rest, &[]));
        out.extend_from_slice(clean);
        rest = behind;
        // They come in pairs: the ends of lines.
        while let Some((byte, behind)) = rest.split_first()
            && is_escaped(*byte)
        {
            escape(out, *byte);
            rest = behind;
        }
        if rest.is_empty() {
            return;
        }
    }
}

/// How many bytes stand before the first that has to be escaped.
fn clean(bytes: &[u8]) -> usize {
    let (chunks, rest) = bytes.as_chunks::<STRIDE>();
    let clean = chunks.iter().take_while(|chunk| is_clean(chunk)).count();
    match chunks.get(clean) {
        Some(chunk) => clean * STRIDE + first(chunk),
        // With a part of the chunk before.
        None if bytes.last_chunk().is_some_and(is_clean) => bytes.len(),
        None => clean * STRIDE + first(rest),
    }
}

/// Without a way out in the middle: all are compared at once.
#[inline]
fn is_clean(chunk: &[u8; STRIDE]) -> bool {
    !chunk.iter().fold(false, |any, byte| any | is_escaped(*byte))
}

/// The place of the first byte of a few that has to be escaped; if none has, how many there are.
fn first(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<WORD>();
    let in_word = |word: &[u8; WORD]| (marks(u64::from_le_bytes(*word)).trailing_zeros() / u8::BITS) as usize;
    for (place, word) in words.iter().enumerate() {
        let at = in_word(word);
        if at < WORD {
            return place * WORD + at;
        }
    }
    match bytes.last_chunk() {
        // With a part of the word before, in which there is none.
        Some(word) => bytes.len() - WORD + in_word(word),
        None => words.len() * WORD + rest.iter().position(|byte| is_escaped(*byte)).unwrap_or(rest.len()),
    }
}

/// How many bytes are looked at as a number.
const WORD: usize = 8;

/// The highest bit of the lowest byte that has to be escaped, and perhaps others above it; 0: there is no such byte.
fn marks(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A byte below `limit` borrows from its highest bit, if that was not set; so does a byte above such a one.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | is(b'"') | is(b'\\')) & (ONES << 7)
}

fn is_escaped(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
