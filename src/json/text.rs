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
    let behind = match chunks.get(clean) {
        Some(chunk) => chunk,
        // With a part of the chunk before.
        None if bytes.last_chunk().is_some_and(is_clean) => return bytes.len(),
        None => rest,
    };
    clean * STRIDE + behind.iter().position(|byte| is_escaped(*byte)).unwrap_or(behind.len())
}

/// Without a way out in the middle: all are compared at once.
fn is_clean(chunk: &[u8; STRIDE]) -> bool {
    !chunk.iter().fold(false, |any, byte| any | is_escaped(*byte))
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
