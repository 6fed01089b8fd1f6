//! How many calls there are, and how many there may be.

/// How many calls may be ending at least, however few may be open.
const LEAST_ENDING: usize = 16;

/// Calls, counted: all of them, or those of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Those that have not ended.
    pub open: usize,
    /// Those that have, and of which something is waited for: the answer to a BYE.
    pub ending: usize,
}

impl Load {
    /// Whether there are none.
    pub fn is_none(self) -> bool {
        (self.open, self.ending) == (0, 0)
    }

    /// Whether there is no room for another call, where `most` may be open. As many again may be ending: a peer that answers no BYE
    /// keeps others out no sooner, and what is kept of its calls has a bound.
    pub fn is_full(self, most: usize) -> bool {
        self.open >= most || self.ending >= most.max(LEAST_ENDING)
    }
}
