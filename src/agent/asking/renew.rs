//! An INVITE whose connection is lost before the peer has said anything: it may have been read, and the peer may answer by a connection of its
//! own (RFC 3261 §18.2.2). It goes out once more by a new connection, as it was: a copy to whoever has read it (§17.2.3).

use super::{Asking, Means, Progress, Stage};
use crate::agent::network::{Address, Destination, Flow, ReachId, Reached, Unreachable};
use crate::agent::stack::Stack;

impl Asking {
    /// Looks for a new connection to where the one led that is lost; its transaction goes on. Once: whether it does.
    pub(super) fn renew(&mut self, stack: &mut Stack, flow: &Flow) -> bool {
        if self.is_renewed {
            return false;
        }
        self.is_renewed = true;
        let way = match &self.rest {
            Destination::Hop(hop) => Destination::Hop(hop.clone()),
            Destination::Addresses(others) => {
                let host = self.name.clone().unwrap_or_else(|| flow.peer.ip().to_string().into());
                let same = Address { transport: flow.transport, address: flow.peer, host };
                let same = self.again.take().unwrap_or(same);
                Destination::Addresses([vec![same], others.clone()].concat())
            }
        };
        self.renewing = Some(stack.reach(self.owner, way));
        true
    }

    /// Whether a new connection is looked for under this name.
    pub(super) fn is_renewing(&self, id: ReachId) -> bool {
        self.renewing == Some(id)
    }

    /// The peer has been heard, or is not waited for any more.
    pub(super) fn stop_renewing(&mut self, stack: &mut Stack) {
        if let Some(id) = self.renewing.take() {
            stack.forget_reach(id);
        }
    }

    /// The new connection is there, or cannot be made. To another peer, or from another address of ours, it goes as a new one; that its Via
    /// names the port of the connection that is gone does not matter, as the answer comes by the new one.
    pub(super) fn handle_renewed(
        &mut self,
        stack: &mut Stack,
        reached: Result<Reached, Unreachable>,
        means: Means<'_>,
    ) -> Progress<'static> {
        self.renewing = None;
        let Stage::Sent { transaction, flow: before, .. } = &mut self.stage else {
            return Progress::Waits;
        };
        let transaction = *transaction;
        let is_same = |flow: &Flow| {
            flow.transport == before.transport
                && flow.peer.ip() == before.peer.ip()
                && flow.local.ip() == before.local.ip()
        };
        match reached {
            Ok(Reached { flow, others, .. }) if is_same(&flow) => {
                *before = flow;
                stack.transactions.resend(&mut stack.fx, transaction, flow.id);
                self.leave(&flow, others);
                Progress::Waits
            }
            Ok(Reached { flow, others, .. }) if !self.is_resigned() => {
                stack.transactions.abandon(&mut stack.fx, transaction);
                self.leave(&flow, others);
                self.send(stack, flow, means);
                Progress::Waits
            }
            _ => {
                stack.transactions.abandon(&mut stack.fx, transaction);
                self.fall()
            }
        }
    }

    /// What is left to be tried beside a way, unless the request goes nowhere else.
    fn leave(&mut self, flow: &Flow, others: Vec<Address>) {
        if !self.is_resigned() {
            self.rest = Destination::Addresses(Self::beside(flow, others));
        }
    }
}
