//! A phone, the agent, and the clock between them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::agent::event::{Event, EventKind};
use crate::agent::{
    Action, Agent, Arrival, Call, CallId, Command, Flow, FlowId, Now, Output, Refusal, Settings, Ticket,
    Timestamp,
};
use crate::sip::{Message, Response, Transport, parse_datagram};

pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\n\
                         m=audio 16776 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

/// The agent in a world where time stands still until it is told to go on.
pub struct World {
    pub agent: Agent,
    pub flow: Flow,
    pub now: Now,
    pub events: Vec<Event>,
    sent: Vec<Message>,
    answers: HashMap<Ticket, Result<Arc<Call>, Refusal>>,
    tickets: u64,
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
        };
        Self {
            agent: Agent::new(settings, [7; 32], now),
            flow,
            now,
            events: Vec::new(),
            sent: Vec::new(),
            answers: HashMap::new(),
            tickets: 0,
        }
    }

    /// A message arrives.
    pub fn deliver(&mut self, message: impl AsRef<str>) {
        let message = parse_datagram(Bytes::copy_from_slice(message.as_ref().as_bytes()));
        self.agent.handle_message(self.now, Arrival { flow: self.flow, message });
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

    fn set_clock(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.now.instant);
        self.now.wall.0 += i64::try_from(passed.as_micros()).expect("a short time");
        self.now.instant = self.now.instant.max(at);
    }

    /// A client gives a command.
    pub fn command(&mut self, call: CallId, action: Action) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.agent.handle_command(self.now, Command { call, if_version: None, action }, ticket);
        self.drain();
        ticket
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

    /// The answer to a command that must have come and be a refusal.
    pub fn refused(&mut self, ticket: Ticket) -> Refusal {
        self.answer(ticket).expect("an answer").expect_err("a refusal")
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            match output {
                Output::Event(event) => self.events.push(event),
                Output::Send(transmit) => {
                    self.sent.push(parse_datagram(transmit.bytes).expect("what we send can be read"));
                }
                Output::Answer(ticket, answer) => {
                    let earlier = self.answers.insert(ticket, answer);
                    assert!(earlier.is_none(), "a command is answered once");
                }
            }
        }
    }

    /// What was sent since the last time, in order.
    pub fn sent(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.sent)
    }

    /// The responses among it; nothing else may be there.
    pub fn responses(&mut self) -> Vec<Response> {
        let only = |message| match message {
            Message::Response(response) => *response,
            Message::Request(request) => panic!("an unexpected {}", request.method),
        };
        self.sent().into_iter().map(only).collect()
    }

    /// Their statuses with the method they answer: `200 CANCEL`.
    pub fn statuses(&mut self) -> Vec<String> {
        let sent = self.sent();
        let name = |message: &Message| match message {
            Message::Response(response) => format!("{} {}", response.status, response.cseq.method),
            Message::Request(request) => request.method.to_string(),
        };
        sent.iter().map(name).collect()
    }

    /// The call as the last event shows it.
    pub fn call(&self) -> Arc<Call> {
        self.events.last().expect("an event").call.clone()
    }

    /// What has been told, in order.
    pub fn told(&self) -> Vec<EventKind> {
        self.events.iter().map(|event| event.kind).collect()
    }

    /// Nothing is left: no call, no transaction, no alarm.
    pub fn assert_empty(&self) {
        assert_eq!(self.agent.leftovers(), (0, 0, 0), "calls, transactions, alarms");
    }
}

/// One call of a phone, as text.
#[derive(Clone)]
pub struct Phone {
    pub transport: &'static str,
    pub call_id: String,
    pub tag: String,
    pub to_tag: Option<String>,
    pub cseq: u32,
    pub branch: String,
}

impl Phone {
    pub fn new(world: &World) -> Self {
        Self::numbered(world, 1)
    }

    pub fn numbered(world: &World, number: u64) -> Self {
        let transport = if world.flow.transport == Transport::Udp { "UDP" } else { "TCP" };
        Self {
            transport,
            call_id: format!("call-{number}"),
            tag: format!("phone-{number}"),
            to_tag: None,
            cseq: 100,
            branch: format!("z9hG4bK-{number}-100"),
        }
    }

    /// The INVITE with an offer; the same text each time.
    pub fn invite(&self) -> String {
        self.request("INVITE", "", OFFER)
    }

    /// A request with the phone's current CSeq and branch.
    pub fn request(&self, method: &str, headers: &str, body: &str) -> String {
        let Self { transport, call_id, tag, cseq, branch, .. } = self;
        let to_tag = self.to_tag.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let content = if body.is_empty() || headers.contains("Content-Type") {
            String::new()
        } else {
            "Content-Type: application/sdp\r\n".to_owned()
        };
        format!(
            "{method} sip:1000@192.0.2.7 SIP/2.0\r\n\
             Via: SIP/2.0/{transport} 10.0.0.1:5060;branch={branch}\r\n\
             Max-Forwards: 70\r\n\
             From: \"Extension 1001\" <sip:1001@10.0.0.1>;tag={tag}\r\n\
             To: <sip:1000@192.0.2.7>{to_tag}\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: <sip:1001@10.0.0.1:5060;transport={}>\r\n\
             {headers}{content}Content-Length: {}\r\n\r\n{body}",
            transport.to_ascii_lowercase(),
            body.len(),
        )
    }

    /// The ACK to a final response other than 2xx, or the CANCEL: the INVITE's branch and CSeq.
    pub fn same(&self, method: &str) -> String {
        self.request(method, "", "")
    }

    /// The ACK to a 2xx: a branch of its own, the INVITE's CSeq.
    pub fn ack(&self, body: &str) -> String {
        let mut ack = self.clone();
        ack.branch += "-ack";
        ack.request("ACK", "", body)
    }

    /// The next request of the dialog.
    pub fn next(&mut self, method: &str, headers: &str, body: &str) -> String {
        self.cseq += 1;
        self.branch = format!("{}-{}", self.branch, self.cseq);
        self.request(method, headers, body)
    }

    /// Takes the To tag of a response over.
    pub fn learn(&mut self, response: &Response) {
        self.to_tag = response.to.tag().map(ToString::to_string);
    }

    /// A response to a request of the agent.
    pub fn respond(&self, request: &crate::sip::Request, status: u16) -> String {
        let copied = String::from_utf8(
            crate::sip::Writer::response(status, None).copied(&request.headers, None).finish().to_vec(),
        );
        copied.expect("text")
    }
}

/// A phone that has been answered: the call is established, and what was sent and told on the way is forgotten.
pub fn established(world: &mut World) -> Phone {
    let mut phone = Phone::new(world);
    world.deliver(phone.invite());
    world.ask(Action::Accept(Default::default()));
    let responses = world.responses();
    phone.learn(responses.last().expect("a 200"));
    world.deliver(phone.ack(""));
    assert_eq!(world.call().state.name(), "established");
    world.events.clear();
    world.answers.clear();
    phone
}
