//! What the core counts, for those who watch it.

/// How often something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests and responses that came again.
    pub repeated: u64,
    /// Messages of ours that were sent again: by a timer, or because the peer has repeated itself.
    pub resent: u64,
}
