//! What became of what the agent has sent, and of the connections it went by.

use super::effects::Awaited;
use super::network::{ReachId, Reached, Receipt, Unreachable};
use super::stack::Owner;
use super::transaction::{Outcome, Told};
use super::{Agent, CallId, FlowId, Now, Refusal};

impl Agent {
    /// A connection is gone. Its calls go on; what was asked by it and not heard is asked by another one, as is what was
    /// registered by it.
    pub fn handle_flow_closed(&mut self, now: Now, flow: FlowId) {
        let Self { stack, accounts, .. } = self;
        stack.fx.now = now;
        if !stack.flows.remove(&flow) {
            return;
        }
        accounts.each(|registration| registration.handle_flow_closed(stack, flow));
        for id in self.stack.transactions.sent_by(flow) {
            let told = self.stack.transactions.handle_lost(&mut self.stack.fx, id);
            self.tell_owner(told);
        }
    }

    /// The network says that nobody takes what is sent by that flow (RFC 3261 §18.4). Who says so may be anybody: a request of ours
    /// that nothing was heard of goes sooner where it would go after its time-out, and where that is nowhere, nothing is believed.
    pub fn handle_refused(&mut self, now: Now, flow: FlowId) {
        self.stack.fx.now = now;
        for id in self.stack.transactions.sent_by(flow) {
            let told = self.stack.transactions.handle_refused(id);
            self.tell_owner(told);
        }
    }

    /// What was sent with this receipt is with the kernel.
    pub fn handle_delivered(&mut self, now: Now, receipt: Receipt) {
        self.stack.fx.now = now;
        match self.stack.fx.awaited(receipt) {
            Some(Awaited::Command(ticket, call)) => {
                let id = call.id;
                self.stack.fx.answer(ticket, Ok(call));
                self.calls.with(id, |call| call.handle_delivered(receipt));
            }
            Some(Awaited::Acceptance(id)) => {
                self.calls.with(id, |call| call.handle_delivered(receipt));
            }
            Some(Awaited::Request(transaction)) => {
                let owner = self.stack.transactions.owner(transaction);
                self.tell_owner(owner.map(|owner| Told { owner, transaction, outcome: Outcome::Sent }));
            }
            None => {}
        }
    }

    /// What was sent with this receipt did not reach the peer: no connection could be made.
    pub fn handle_undelivered(&mut self, now: Now, receipt: Receipt) {
        self.stack.fx.now = now;
        match self.stack.fx.awaited(receipt) {
            Some(Awaited::Command(ticket, call)) => {
                let id = call.id;
                self.stack.fx.answer(ticket, Err(Refusal::SipTimeout(call)));
                self.tell_undelivered(id, receipt);
            }
            Some(Awaited::Acceptance(id)) => self.tell_undelivered(id, receipt),
            Some(Awaited::Request(id)) => {
                let told = self.stack.transactions.handle_undelivered(&mut self.stack.fx, id);
                self.tell_owner(told);
            }
            None => {}
        }
    }

    fn tell_undelivered(&mut self, call: CallId, receipt: Receipt) {
        let Self { stack, calls, .. } = self;
        calls.with(call, |call| call.handle_undelivered(stack, receipt));
    }

    /// A way to a destination was found, or there is none.
    pub fn handle_reached(&mut self, now: Now, id: ReachId, reached: Result<Reached, Unreachable>) {
        let Self { stack, calls, accounts, .. } = self;
        stack.fx.now = now;
        if let Ok(Reached { flow, .. }) = &reached {
            stack.flows.insert(flow.id);
        }
        match stack.reaching.remove(&id) {
            Some(Owner::Call(call)) => {
                calls.with(call, |call| call.handle_reached(stack, id, reached));
            }
            Some(Owner::Account(number)) => {
                accounts.with(number, |account| account.handle_reached(stack, id, reached));
            }
            None => {}
        }
    }
}
