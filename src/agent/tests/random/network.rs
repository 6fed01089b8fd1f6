//! The world of a random life: a clock, a network between callers and agent, and what happens when.

mod callees;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::callee::{Callee, Do as CalleeDo, Plan as CalleePlan};
use super::caller::{Caller, Do, Plan};
use super::chance::{Chance, Network};
use crate::agent::command::Originate;
use crate::agent::{
    Action, Agent, Arrival, Call, CallCommand, CallId, Command, Event, Flow, FlowId, News, Now, Output,
    ReachId, Refusal, Settings, Ticket, Timestamp, Transmit,
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
    /// A message of a call of the agent's is where that goes.
    Rings(Bytes),
    Answers(usize, CalleeDo),
}

/// One life, from its seed.
pub struct Life {
    pub agent: Agent,
    pub chance: Chance,
    pub events: Vec<Event>,
    pub answers: HashMap<Ticket, Result<Arc<Call>, Refusal>>,
    pub asked: u64,
    /// Final statuses of first INVITEs, by Call-ID.
    pub verdicts: HashMap<String, HashSet<u16>>,
    /// How many messages the agent has sent.
    pub sent: u64,
    pub now: Now,
    network: Network,
    flow: Flow,
    callers: Vec<Caller>,
    pub callees: Vec<Callee>,
    /// What every callee means to do; `None`: each what it likes.
    pub plan: Option<CalleePlan>,
    agenda: BTreeMap<(Instant, u64), Happening>,
    entries: u64,
    last_arrival: [Instant; 2],
}

impl Life {
    pub fn new(seed: u64, network: Network, settings: Settings) -> Self {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&seed.to_le_bytes());
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
            agent: Agent::new(settings, secret, now),
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
            agenda: BTreeMap::new(),
            entries: 0,
            last_arrival: [now.instant; 2],
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
            Happening::Finds(id) => self.find_a_way(id),
            Happening::Rings(bytes) => {
                let message = parse_datagram(bytes).expect("what we send can be read");
                self.ring(&message);
            }
            Happening::Answers(number, what) => {
                let later = self.callees[number].act(what);
                self.go_on(number, later);
            }
        }
    }

    fn command(&mut self, call: CallId, action: Action) {
        self.give(Command::Call(CallCommand { call, if_version: None, action }));
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

    /// The network takes a message in one of its two directions.
    fn carry(&mut self, direction: usize, happening: impl Fn(Bytes) -> Happening, bytes: &Bytes) {
        if self.chance.percent(self.network.cut) {
            return self.cut();
        }
        let copies = 1 + u64::from(self.chance.percent(self.network.repeated));
        for _ in 0..copies {
            if self.chance.percent(self.network.lost) {
                continue;
            }
            let mut at = self.now.instant + self.chance.up_to(Duration::from_millis(120));
            if self.network.keeps_order {
                at = at.max(self.last_arrival[direction]);
                self.last_arrival[direction] = at;
            }
            self.at(at, happening(bytes.clone()));
        }
    }

    /// The connection breaks: what was under way is lost, and the caller makes a new one.
    fn cut(&mut self) {
        self.agenda.retain(|_, happening| {
            !matches!(happening, Happening::Arrives(_) | Happening::Reaches(..) | Happening::Rings(_))
        });
        self.agent.handle_flow_closed(self.now, self.flow.id);
        self.flow.id.0 += 1;
        for number in 0..self.callers.len() {
            self.later(Duration::from_millis(200), Happening::Does(number, Do::Reconnect));
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            match output {
                Output::Event(News::Call(event)) => self.events.push(event),
                Output::Event(News::Account(_)) | Output::Close(_) => {}
                Output::Reach(id, _) => self.look_for_a_way(id),
                Output::Answer(ticket, answer) => {
                    assert!(
                        self.answers
                            .insert(ticket, answer.map(|done| done.call().expect("a call")))
                            .is_none(),
                        "a command is answered once"
                    );
                }
                Output::Send(transmit) => self.send(transmit),
            }
        }
    }

    fn send(&mut self, transmit: Transmit) {
        self.sent += 1;
        let message = parse_datagram(transmit.bytes.clone()).expect("what we send can be read");
        let call_id = call_id_of(&message).to_string();
        if let Message::Response(response) = &message
            && response.status >= 200
            && response.cseq.method.as_str() == "INVITE"
            && response.cseq.number == Caller::FIRST_CSEQ
        {
            self.verdicts.entry(call_id.clone()).or_default().insert(response.status);
        }
        // A closed connection: half of the time the agent finds no other way.
        let is_closed = transmit.flow != Some(self.flow.id) && self.network.keeps_order;
        let is_lost = is_closed && self.chance.percent(50);
        match transmit.receipt {
            Some(receipt) if is_lost => self.agent.handle_undelivered(self.now, receipt),
            Some(receipt) => self.agent.handle_delivered(self.now, receipt),
            None => {}
        }
        if is_lost {
            return;
        }
        match self.callers.iter().position(|caller| caller.call_id == call_id) {
            Some(number) => self.carry(1, |bytes| Happening::Reaches(number, bytes), &transmit.bytes),
            None => self.carry(1, Happening::Rings, &transmit.bytes),
        }
    }
}

fn call_id_of(message: &Message) -> &str {
    match message {
        Message::Request(request) => &request.call_id,
        Message::Response(response) => &response.call_id,
    }
}
