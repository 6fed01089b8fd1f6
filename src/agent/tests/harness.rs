//! The agent and the clock around it.

mod reading;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::agent::command::Originate;
use crate::agent::event::{Event, EventKind};
use crate::agent::{
    Action, Address, Agent, Arrival, Call, CallCommand, CallId, Command, Destination, Done, Flow, FlowId,
    News, Now, Output, ReachId, Reached, Refusal, Saved, Settings, Ticket, Timestamp, Transmit, Unreachable,
};
use crate::sip::{Headers, Message, Transport, parse_datagram};

/// A message that the agent has sent.
pub struct Sent {
    pub at: Instant,
    pub transmit: Transmit,
    pub message: Message,
}

/// The agent in a world where time stands still until it is told to go on.
pub struct World {
    pub agent: Agent,
    pub flow: Flow,
    is_open: bool,
    pub now: Now,
    pub events: Vec<Event>,
    call: Option<Arc<Call>>,
    sent: Vec<Sent>,
    sought: Vec<(ReachId, Destination)>,
    answers: HashMap<Ticket, Result<Arc<Call>, Refusal>>,
    /// What peers have answered to what commands have sent.
    heard: HashMap<Ticket, u16>,
    tickets: u64,
    settings: Settings,
    /// What the agent wants kept, the last of each call behind the others.
    pub saves: Vec<(Arc<Call>, Arc<Saved>)>,
}

impl World {
    pub fn tcp() -> Self {
        Self::new(Transport::Tcp, Settings::default())
    }

    pub fn udp() -> Self {
        Self::new(Transport::Udp, Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        Self::new(Transport::Tcp, settings)
    }

    pub fn new(transport: Transport, settings: Settings) -> Self {
        let now = Now { instant: Instant::now(), wall: Timestamp(1_763_800_000_000_000) };
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let flow = Flow {
            id: FlowId(1),
            transport,
            local: address("192.0.2.7:5060"),
            peer: address("10.0.0.1:5060"),
            listener: None,
        };
        Self {
            agent: Agent::new(settings.clone(), [7; 32], now),
            settings,
            saves: Vec::new(),
            flow,
            is_open: true,
            now,
            events: Vec::new(),
            call: None,
            sent: Vec::new(),
            sought: Vec::new(),
            answers: HashMap::new(),
            heard: HashMap::new(),
            tickets: 0,
        }
    }

    /// The agent dies, and another one begins with what is on record of this call, if anything is to be done about it.
    pub fn crash(&mut self) {
        let call = self.call();
        let saved = self.saves.iter().rev().find(|(of, _)| of.id == call.id);
        let saved = saved.map(|(_, saved)| serde_json::to_vec(&**saved).expect("JSON"));
        let saved = saved.map(|json| serde_json::from_slice(&json).expect("what was saved"));
        let written = serde_json::to_vec(&*call).expect("JSON");
        self.agent = Agent::new(self.settings.clone(), [8; 32], self.now);
        if call.end.is_none() || saved.is_some() {
            self.agent.recover(self.now, Arc::new(Call::read(&written).expect("a call")), saved);
        }
        self.flow.id = FlowId(self.flow.id.0 + 1);
        self.drain();
    }

    /// A message arrives.
    pub fn deliver(&mut self, message: impl AsRef<str>) {
        let message = parse_datagram(Bytes::copy_from_slice(message.as_ref().as_bytes()));
        self.agent.handle_message(self.now, Arrival { flow: self.flow, message });
        self.drain();
    }

    /// The connection is lost.
    pub fn close_flow(&mut self) {
        self.is_open = false;
        self.agent.handle_flow_closed(self.now, self.flow.id);
        self.drain();
    }

    /// The network says that nobody is where the connection leads.
    pub fn refuse(&mut self) {
        self.agent.handle_refused(self.now, self.flow.id);
        self.drain();
    }

    /// What is sent from here on waits for [`World::delivered`] or [`World::undelivered`].
    pub fn hold_deliveries(&mut self) {
        self.is_open = false;
    }

    /// The peer connects again.
    pub fn reconnect(&mut self) {
        self.is_open = true;
        self.flow.id = FlowId(self.flow.id.0 + 1);
    }

    /// A new connection has carried what was sent.
    pub fn delivered(&mut self, transmit: &Transmit) {
        self.agent.handle_delivered(self.now, transmit.receipt.expect("a receipt"));
        self.drain();
    }

    /// No connection could be made for what was sent.
    pub fn undelivered(&mut self, transmit: &Transmit) {
        self.agent.handle_undelivered(self.now, transmit.receipt.expect("a receipt"));
        self.drain();
    }

    /// The one way that is being looked for.
    pub fn sought(&mut self) -> (ReachId, Destination) {
        assert_eq!(self.sought.len(), 1, "one way: {:?}", self.sought);
        self.sought.remove(0)
    }

    /// A new connection to there is made.
    pub fn reach(&mut self) -> Destination {
        self.reach_one_of(Vec::new())
    }

    /// The same, where these addresses are left to be tried.
    pub fn reach_one_of(&mut self, others: Vec<Address>) -> Destination {
        self.reach_by(None, others)
    }

    /// The same; the connection was there already if it can be made again.
    pub fn reach_by(&mut self, again: Option<Address>, others: Vec<Address>) -> Destination {
        let (id, destination) = self.sought();
        self.flow.id = FlowId(self.flow.id.0 + 1);
        self.agent.handle_reached(self.now, id, Ok(Reached { flow: self.flow, again, others }));
        self.drain();
        destination
    }

    /// Whether a way is being looked for.
    pub fn is_seeking(&self) -> bool {
        !self.sought.is_empty()
    }

    /// No way there can be found.
    pub fn reach_in_vain(&mut self) -> Destination {
        let (id, destination) = self.sought();
        self.agent.handle_reached(self.now, id, Err(Unreachable("gone".to_owned())));
        self.drain();
        destination
    }

    /// Time goes on; every alarm on the way fires at its time.
    pub fn advance(&mut self, by: Duration) {
        let until = self.now.instant + by;
        while let Some(at) = self.agent.poll_timeout().filter(|at| *at <= until) {
            self.set_clock(at);
            self.agent.handle_timeout(self.now);
            self.drain();
        }
        self.set_clock(until);
    }

    fn set_clock(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.now.instant);
        self.now.wall.0 += i64::try_from(passed.as_micros()).expect("a short time");
        self.now.instant = self.now.instant.max(at);
    }

