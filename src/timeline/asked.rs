//! A command on its way.

use crate::agent::{CallId, Timestamp};

/// What was asked, of which call, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The call; `None`: one that is not there yet.
    pub call: Option<CallId>,
    /// The command's name.
    pub what: &'static str,
    /// Who says that he asks (`Claim-Owner`).
    pub by: Option<String>,
    /// When it reached the agent.
    pub at: Timestamp,
}
