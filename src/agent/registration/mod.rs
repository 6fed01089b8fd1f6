//! The registration of one account: REGISTER, its upkeep and its end (RFC 3261 §10).
//!
//! ```text
//!                  register, start                    2xx
//!  Unregistered ───────────────────► Registering ─────────────► Registered ◄─── 2xx ──┐
//!   ▲   ▲                            ▲    │   ▲               due │  │  │             │
//!   │   │ unregister, and nothing    │due │no│ connection lost ───┼──┼──┼──────────┐  │
//!   │   │ is bound                   │    │2xx                 ▼  │  └─► Refreshing ─┤
//!   │   └──────────────────────── Failed ◄┴────────────────────┴──┼──── no 2xx ───┘  │
//!   │                                │ unregister                  │ unregister       │
//!   │ answered or given up           ▼                             ▼                  │
//!   └────────────────────────── Unregistering ◄──────────────────────────────────────┘
//! ```
//! A REGISTER is sent when the one before it has its final response or is given up (§10.2): a command that comes meanwhile
//! says what is wanted, and is done then.

mod accepted;
mod ask;
mod binding;
mod commands;
mod identity;
mod keep_alive;
mod outcome;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use super::alarms::{AccountAlarm, Alarm};
use super::asking::{Asking, Progress};
use super::auth::Authorizations;
use super::command::AccountAction;
use super::event::{Account, AccountEvent};
use super::stack::Stack;
use super::transaction::{Outcome, TransactionId};
use super::{AccountNumber, AccountSettings, Flow, FlowId, ReachId, Reached, Timestamp, Unreachable};
use commands::Waiting;
use identity::Identity;
use keep_alive::KeepAlive;
use retry::Retry;

/// The registration of an account, for the life of the agent.
#[derive(Debug)]
pub struct Registration {
    identity: Identity,
    /// How long is asked for, seconds: as the settings say, or longer where the registrar wants it (§10.2.8).
    expires: u32,
    cseq: u32,
    authorizations: Authorizations,
    /// Our Contacts that the registrar may have, in angle brackets, the newest last.
    contacts: Vec<String>,
    /// The one of them that only the REGISTER under way has named: if that is refused, the registrar does not have it.
    fresh: Option<String>,
    /// What is wanted: the last command; until there is one, to be registered.
    wish: AccountAction,
    /// The commands that wait until what they want is so or has failed.
    waiting: Vec<Waiting>,
    retry: Retry,
    picture: Arc<Account>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// No REGISTER is under way and none is due, but for the first one.
    Unregistered,
    /// A REGISTER waits for its answer.
    Registering(Box<Asking>),
    /// The registrar sends calls here.
    Registered(Link),
    /// The same, while a REGISTER waits for its answer.
    Refreshing(Link, Box<Asking>),
    /// The REGISTER that unbinds waits for its answer.
    Unregistering(Box<Asking>),
    /// It did not go well; another try is due.
    Failed,
}

/// The connection that a registration is held by.
#[derive(Debug)]
struct Link {
    flow: Flow,
    keep_alive: KeepAlive,
}

impl Registration {
    /// The registration of an account that is to be registered at once.
    pub fn new(stack: &mut Stack, number: AccountNumber, settings: AccountSettings) -> Self {
        let identity = Identity::new(stack, number, settings);
        stack.fx.arm(Alarm::Account(number, AccountAlarm::Attempt), Duration::ZERO);
        Self {
            expires: identity.expires(),
            cseq: 0,
            authorizations: Authorizations::default(),
            contacts: Vec::new(),
            fresh: None,
            wish: AccountAction::Register,
            waiting: Vec::new(),
            retry: Retry::default(),
            picture: Arc::new(identity.picture(stack)),
            phase: Phase::Unregistered,
            identity,
        }
    }

    /// The account as it is now.
    pub fn picture(&self) -> &Arc<Account> {
        &self.picture
    }

