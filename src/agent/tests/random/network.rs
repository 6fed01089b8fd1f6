//! The world of a random life: a clock, a network between callers and agent, and what happens when.

mod accounts;
mod callees;
mod crash;
mod wire;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::callee::{Callee, Do as CalleeDo, Plan as CalleePlan};
use super::caller::{Caller, Do, Plan};
use super::chance::{Chance, Network};
use super::registrar::Registrar;
use crate::agent::command::{AccountCommand, Originate};
use crate::agent::event::RegistrationState;
use crate::agent::{
    Action, Agent, Arrival, CallCommand, CallId, Command, Done, Event, Flow, FlowId, Now, ReachId, Refusal,
    Saved, Settings, Ticket, Timestamp,
};
use crate::sip::{Message, parse_datagram};

enum Happening {
    Arrives(Bytes),
    Reaches(usize, Bytes),
    Does(usize, Do),
    Commands(Action),
    /// A client places a call.
    Dials(Originate),
    /// A way that was looked for is found, or not.
    Finds(ReachId),
    /// A REGISTER is at the registrar.
    Registers(Bytes),
    /// A client wants an account to be registered, or not.
    Wishes(AccountCommand),
    /// A keep-alive is answered on that connection.
    Pongs(FlowId),
    /// A message of a call of the agent's is where that goes.
    Rings(Bytes),
    Answers(usize, CalleeDo),
    /// The agent's process dies: at once, or over the next thing that it does.
    Crashes {
        at_once: bool,
    },
}

/// One life, from its seed.
pub struct Life {
    seed: u64,
    pub agent: Agent,
    pub chance: Chance,
    pub events: Vec<Event>,
    pub answers: HashMap<Ticket, Result<Done, Refusal>>,
    pub asked: u64,
    /// Final statuses of first INVITEs, by Call-ID and our tag.
    pub verdicts: HashMap<(String, String), HashSet<u16>>,
    /// How many messages the agent has sent.
    pub sent: u64,
    pub now: Now,
    network: Network,
    flow: Flow,
    callers: Vec<Caller>,
    pub callees: Vec<Callee>,
    /// What every callee means to do; `None`: each what it likes.
    pub plan: Option<CalleePlan>,
    pub registrar: Registrar,
    /// What clients were told of registrations.
    pub registrations: HashSet<RegistrationState>,
    agenda: BTreeMap<(Instant, u64), Happening>,
    entries: u64,
    last_arrival: [Instant; 2],
    settings: Settings,
    /// What of calls is on record, beside what is told.
    pub saves: HashMap<CallId, Arc<Saved>>,
    /// The process dies over the next thing that it does.
    is_dying: bool,
    /// How often it has died.
    pub deaths: u8,
    /// The highest CSeq of what it has asked, by Call-ID and both tags, as it is and as it was when it died last.
    cseqs: HashMap<[String; 3], u32>,
    cseqs_before: HashMap<[String; 3], u32>,
    /// How many commands have died with it.
    pub unanswered: u64,
}

impl Life {
    pub fn new(seed: u64, network: Network, settings: Settings) -> Self {
        let now = Now { instant: Instant::now(), wall: Timestamp(1_763_800_000_000_000) };
        let address = |text: &str| text.parse().expect("an address");
        let flow = Flow {
            id: FlowId(1),
            transport: network.transport,
            local: address("192.0.2.7:5060"),
            peer: address("10.0.0.1:5060"),
            listener: None,
        };
        Self {
            seed,
            agent: Agent::new(settings.clone(), secret(seed, 0), now),
            chance: Chance::new(seed),
            events: Vec::new(),
            answers: HashMap::new(),
            asked: 0,
            verdicts: HashMap::new(),
            sent: 0,
            now,
            network,
            flow,
            callers: Vec::new(),
            callees: Vec::new(),
            plan: None,
            registrar: Registrar::default(),
            registrations: HashSet::new(),
            agenda: BTreeMap::new(),
            entries: 0,
            last_arrival: [now.instant; 2],
            settings,
            saves: HashMap::new(),
            is_dying: false,
            deaths: 0,
            cseqs: HashMap::new(),
            cseqs_before: HashMap::new(),
            unanswered: 0,
        }
    }

    pub fn place_call(&mut self, number: usize, plan: Plan, after: Duration) {
        self.callers.push(Caller::new(number, self.network.transport, plan));
        self.later(after, Happening::Does(number, Do::Invite));
    }

