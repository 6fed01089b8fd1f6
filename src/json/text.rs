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

/// About how many bytes text is when it is escaped. Text of a few bytes counts as it is; in longer one line ends count for as much as the
/// longest escapes, and what stands near the end may count twice.
pub(super) fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (chunks, rest) = bytes.as_chunks::<STRIDE>();
    // With a part of the chunk before.
    let last = if rest.is_empty() { None } else { bytes.last_chunk::<STRIDE>() };
    text.len() + chunks.iter().chain(last).map(longer).sum::<usize>()
}

/// By how many bytes a chunk is longer when it is escaped, at most. All of it is looked at at once.
fn longer(chunk: &[u8; STRIDE]) -> usize {
    if is_clean(chunk) {
        return 0;
    }
    chunk.iter().map(|byte| if *byte < b' ' { 5 } else { usize::from(is_escaped(*byte)) }).sum()
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