    /// Whether it is not registered, and no REGISTER is under way or due.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Unregistered) && self.wish == AccountAction::Unregister
    }

    /// A way to the registrar was found, or there is none.
    pub fn handle_reached(&mut self, stack: &mut Stack, id: ReachId, reached: Result<Reached, Unreachable>) {
        let why = reached.as_ref().err().map(ToString::to_string);
        self.pursue(stack, why, |asking, stack, means| asking.handle_reached(stack, id, reached, means));
    }

    /// The transaction of a REGISTER has something to say.
    pub fn handle_outcome(&mut self, stack: &mut Stack, id: TransactionId, outcome: Outcome<'_>) {
        if let Outcome::TimedOut = outcome {
            self.fresh = None;
        }
        self.pursue(stack, None, |asking, stack, means| asking.handle_outcome(stack, id, outcome, means));
    }

    /// What the registration waited for has come.
    pub fn handle_alarm(&mut self, stack: &mut Stack, alarm: AccountAlarm) {
        match (alarm, &mut self.phase) {
            (AccountAlarm::Attempt, _) => self.register(stack),
            (AccountAlarm::Lapse, _) => self.handle_lapse(stack),
            (AccountAlarm::Patience, _) => self.handle_patience(stack),
            (AccountAlarm::Ping, Phase::Registered(link) | Phase::Refreshing(link, _)) => {
                link.keep_alive.ping(stack, self.identity.number, &link.flow);
            }
            // The connection's end is told like any other.
            (AccountAlarm::Pong, Phase::Registered(link) | Phase::Refreshing(link, _)) => {
                stack.fx.close(link.flow.id);
            }
            (AccountAlarm::Ping | AccountAlarm::Pong, _) => {}
        }
    }

    /// A keep-alive was answered on a connection.
    pub fn handle_pong(&mut self, stack: &mut Stack, flow: FlowId) {
        if let Phase::Registered(link) | Phase::Refreshing(link, _) = &mut self.phase
            && link.flow.id == flow
        {
            link.keep_alive.handle_pong(stack, self.identity.number);
        }
    }

    /// A connection is gone: what was registered by it is registered by another one, what was asked on it is asked again.
    pub fn handle_flow_closed(&mut self, stack: &mut Stack, flow: FlowId) {
        let is_asked_there = |asking: &Asking| asking.sent().is_some_and(|(_, on)| on.id == flow);
        match &self.phase {
            Phase::Registered(link) if link.flow.id == flow => self.handle_lost(stack),
            Phase::Refreshing(_, asking) if is_asked_there(asking) => self.handle_lost(stack),
            Phase::Refreshing(link, _) if link.flow.id == flow => self.go_on_unlinked(stack),
            Phase::Registering(asking) if is_asked_there(asking) => {
                self.fresh = None;
                let asked = self.ask(stack, |asking, stack, _| asking.handle_flow_closed(stack, flow));
                if let Some((Progress::Unreachable, _)) = asked {
                    self.handle_lost(stack);
                }
            }
            Phase::Unregistering(asking) if is_asked_there(asking) => {
                let lost = Some(outcome::LOST.to_owned());
                self.pursue(stack, lost, |asking, stack, _| asking.handle_flow_closed(stack, flow));
            }
            _ => {}
        }
    }

    /// Changes what clients see, and tells them.
    fn show(&mut self, stack: &mut Stack, change: impl FnOnce(&mut Account)) {
        change(Arc::make_mut(&mut self.picture));
        stack.fx.tell_account(AccountEvent { time: stack.fx.now.wall, account: self.picture.clone() });
    }

    /// Sets an alarm, and gives the time of day at which it fires.
    fn arm(&self, stack: &mut Stack, alarm: AccountAlarm, after: Duration) -> Timestamp {
        stack.fx.arm(Alarm::Account(self.identity.number, alarm), after);
        stack.fx.now.wall.after(after)
    }

    fn disarm(&self, stack: &mut Stack, alarms: &[AccountAlarm]) {
        for alarm in alarms {
            stack.fx.disarm(Alarm::Account(self.identity.number, *alarm));
        }
    }
}
