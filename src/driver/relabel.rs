//! New labels for a call that has ended: the agent knows nothing of it any more.

use super::batch::Batch;
use super::release::Release;
use crate::agent::event::CallState;
use crate::agent::{Action, CallCommand, Command, Event, Refusal, Timestamp};
use crate::state::relabelled;

/// What such a command comes to; `None`: it is for the agent. It follows what is told already, though nobody has seen it yet.
pub(super) fn relabel(
    batch: &Batch,
    release: &Release,
    now: Timestamp,
    command: &Command,
) -> Option<Result<Event, Refusal>> {
    let Command::Call(CallCommand { call, if_version, action: Action::Label(labels), .. }) = command else {
        return None;
    };
    let call = batch.latest(*call).or_else(|| release.latest(*call))?;
    let is_over = call.state == CallState::Ended;
    is_over.then(|| relabelled(&call, *if_version, labels, now))
}
