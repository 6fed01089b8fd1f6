//! What the gate has done, counted.

/// How many requests the gate has kept out, by why; how many it has let in by their credentials; and how many connections it
/// has closed. Since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// From where no peer may be.
    pub denied: u64,
    /// More than the peer's rate.
    pub over_rate: u64,
    /// More calls than the peer may have open.
    pub over_calls: u64,
    /// Asked for credentials: without them, with wrong ones, or with a nonce that is no good any more.
    pub challenged: u64,
    /// Those of them that came with credentials, which were wrong.
    pub rejected: u64,
    /// Let in by their credentials.
    pub authenticated: u64,
    /// INVITEs that came while the agent could not keep up.
    pub overloaded: u64,
    /// Connections that nothing came by for long and nothing needed.
    pub idle: u64,
}
