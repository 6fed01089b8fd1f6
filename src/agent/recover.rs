//! The agent and what is around it: after a crash, beside a disk that fails, with nobody who listens, with more to do than it can.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::call::{Call, Saved};
use super::event::Call as Picture;
use super::stack::Intake;
use super::{Agent, Counts, FlowId, Now};

impl Agent {
    /// Brings back a call that had not ended, as clients saw it last; what was saved of it decides whether it goes on or is lost. Or one that
    /// had ended, and whose BYE may not have been sent: it is, and nothing is told.
    /// To be called before anything else is handled.
    pub fn recover(&mut self, now: Now, picture: Arc<Picture>, saved: Option<Saved>) {
        let Self { stack, calls, .. } = self;
        stack.fx.now = now;
        if let Some(call) = Call::recovered(stack, picture, saved) {
            calls.add(call);
        }
    }

    /// Whether anybody listens to what new calls would tell. If nobody does, they are refused, so that the PBX sends them
    /// elsewhere and does not let them ring for nothing.
    pub fn handle_audience(&mut self, is_there: bool) {
        self.stack.has_audience = is_there;
    }

    /// Whether the agent cannot keep up with what comes in. While it cannot, INVITEs that would be new calls are refused; all
    /// else is served.
    pub fn handle_load(&mut self, is_overloaded: bool) {
        self.gate.is_overloaded = is_overloaded;
    }

    /// Nothing has come by these connections for long: those that no call and no registration needs are closed. A look at every
    /// call, if there are any.
    pub fn handle_idle(&mut self, now: Now, flows: &[FlowId]) {
        self.stack.fx.now = now;
        if flows.is_empty() {
            return;
        }
        let registered = self.stack.accounts.iter().filter_map(|link| link.flow.map(|flow| flow.id));
        let needed: BTreeSet<FlowId> = registered.chain(self.calls.flows()).collect();
        for flow in flows.iter().filter(|flow| !needed.contains(flow)) {
            self.gate.counts.idle += 1;
            self.stack.fx.close(*flow);
        }
    }

    /// What the gate has done since the start.
    pub fn counts(&self) -> Counts {
        self.gate.counts
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