    /// A client gives a command.
    pub fn command(&mut self, call: CallId, action: Action) -> Ticket {
        self.give(Command::Call(CallCommand { call, if_version: None, by: None, action }))
    }

    /// The same for any command.
    pub fn give(&mut self, command: Command) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.agent.handle_command(self.now, command, ticket);
        self.drain();
        ticket
    }

    /// A client places a call.
    pub fn originate(&mut self, originate: Originate) -> Ticket {
        self.give(Command::Originate(originate))
    }

    /// The same for the only call there is.
    pub fn ask(&mut self, action: Action) -> Ticket {
        self.command(self.call().id, action)
    }

    /// The answer to a command, if it has come; each is taken once.
    pub fn answer(&mut self, ticket: Ticket) -> Option<Result<Arc<Call>, Refusal>> {
        self.answers.remove(&ticket)
    }

    /// The answer to a command that must have come and be good.
    pub fn done(&mut self, ticket: Ticket) -> Arc<Call> {
        self.answer(ticket).expect("an answer").expect("a good answer")
    }

    /// What the peer has answered to what a command has sent; it must have.
    pub fn heard(&mut self, ticket: Ticket) -> u16 {
        self.done(ticket);
        self.heard.remove(&ticket).expect("the peer's answer")
    }

    /// The answer to a command that must have come and be a refusal.
    pub fn refused(&mut self, ticket: Ticket) -> Refusal {
        self.answer(ticket).expect("an answer").expect_err("a refusal")
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            match output {
                Output::Event(News::Account(_)) | Output::Close(_) => {}
                Output::Save(call, saved) => self.saves.push((call, saved)),
                Output::Forget(id) => self.saves.retain(|(call, _)| call.id != id),
                Output::Reach(id, destination) => self.sought.push((id, destination)),
                Output::Event(News::Call(event)) => {
                    self.call = Some(event.call.clone());
                    if event.kind == EventKind::Ended {
                        self.saves.retain(|(call, _)| call.id != event.call.id);
                    }
                    self.events.push(event);
                }
                Output::Send(transmit) => {
                    let message = parse_datagram(transmit.bytes.clone()).expect("what we send can be read");
                    if let Some(receipt) =
                        transmit.receipt.filter(|_| transmit.flow == Some(self.flow.id) && self.is_open)
                    {
                        self.agent.handle_delivered(self.now, receipt);
                    }
                    self.sent.push(Sent { at: self.now.instant, transmit, message });
                }
                Output::Answer(ticket, answer) => {
                    if let Ok(Done::Heard(_, status)) = &answer {
                        self.heard.insert(ticket, *status);
                    }
                    let answer = answer.map(|done| done.call().expect("a call"));
                    let earlier = self.answers.insert(ticket, answer);
                    assert!(earlier.is_none(), "a command is answered once");
                }
            }
        }
    }
}

/// A header's value, by its full name.
pub fn header(headers: &Headers, name: &str) -> Option<String> {
    headers.named(name).map(|header| header.text().to_string())
}
