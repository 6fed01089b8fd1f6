//! The agent with a registrar before it, and the clock around both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::agent::Leftovers;
use crate::agent::command::{AccountAction, AccountCommand};
use crate::agent::event::RegistrationState;
use crate::agent::{
    Account, Address, Agent, Arrival, Call, Command, Destination, Done, Flow, FlowId, News, Now, Output,
    ReachId, Reached, Refusal, Settings, Ticket, Timestamp, Transmit, Unreachable,
};
use crate::sip::{Message, Request, Transport, Writer, parse_datagram};

/// What was sent and is no keep-alive.
pub struct Carried {
    pub flow: FlowId,
    pub message: Message,
}

/// Connections to it are numbered; ours come from the ports 40001, 40002, …
pub struct Registrar {
    pub agent: Agent,
    pub now: Now,
    pub transport: Transport,
    /// The newest connection.
    pub flow: Flow,
    open: BTreeSet<FlowId>,
    carried: Vec<Carried>,
    /// When keep-alives were sent.
    pub pings: Vec<(Instant, FlowId)>,
    pub sought: Vec<(ReachId, Destination)>,
    pub told: Vec<Arc<Account>>,
    pub call: Option<Arc<Call>>,
    answers: BTreeMap<Ticket, Result<Done, Refusal>>,
    tickets: u64,
    /// Everything that the agent gave out, but for what stands on the wire.
    pub shown: String,
}

impl Registrar {
    /// The agent as it is in its first moment: what it has to do at once is done.
    pub fn with(settings: Settings) -> Self {
        let now = Now { instant: Instant::now(), wall: Timestamp(1_763_800_000_000_000) };
        let address = "0.0.0.0:0".parse().expect("an address");
        let flow =
            Flow { id: FlowId(0), transport: Transport::Tcp, local: address, peer: address, listener: None };
        let mut this = Self {
            agent: Agent::new(settings, [7; 32], now),
            now,
            transport: Transport::Tcp,
            flow,
            open: BTreeSet::new(),
            carried: Vec::new(),
            pings: Vec::new(),
            sought: Vec::new(),
            told: Vec::new(),
            call: None,
            answers: BTreeMap::new(),
            tickets: 0,
            shown: String::new(),
        };
        this.advance(Duration::ZERO);
        this
    }

    /// Takes the next REGISTER, by a new connection if one is asked for.
    pub fn take(&mut self) -> Request {
        if !self.sought.is_empty() {
            self.reach();
        }
        let register = self.request();
        self.accept(&register, 3600);
        register
    }

    /// A new connection leads where the agent wants to get.
    pub fn reach(&mut self) -> Destination {
        self.reach_with(Vec::new())
    }

    /// The same, and there are other addresses to try.
    pub fn reach_with(&mut self, others: Vec<Address>) -> Destination {
        let number = self.flow.id.0 + 1;
        let address = |text: String| text.parse().expect("an address");
        let (transport, peer) = match &self.sought[0].1 {
            Destination::Addresses(known) => (known[0].transport, known[0].address),
            Destination::Hop(_) => (self.transport, address(format!("10.0.0.{}:5060", number % 250))),
        };
        let local = address(format!("192.0.2.7:{}", 40_000 + number));
        self.flow = Flow { id: FlowId(number), transport, local, peer, listener: None };
        self.reach_by(self.flow, others)
    }

    /// A connection that there is leads there.
    pub fn reach_by(&mut self, flow: Flow, others: Vec<Address>) -> Destination {
        let (id, destination) = self.sought.remove(0);
        self.open.insert(flow.id);
        self.agent.handle_reached(self.now, id, Ok(Reached { flow, again: None, others }));
        self.drain();
        destination
    }

    pub fn reach_in_vain(&mut self, why: &str) {
        let (id, _) = self.sought.remove(0);
        self.agent.handle_reached(self.now, id, Err(Unreachable(why.to_owned())));
        self.drain();
    }

    /// Another connection is there.
    pub fn open(&mut self, flow: Flow) {
        self.open.insert(flow.id);
    }

    /// The connection breaks.
    pub fn close(&mut self, flow: FlowId) {
        if self.open.remove(&flow) {
            self.agent.handle_flow_closed(self.now, flow);
            self.drain();
        }
    }

    pub fn shut_down(&mut self) {
        self.agent.handle_drain(self.now);
        self.drain();
    }

    /// The time for that is over.
    pub fn shut_down_now(&mut self) {
        self.agent.handle_drain_over(self.now);
        self.drain();
    }

    pub fn is_open(&self, flow: FlowId) -> bool {
        self.open.contains(&flow)
    }

    /// What the agent sends fails from now on.
    pub fn break_quietly(&mut self) {
        self.open.clear();
    }

    pub fn pong(&mut self) {
        self.agent.handle_pong(self.now, self.flow.id);
        self.drain();
    }

    /// 200, with what the REGISTER binds and for how long.
    pub fn accept(&mut self, register: &Request, expires: u32) {
        let contact = register.contact.as_ref().expect("a Contact").uri.as_str().to_owned();
        self.respond(register, 200, &format!("Contact: <{contact}>;expires={expires}\r\n"));
    }

