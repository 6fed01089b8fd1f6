//! The core: what a SIP user agent does, as a pure state machine.
//!
//! It holds no socket, no clock and no task. Messages, commands and the time go in as arguments of the `handle_`
//! methods; what is to be done comes out of [`Agent::poll_output`], in the order in which it must be done. The owner
//! mutates, drains, and mutates again:
//!
//! ```text
//!  handle_message ─┐                      ┌─► Output::Event    to the log and the views
//!  handle_command ─┤                      ├─► Output::Send     to a connection
//!  handle_timeout ─┼─► Agent ─poll_output─┼─► Output::Answer   to who gave the command
//!  …               ┘                      └─► (poll_timeout: when to call handle_timeout)
//! ```

#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod account_link;
mod accounts;
mod alarms;
mod asking;
mod auth;
mod busy;
mod call;
mod calls;
mod check;
pub mod command;
mod contact;
mod done;
mod drain;
mod effects;
pub mod event;
mod fates;
mod gate;
mod given;
pub mod ids;
mod labels;
#[cfg(any(test, fuzzing))]
mod leftovers;
mod letter;
mod load;
mod map;
mod network;
mod new_headers;
mod policies;
mod receive;
mod recover;
mod refusal;
mod registration;
mod request;
mod respond;
mod screen;
mod settings;
mod stack;
mod tally;
#[cfg(test)]
mod tests;
pub mod time;
mod transaction;
mod way_out;

use std::sync::Arc;
use std::time::Instant;

pub use call::Saved;
pub use command::{Action, CallCommand, Command, Done, Refusal};
pub use event::{Account, AccountEvent, Call, Event, News};
pub use gate::{Challenged, Counts, Denied, GateSettings, Network, OverLimit, Peer};
pub use ids::{CallId, FlowId};
#[cfg(any(test, fuzzing))]
pub use leftovers::Leftovers;
pub use network::{
    Address, Arrival, Destination, Flow, Hop, ListenerId, ReachId, Reached, Receipt, Transmit, Unreachable,
};
pub use policies::Policies;
pub use settings::{AccountNumber, AccountSettings, Listener, OnOffer, Settings};
pub use tally::Tally;
pub use time::{Now, Timestamp};

use crate::sip::Message;
use account_link::AccountLink;
use accounts::Accounts;
use alarms::Alarm;
use calls::Calls;
use effects::Effects;
use gate::Gate;
use ids::Ids;
use map::{Map, Set};
use stack::{Intake, Owner, Stack};
use transaction::{Told, Transactions};

/// Server transactions beyond those of calls, for requests that are refused.
const SPARE_TRANSACTIONS: usize = 10_000;
/// How many transactions of a call may be there at once: INVITE, BYE, and the last ones waiting out their timers.
const TRANSACTIONS_PER_CALL: usize = 4;

/// Names the giver of a command, so that its answer finds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What is to be done, in order.
#[derive(Debug)]
pub enum Output {
    /// Tell the clients.
    Event(News),
    /// Keep this, so that the call can be brought back after a crash: before what comes behind it is sent. Of a call that has ended: so
    /// that its BYE is sent all the same.
    Save(Arc<Call>, Arc<Saved>),
    /// That BYE is answered or given up: nothing of the ended call is to be kept.
    Forget(CallId),
    /// Tell the peer.
    Send(Transmit),
    /// Look for a way, and call [`Agent::handle_reached`] with what was found; once for each.
    Reach(ReachId, Destination),
    /// Close a connection that is of no more use; [`Agent::handle_flow_closed`] follows as for any other.
    Close(FlowId),
    /// Answer a command.
    Answer(Ticket, Result<Done, Refusal>),
}

/// The SIP user agent.
#[derive(Debug)]
pub struct Agent {
    stack: Stack,
    gate: Gate,
    calls: Calls,
    accounts: Accounts,
}

