//! What a reader is given at once: many small events, or one large.

use super::Frame;

/// About how many bytes a batch has at most, but for one larger event alone.
const BYTES: usize = 256 * 1024;
/// At most so many events.
const EVENTS: usize = 256;
/// From this size on an event is handed over alone, and so without being copied into one piece with others.
const LARGE: usize = 16 * 1024;

/// Events on their way to a reader.
#[derive(Debug, Default)]
pub(super) struct Batch {
    frames: Vec<Frame>,
    cost: usize,
}

impl Batch {
    /// Adds an event, unless the batch is full without it.
    pub fn add(&mut self, frame: &Frame) -> bool {
        let cost = if frame.size() < LARGE { frame.size().max(BYTES / EVENTS) } else { BYTES };
        let has_room = self.frames.is_empty() || self.cost + cost <= BYTES;
        if has_room {
            self.frames.push(frame.clone());
            self.cost += cost;
        }
        has_room
    }

    /// The events; `None`: there are none.
    pub fn frames(self) -> Option<Vec<Frame>> {
        (!self.frames.is_empty()).then_some(self.frames)
    }
}