    pub fn respond(&mut self, request: &Request, status: u16, headers: &str) {
        let bytes = Writer::response(status, None).copied(&request.headers, Some("there")).finish();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        self.deliver(&text.replace("Content-Length", &format!("{headers}Content-Length")));
    }

    pub fn deliver(&mut self, message: &str) {
        self.deliver_by(self.flow, message);
    }

    pub fn deliver_by(&mut self, flow: Flow, message: &str) {
        let message = parse_datagram(Bytes::copy_from_slice(message.as_bytes()));
        self.agent.handle_message(self.now, Arrival { flow, message });
        self.drain();
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

    /// Time goes on until the agent sends or seeks something; how long that was. Only so far.
    pub fn wait(&mut self, most: Duration) -> Duration {
        let start = self.now.instant;
        while self.carried.is_empty() && self.sought.is_empty() {
            let next = self.agent.poll_timeout().expect("an alarm");
            assert!(next <= start + most, "nothing happens in {most:?}");
            self.advance(next - self.now.instant);
        }
        self.now.instant - start
    }

    fn set_clock(&mut self, at: Instant) {
        let at = at.max(self.now.instant);
        self.now.wall = self.now.wall.after(at - self.now.instant);
        self.now.instant = at;
    }

    pub fn command(&mut self, action: AccountAction) -> Ticket {
        self.command_to("1000", action)
    }

    pub fn command_to(&mut self, account: &str, action: AccountAction) -> Ticket {
        self.give(Command::Account(AccountCommand { account: account.to_owned(), action }))
    }

    pub fn give(&mut self, command: Command) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.agent.handle_command(self.now, command, ticket);
        self.drain();
        ticket
    }

    /// The answer to a command about an account, if it has come.
    pub fn answer(&mut self, ticket: Ticket) -> Option<Result<Arc<Account>, Refusal>> {
        let answer = self.answers.remove(&ticket)?;
        Some(answer.map(|done| done.account().expect("an account")))
    }

    /// How many commands have been answered.
    pub fn answered(&self) -> usize {
        self.answers.len()
    }

    pub fn done(&mut self, ticket: Ticket) -> RegistrationState {
        self.answer(ticket).expect("an answer").expect("a good answer").state
    }

    pub fn refused(&mut self, ticket: Ticket) -> Refusal {
        self.answer(ticket).expect("an answer").expect_err("a refusal")
    }

    fn drain(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            write!(self.shown, "{output:?}").expect("a string takes all");
            match output {
                Output::Save(..) | Output::Forget(_) => {}
                Output::Event(News::Account(event)) => self.told.push(event.account),
                Output::Event(News::Call(event)) => self.call = Some(event.call),
                Output::Reach(id, destination) => self.sought.push((id, destination)),
                Output::Close(flow) => {
                    if self.open.remove(&flow) {
                        self.agent.handle_flow_closed(self.now, flow);
                    }
                }
                Output::Answer(ticket, answer) => {
                    assert!(self.answers.insert(ticket, answer).is_none(), "a command is answered once");
                }
                Output::Send(transmit) => self.carry(transmit),
            }
        }
    }

    fn carry(&mut self, Transmit { flow, receipt, bytes, .. }: Transmit) {
        let flow = flow.expect("a connection");
        let is_open = self.open.contains(&flow);
        match receipt {
            Some(receipt) if is_open => self.agent.handle_delivered(self.now, receipt),
            Some(receipt) => self.agent.handle_undelivered(self.now, receipt),
            None => {}
        }
        if !is_open {
            return;
        }
        if *bytes == *b"\r\n\r\n" {
            return self.pings.push((self.now.instant, flow));
        }
        let message = parse_datagram(bytes).expect("what we send can be read");
        self.carried.push(Carried { flow, message });
    }

    /// What was sent since the last time.
    pub fn carried(&mut self) -> Vec<Carried> {
        std::mem::take(&mut self.carried)
    }

    /// The one request that was sent since the last time.
    pub fn request(&mut self) -> Request {
        let mut carried = self.carried();
        assert_eq!(carried.len(), 1, "one request");
        match carried.remove(0).message {
            Message::Request(request) => *request,
            Message::Response(response) => panic!("an unexpected {}", response.status),
        }
    }

    pub fn is_quiet(&self) -> bool {
        self.carried.is_empty() && self.sought.is_empty()
    }

    /// The account as it is now.
    pub fn account(&self) -> Arc<Account> {
        self.agent.accounts().next().expect("an account")
    }

    pub fn state(&self) -> RegistrationState {
        self.account().state
    }

    /// The states that were told since the last time.
    pub fn states(&mut self) -> Vec<RegistrationState> {
        self.told.drain(..).map(|account| account.state).collect()
    }

    /// Why the last try failed.
    pub fn failure(&self) -> (Option<u16>, String) {
        let failure = self.account().failure.clone().expect("a failure");
        (failure.sip_status, failure.detail)
    }

    pub fn assert_empty(&self) {
        assert_eq!(self.agent.leftovers(), Leftovers::default());
    }
}
