//! The agent after a crash, and beside a disk that fails.

use std::sync::Arc;

use super::call::{Call, Saved};
use super::event::Call as Picture;
use super::stack::Intake;
use super::{Agent, Now};

impl Agent {
    /// Brings back a call that had not ended, as clients saw it last; what was saved of it decides whether it goes on or is lost.
    /// To be called before anything else is handled.
    pub fn recover(&mut self, now: Now, picture: Arc<Picture>, saved: Option<Saved>) {
        let Self { stack, calls, .. } = self;
        stack.fx.now = now;
        if let Some(call) = Call::recovered(stack, picture, saved) {
            calls.add(call);
        }
    }

    /// Whether what is told can be put on record. While it cannot, new calls are refused; those that there are go on.
    pub fn handle_recording(&mut self, works: bool) {
        let intake = &mut self.stack.intake;
        *intake = match (*intake, works) {
            (Intake::Draining, _) => Intake::Draining,
            (_, true) => Intake::Open,
            (_, false) => Intake::Unrecorded,
        };
    }
}
