//! Any chunking of a byte string gives the same messages as all of it at once, and the memory that it takes is bounded.
#![no_main]

use call_agent::sip::{Framed, Framer, Limits};
use libfuzzer_sys::fuzz_target;

const LIMITS: [Limits; 2] = [Limits { head: 64 * 1024, body: 256 * 1024 }, Limits { head: 512, body: 256 }];

fuzz_target!(|data: &[u8]| {
    for limits in LIMITS {
        let whole = framed(limits, [data].into_iter());
        assert!(whole.len() <= data.len(), "more messages than bytes");
        assert_eq!(framed(limits, data.chunks(1)), whole, "one byte at a time");
        assert_eq!(framed(limits, Chunks { rest: data, sizes: data }), whole, "in chunks of any size");
    }
});

/// What comes out of a stream that comes in these chunks; without the line ends between messages, whose meaning is a
/// matter of when they come.
fn framed<'a>(limits: Limits, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut framer = Framer::new(limits);
    let mut framed = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        while let Some(next) = framer.next() {
            if !matches!(next, Framed::Ping | Framed::Pong) {
                framed.push(format!("{next:?}"));
            }
        }
        assert!(framer.begun() < limits.head + limits.body, "more is held than one message");
    }
    framed
}

/// Pieces whose sizes are told by the bytes themselves, one to 32 each.
struct Chunks<'a> {
    rest: &'a [u8],
    sizes: &'a [u8],
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (size, sizes) = self.sizes.split_first()?;
        let (chunk, rest) = self.rest.split_at(self.rest.len().min(usize::from(size % 32) + 1));
        (self.rest, self.sizes) = (rest, sizes);
        (!chunk.is_empty()).then_some(chunk)
    }
}