impl Agent {
    /// An agent without calls at the time `now`, whose accounts are to be registered at once; `seed` is where its tags, branches and ids come from, and must be
    /// unguessable.
    pub fn new(settings: Settings, seed: [u8; 32], now: Now) -> Self {
        let limit =
            settings.max_calls.saturating_mul(TRANSACTIONS_PER_CALL).saturating_add(SPARE_TRANSACTIONS);
        let mut ids = Ids::new(seed);
        let hashing = ids.hashing();
        let links = settings.accounts.iter().map(AccountLink::new).collect();
        let mut stack = Stack {
            settings,
            intake: Intake::Open,
            ids,
            transactions: Transactions::new(limit, SPARE_TRANSACTIONS, &hashing),
            fx: Effects::new(now, hashing.clone()),
            flows: Set::with_hasher(hashing.clone()),
            reaching: Map::with_hasher(hashing.clone()),
            has_audience: true,
            moved: Vec::new(),
            streamless: asking::Streamless::default(),
            accounts: links,
        };
        let accounts = Accounts::new(&mut stack);
        let gate = Gate::new(stack.settings.gate.clone(), (hashing.clone(), &mut stack.ids), now.instant);
        let calls = Calls::new(hashing, &stack.settings);
        Self { stack, gate, calls, accounts }
    }

    /// A message came in.
    pub fn handle_message(&mut self, now: Now, arrival: Arrival) {
        let Arrival { flow, message } = arrival;
        self.stack.fx.now = now;
        self.stack.flows.insert(flow.id);
        match message {
            Ok(Message::Request(request)) => self.handle_request(flow, request),
            Ok(Message::Response(response)) => self.handle_response(&response),
            Err(unreadable) => self.handle_unreadable(&flow, unreadable),
        }
    }

    /// A client asks for something. The answer comes as [`Output::Answer`] with the same ticket: at once, or when the
    /// SIP effect is known.
    pub fn handle_command(&mut self, now: Now, command: Command, ticket: Ticket) {
        let Self { stack, calls, accounts, .. } = self;
        stack.fx.now = now;
        match command {
            Command::Call(command) => {
                let id = command.call;
                if calls.with(id, |call| call.handle_command(stack, command, ticket)).is_none() {
                    stack.fx.answer(ticket, Err(Refusal::NotFound));
                }
            }
            Command::Originate(originate) => match call::Call::originate(stack, calls.load(), originate) {
                Ok(call) => {
                    stack.fx.answer(ticket, Ok(call.picture().clone()));
                    calls.add(call);
                }
                Err(refusal) => stack.fx.answer(ticket, Err(refusal)),
            },
            Command::Account(command) => accounts.handle_command(stack, &command, ticket),
        }
    }

    /// The time that [`Agent::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Now) {
        self.stack.fx.now = now;
        while let Some(alarm) = self.stack.fx.due() {
            match alarm {
                Alarm::Call(id, alarm) => {
                    let Self { stack, calls, .. } = self;
                    calls.with(id, |call| call.handle_alarm(stack, alarm));
                }
                Alarm::Account(number, alarm) => {
                    let Self { stack, accounts, .. } = self;
                    accounts.with(number, |account| account.handle_alarm(stack, alarm));
                }
                Alarm::Transaction(id, timer) => {
                    let told = self.stack.transactions.handle_timer(&mut self.stack.fx, id, timer);
                    self.tell_owner(told);
                }
            }
        }
    }

    fn tell_owner(&mut self, told: Option<Told<'_>>) {
        let Self { stack, calls, accounts, .. } = self;
        let Some(Told { owner, transaction, outcome }) = told else { return };
        match owner {
            Owner::Call(id) => {
                calls.with(id, |call| call.handle_outcome(stack, transaction, outcome));
            }
            Owner::Account(number) => {
                accounts.with(number, |account| account.handle_outcome(stack, transaction, outcome));
                // Seldom: a look at every call is affordable.
                while let Some(moved) = stack.moved.pop() {
                    calls.each(stack, |call, stack| call.follow_account(stack, moved));
                }
            }
        }
    }

    /// What is to be done next; call until `None` after every `handle_`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.stack.fx.pop()
    }

    /// What was counted since this was last called.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.stack.fx.tally)
    }

    /// When [`Agent::handle_timeout`] must be called at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.stack.fx.next_due()
    }
}