    pub fn command_later(&mut self, after: Duration, action: Action) {
        self.later(after, Happening::Commands(action));
    }

    pub fn dial_later(&mut self, after: Duration, originate: Originate) {
        self.later(after, Happening::Dials(originate));
    }

    /// The agent shuts down: ten seconds, then every call is ended.
    pub fn shut_down(&mut self) {
        self.agent.handle_drain(self.now);
        self.drain();
        self.run(Duration::from_secs(10));
        self.agent.handle_drain_over(self.now);
        self.drain();
    }

    /// Every call that clients still see is hung up.
    pub fn hang_up_everything(&mut self) {
        for id in self.open_calls() {
            self.command(id, Action::Hangup(Default::default()));
        }
    }

    fn open_calls(&self) -> Vec<CallId> {
        let latest: BTreeMap<CallId, &Event> =
            self.events.iter().map(|event| (event.call.id, event)).collect();
        latest.into_iter().filter(|(_, event)| event.call.end.is_none()).map(|(id, _)| id).collect()
    }

    fn later(&mut self, after: Duration, happening: Happening) {
        self.at(self.now.instant + after, happening);
    }

    fn at(&mut self, at: Instant, happening: Happening) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), happening);
    }

    /// Lets time go on, with everything that falls into it.
    pub fn run(&mut self, time: Duration) {
        let until = self.now.instant + time;
        loop {
            let happening = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let alarm = self.agent.poll_timeout();
            let Some(next) = happening.into_iter().chain(alarm).min().filter(|next| *next <= until) else {
                break;
            };
            self.set_clock(next);
            if alarm == Some(next) {
                self.agent.handle_timeout(self.now);
            } else if let Some((_, happening)) = self.agenda.pop_first() {
                self.happen(happening);
            }
            self.drain();
        }
        self.set_clock(until);
    }

    fn set_clock(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.now.instant);
        self.now.wall.0 += i64::try_from(passed.as_micros()).expect("a short time");
        self.now.instant = self.now.instant.max(at);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives(bytes) => {
                let arrival = Arrival { flow: self.flow, message: parse_datagram(bytes) };
                self.agent.handle_message(self.now, arrival);
            }
            Happening::Reaches(number, bytes) => {
                let message = parse_datagram(bytes).expect("what we send can be read");
                self.act(number, |caller| caller.handle(&message));
            }
            Happening::Does(number, what) => self.act(number, |caller| caller.act(what)),
            Happening::Commands(action) => {
                let calls = self.open_calls();
                if !calls.is_empty() {
                    let chosen = usize::try_from(self.chance.below(calls.len() as u64)).unwrap_or(0);
                    self.command(calls[chosen], action);
                }
            }
            Happening::Dials(originate) => self.give(Command::Originate(originate)),
            Happening::Registers(bytes) => self.register(bytes),
            Happening::Wishes(command) => self.give(Command::Account(command)),
            Happening::Pongs(flow) => self.agent.handle_pong(self.now, flow),
            Happening::Finds(id) => self.find_a_way(id),
            Happening::Rings(bytes) => {
                let message = parse_datagram(bytes).expect("what we send can be read");
                self.ring(&message);
            }
            Happening::Crashes { at_once: true } => self.die(),
            Happening::Crashes { at_once: false } => self.is_dying = true,
            Happening::Answers(number, what) => {
                let later = self.callees[number].act(what);
                self.go_on(number, later);
            }
        }
    }

    fn command(&mut self, call: CallId, action: Action) {
        self.give(Command::Call(CallCommand { call, if_version: None, by: None, action }));
    }

    fn give(&mut self, command: Command) {
        self.asked += 1;
        self.agent.handle_command(self.now, command, Ticket(self.asked));
        self.drain();
    }

    fn act(&mut self, number: usize, act: impl FnOnce(&mut Caller) -> Vec<(Duration, Do)>) {
        for (after, what) in act(&mut self.callers[number]) {
            self.later(after, Happening::Does(number, what));
        }
        for text in std::mem::take(&mut self.callers[number].outbox) {
            self.carry(0, Happening::Arrives, &text);
        }
    }
}

/// What an agent is given to draw from; that of another process is another.
fn secret(seed: u64, deaths: u8) -> [u8; 32] {
    let mut secret = [deaths; 32];
    secret[..8].copy_from_slice(&seed.to_le_bytes());
    secret
}

fn call_id_of(message: &Message) -> &str {
    match message {
        Message::Request(request) => &request.call_id,
        Message::Response(response) => &response.call_id,
    }
}
