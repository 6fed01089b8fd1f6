//! The only way the core acts: by what it puts here, in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alarms::{Alarm, Alarms};
use super::map::Hashing;
use super::transaction::TransactionId;
use super::{
    Account, AccountEvent, Call, CallId, Destination, Done, Event, FlowId, News, Now, Output, ReachId,
    Receipt, Refusal, Saved, Tally, Ticket, Transmit,
};

/// Who wants to hear what became of a sending.
#[derive(Debug)]
pub enum Awaited {
    /// The transaction of a request.
    Request(TransactionId),
    /// A command, to be answered with the call.
    Command(Ticket, Arc<Call>),
    /// A call whose 200 it is.
    Acceptance(CallId),
}

/// What is to be done now, what must happen later, and the moment in which it is decided.
///
/// The queue of outputs is drained after each `handle_` of the agent; one of these makes a handful per call it
/// touches, so it is bounded by their number.
#[derive(Debug)]
pub struct Effects {
    /// The moment of the current `handle_`.
    pub now: Now,
    /// What must happen later.
    pub alarms: Alarms,
    /// What is counted.
    pub tally: Tally,
    outputs: VecDeque<Output>,
    receipts: u64,
    reaches: u64,
    /// At most one for each command that is being answered, each 200 and each request of ours.
    awaited: BTreeMap<Receipt, Awaited>,
}

impl Effects {
    /// Nothing to do.
    pub fn new(now: Now, hashing: Hashing) -> Self {
        Self {
            now,
            alarms: Alarms::new(hashing),
            tally: Tally::default(),
            outputs: VecDeque::new(),
            receipts: 0,
            reaches: 0,
            awaited: BTreeMap::new(),
        }
    }

    /// Tells the clients of a call.
    pub fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(News::Call(event)));
    }

    /// Has what brings a call back put on record.
    pub fn save(&mut self, call: Arc<Call>, saved: Saved) {
        self.outputs.push_back(Output::Save(call, Arc::new(saved)));
    }

    /// Has what brings the BYE of an ended call on its way taken off the record.
    pub fn forget(&mut self, call: CallId) {
        self.outputs.push_back(Output::Forget(call));
    }

    /// Tells a peer.
    pub fn send(&mut self, transmit: Transmit) {
        self.outputs.push_back(Output::Send(transmit));
    }

    /// Closes a connection.
    pub fn close(&mut self, flow: FlowId) {
        self.outputs.push_back(Output::Close(flow));
    }

    /// Looks for a way.
    pub fn reach(&mut self, destination: Destination) -> ReachId {
        self.reaches += 1;
        let id = ReachId(self.reaches);
        self.outputs.push_back(Output::Reach(id, destination));
        id
    }

    /// A name for a sending that somebody may wait for.
    pub fn receipt(&mut self) -> Receipt {
        self.receipts += 1;
        Receipt(self.receipts)
    }

    /// Somebody waits to hear what became of a sending.
    pub fn wait_for(&mut self, receipt: Receipt, awaited: Awaited) {
        self.awaited.insert(receipt, awaited);
    }

    /// Who waited for a sending.
    pub fn awaited(&mut self, receipt: Receipt) -> Option<Awaited> {
        self.awaited.remove(&receipt)
    }

    /// How many wait for sendings.
    #[cfg(any(test, fuzzing))]
    pub fn waiting(&self) -> usize {
        self.awaited.len()
    }

    /// Answers a command that is about a call.
    pub fn answer(&mut self, ticket: Ticket, answer: Result<Arc<Call>, Refusal>) {
        self.outputs.push_back(Output::Answer(ticket, answer.map(Done::Call)));
    }

    /// Answers a command that the peer has answered.
    pub fn answer_heard(&mut self, ticket: Ticket, call: Arc<Call>, status: u16) {
        self.outputs.push_back(Output::Answer(ticket, Ok(Done::Heard(call, status))));
    }

    /// Answers a command that is about an account.
    pub fn answer_account(&mut self, ticket: Ticket, answer: Result<Arc<Account>, Refusal>) {
        self.outputs.push_back(Output::Answer(ticket, answer.map(Done::Account)));
    }

    /// Tells the clients of a registration.
    pub fn tell_account(&mut self, event: AccountEvent) {
        self.outputs.push_back(Output::Event(News::Account(event)));
    }

    /// Sets an alarm, `after` from now.
    pub fn arm(&mut self, alarm: Alarm, after: Duration) {
        self.alarms.set(alarm, self.now.instant + after);
    }

    /// Takes an alarm back.
    pub fn disarm(&mut self, alarm: Alarm) {
        self.alarms.cancel(alarm);
    }

    /// The next alarm that is due.
    pub fn due(&mut self) -> Option<Alarm> {
        self.alarms.pop(self.now.instant)
    }

    /// When the next alarm is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.alarms.next()
    }

    /// What is to be done next.
    pub fn pop(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
