//! The agent, the clock, and the network as the program has them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use call_agent::agent::command::{
    Accept, AccountAction, AccountCommand, Cancel, Claimant, Hangup, Labels, NewHeaders, Originate, Reject,
    RenewClaim, Ring, TakeClaim, Wait,
};
use call_agent::agent::event::{Event, Reason};
use call_agent::agent::{
    AccountSettings, Action, Address, Agent, Arrival, CallCommand, CallId, Command, Destination, Flow,
    FlowId, News, Now, OnOffer, Output, Policies, ReachId, Reached, Receipt, Settings, Ticket, Timestamp,
    Unreachable,
};
use call_agent::sip::digest::{Credentials, Password};
use call_agent::sip::{Message, Request, Transport, Uri, parse_datagram};

use crate::peer::{self, Dialog};
use crate::program::{Act, Ask, Setting, Step, Time};

/// How many alarms may fire while time stands still.
const MOST_AT_ONCE: usize = 10_000;

/// Whom clients call.
const CALLED: [&str; 5] =
    ["sip:1001@10.0.0.1:5060;transport=tcp", "sip:pbx.example.com", "1001", "tel:+1555", "sips:a@b"];

pub struct World {
    pub agent: Agent,
    pub events: Vec<Event>,
    /// Whose commands have been answered.
    pub answers: BTreeSet<Ticket>,
    pub asked: u64,
    now: Now,
    flow: Flow,
    flows: u64,
    /// What peers have sent.
    heard: Vec<String>,
    /// Requests that the agent has sent.
    requests: Vec<Request>,
    /// What the agent waits to hear of.
    receipts: Vec<Receipt>,
    ways: Vec<ReachId>,
    /// The calls that clients have been told of.
    calls: Vec<CallId>,
    /// By Call-ID: tags of ours.
    tags: BTreeMap<String, Vec<String>>,
    /// By the number of a peer's call: its last CSeq, and CSeq and branch of its last INVITE.
    dialogs: BTreeMap<u8, (u32, (u32, String))>,
    sent: u64,
    /// What has just come could not be read.
    is_garbled: bool,
    is_over: bool,
}

impl World {
    pub fn new(setting: &Setting) -> Self {
        let now = Now { instant: Instant::now(), wall: Timestamp(1_763_800_000_000_000) };
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let transport = if setting.udp { Transport::Udp } else { Transport::Tcp };
        let (local, peer) = (address("192.0.2.7:5060"), address("10.0.0.1:5060"));
        let mut world = Self {
            agent: Agent::new(settings(setting), [7; 32], now),
            events: Vec::new(),
            answers: BTreeSet::new(),
            asked: 0,
            now,
            flow: Flow { id: FlowId(1), transport, local, peer, listener: None },
            flows: 1,
            heard: Vec::new(),
            requests: Vec::new(),
            receipts: Vec::new(),
            ways: Vec::new(),
            calls: Vec::new(),
            tags: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            sent: 0,
            is_garbled: false,
            is_over: false,
        };
        world.drain();
        world
    }

    pub fn step(&mut self, step: &Step) {
        let Self { agent, now, flow, .. } = self;
        match step {
            Step::Request(ask) => self.ask(ask),
            Step::Respond { which, status, tag, body, extra } => {
                if let Some(request) = back(&self.requests, *which) {
                    let response = peer::response(request, (*status, *tag, *body, *extra));
                    self.arrive(response);
                }
            }
            Step::Again(which) => {
                if let Some(text) = back(&self.heard, *which).cloned() {
                    self.arrive(text);
                }
            }
            Step::Mangled { which, at, byte } => {
                if let Some(text) = back(&self.heard, *which) {
                    let mut text = text.clone().into_bytes();
                    let at = usize::from(*at) % text.len();
                    text[at] = *byte;
                    self.arrive_bytes(text.into());
                }
            }
            Step::Command { call, action, owner, version } => {
                if let Some(call) = back(&self.calls, *call).copied() {
                    let by = (owner % 4 != 0).then(|| claimant(*owner));
                    let action = self.action(action, *owner);
                    self.give(Command::Call(CallCommand {
                        call,
                        if_version: version.then_some(2),
                        by,
                        action,
                    }));
                }
            }
            Step::Originate { to, account, offer, seconds } => self.give(Command::Originate(Originate {
                to: CALLED[usize::from(*to) % CALLED.len()].to_owned(),
                account: account.then(|| "1000".to_owned()),
                sdp: peer::description(*offer),
                timeout_seconds: Some(u32::from(*seconds)),
                ..Originate::default()
            })),
            Step::Account { which, register } => {
                let account = if which % 2 == 0 { "1000" } else { "1001" }.to_owned();
                let action = if *register { AccountAction::Register } else { AccountAction::Unregister };
                self.give(Command::Account(AccountCommand { account, action }));
            }
            Step::Pass(time) => self.pass(match time {
                Time::Milliseconds(time) => Duration::from_millis((*time).into()),
                Time::HalfSecond => Duration::from_millis(501),
                Time::Seconds(time) => Duration::from_secs((*time).into()),
                Time::Minutes(time) => Duration::from_secs(u64::from(*time % 16) * 60),
            }),
            Step::Close => self.close(self.flow.id),
            Step::Deliver { which, arrives } => self.deliver(*which, *arrives),
            Step::Reach { which, found, anew, others } => self.reach(*which, *found, *anew, *others),
            Step::Pong => agent.handle_pong(*now, flow.id),
            Step::Audience(is_there) => agent.handle_audience(*is_there),
            Step::Recording(works) => agent.handle_recording(*works),
            Step::Drain => agent.handle_drain(*now),
        }
        self.drain();
        self.is_garbled = false;
    }

    /// Everything comes to its end, with nobody there who answers.
    pub fn end(&mut self) {
        self.agent.handle_drain(self.now);
        self.drain();
        self.pass(Duration::from_secs(10));
        self.agent.handle_drain_over(self.now);
        self.is_over = true;
        self.drain();
        self.pass(Duration::from_secs(900));
        let sent = self.sent;
        self.pass(Duration::from_secs(900));
        assert_eq!(self.sent, sent, "a message after the end");
    }

    fn ask(&mut self, ask: &Ask) {
        let call = ask.call % 4;
        let start = || (100, (100, "z9hG4bKfirst".to_owned()));
        let (cseq, invite) = self.dialogs.get(&call).cloned().unwrap_or_else(start);
        let tags = self.tags.get(&format!("call-{call}")).map_or(&[][..], |tags| tags);
        let transport = if self.flow.transport == Transport::Udp { "UDP" } else { "TCP" };
        let dialog = Dialog { transport, tags, invite: invite.clone(), cseq, fresh: self.heard.len() as u64 };
        let (text, method, used, branch) = peer::request(ask, &dialog);
        let invite = if method == "INVITE" { (used, branch) } else { invite };
        self.dialogs.insert(call, (cseq.max(used), invite));
        self.heard.push(text.clone());
        self.arrive(text);
    }

    fn arrive(&mut self, text: String) {
        self.arrive_bytes(text.into_bytes().into());
    }

    fn arrive_bytes(&mut self, bytes: Bytes) {
        let arrival = Arrival { flow: self.flow, message: parse_datagram(bytes) };
        self.is_garbled = arrival.message.is_err();
        self.agent.handle_message(self.now, arrival);
    }

    fn give(&mut self, command: Command) {
        self.asked += 1;
        self.agent.handle_command(self.now, command, Ticket(self.asked));
    }

    fn close(&mut self, flow: FlowId) {
        self.agent.handle_flow_closed(self.now, flow);
        if flow == self.flow.id {
            self.flow.id = self.new_flow();
        }
    }

    fn new_flow(&mut self) -> FlowId {
        self.flows += 1;
        FlowId(self.flows)
    }

    fn deliver(&mut self, which: u8, arrives: bool) {
        if self.receipts.is_empty() {
            return;
        }
        let receipt = self.receipts.remove(usize::from(which) % self.receipts.len());
        match arrives {
            true => self.agent.handle_delivered(self.now, receipt),
            false => self.agent.handle_undelivered(self.now, receipt),
        }
    }

    fn reach(&mut self, which: u8, found: bool, anew: bool, others: bool) {
        if self.ways.is_empty() {
            return;
        }
        let id = self.ways.remove(usize::from(which) % self.ways.len());
        if anew {
            self.flow.id = self.new_flow();
        }
        let other = || Address {
            transport: self.flow.transport,
            address: "10.0.0.2:5060".parse().expect("an address"),
            host: "pbx.example.com".into(),
        };
        let again = (!anew).then(other);
        let reached = Reached { flow: self.flow, again, others: others.then(other).into_iter().collect() };
        let reached = if found { Ok(reached) } else { Err(Unreachable("gone".to_owned())) };
        self.agent.handle_reached(self.now, id, reached);
    }

    /// Time goes on; every alarm on the way fires at its time.
    fn pass(&mut self, time: Duration) {
        let until = self.now.instant + time;
        let mut at_once = 0;
        while let Some(at) = self.agent.poll_timeout().filter(|at| *at <= until) {
            at_once = if at > self.now.instant { 0 } else { at_once + 1 };
            assert!(at_once < MOST_AT_ONCE, "time stands still");
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

    fn drain(&mut self) {
        loop {
            while let Some(output) = self.agent.poll_output() {
                self.take(output);
            }
            // At the end nobody is there any more.
            match (self.is_over, self.ways.is_empty(), self.receipts.is_empty()) {
                (true, false, _) => self.reach(0, false, false, false),
                (true, _, false) => self.deliver(0, false),
                _ => return,
            }
        }
    }

    fn take(&mut self, output: Output) {
        match output {
            Output::Event(News::Call(event)) => {
                if !self.calls.contains(&event.call.id) {
                    self.calls.push(event.call.id);
                }
                self.events.push(event);
            }
            Output::Event(News::Account(_)) | Output::Forget(_) => {}
            Output::Save(_, saved) => {
                let written = serde_json::to_vec(&*saved).expect("JSON");
                serde_json::from_slice::<call_agent::agent::Saved>(&written).expect("what was saved");
            }
            Output::Send(transmit) => {
                self.sent += 1;
                self.receipts.extend(transmit.receipt);
                if transmit.bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
                    // A keep-alive (RFC 5626 §4.4.1).
                    return;
                }
                let message = match parse_datagram(transmit.bytes) {
                    Ok(message) => message,
                    // Its answer lacks what it lacked.
                    Err(_) if self.is_garbled => return,
                    Err(fault) => panic!("what we send can be read: {fault:?}"),
                };
                if let Some((call, tag)) = peer::told(&message) {
                    let tags = self.tags.entry(call).or_default();
                    if !tags.contains(&tag) {
                        tags.push(tag);
                    }
                }
                if let Message::Request(request) = message {
                    self.requests.push(*request);
                }
            }
            Output::Reach(id, Destination::Hop(_) | Destination::Addresses(_)) => self.ways.push(id),
            Output::Close(flow) => self.close(flow),
            Output::Answer(ticket, _) => assert!(self.answers.insert(ticket), "a command is answered once"),
        }
    }

    fn action(&self, act: &Act, owner: u8) -> Action {
        let headers = NewHeaders::default();
        match act {
            Act::Ring { status, early, body } => Action::Ring(Ring {
                status: 180 + u16::from(status % 5),
                sdp: peer::description(*body),
                early_media: *early,
                headers,
            }),
            Act::Accept { body, at_once } => {
                let wait = if *at_once { Wait::Sent } else { Wait::Established };
                Action::Accept(Accept { sdp: peer::description(*body), headers, wait })
            }
            Act::Reject { status } => {
                let contacts = vec!["sip:elsewhere@10.0.0.3".to_owned()];
                let contacts = if status % 2 == 0 { contacts } else { Vec::new() };
                Action::Reject(Reject { status: 290 + status % 420, contacts, ..Reject::default() })
            }
            Act::Cancel { status } => Action::Cancel(Cancel { status: 390 + status % 320 }),
            Act::Hangup { reason } => {
                let cause = || Reason { protocol: "Q.850".to_owned(), cause: Some(16), text: None };
                Action::Hangup(Hangup { reason: reason.then(cause), headers })
            }
            Act::Label => {
                Action::Label(Labels { labels: Some([("k".to_owned(), Some("v".to_owned()))].into()) })
            }
            Act::Claim { seconds, takeover } => {
                let owner = claimant(owner).owner;
                Action::Claim(TakeClaim { owner, ttl_seconds: u32::from(*seconds), takeover: *takeover })
            }
            Act::Renew { seconds } => Action::RenewClaim(RenewClaim {
                owner: claimant(owner).owner,
                ttl_seconds: u32::from(*seconds),
            }),
            Act::Release => Action::ReleaseClaim,
        }
    }
}

/// One of a list, counted from the last one back.
fn back<T>(list: &[T], which: u8) -> Option<&T> {
    let place = usize::from(which) % list.len().max(1);
    list.get(list.len().checked_sub(place + 1)?)
}

fn claimant(number: u8) -> Claimant {
    let fence = (number >= 128).then_some(u64::from(number % 4));
    Claimant { owner: format!("owner-{}", number % 3), fence }
}

fn settings(setting: &Setting) -> Settings {
    let on_offer = [OnOffer::None, OnOffer::Ring, OnOffer::Accept, OnOffer::Reject];
    let busy_headers = if setting.one_at_a_time { vec!["X-Busy".to_owned()] } else { Vec::new() };
    let max_duration = Duration::from_secs(if setting.short_calls { 30 } else { 0 });
    let accounts = ["1000", "1001"].into_iter().take(usize::from(setting.accounts % 3));
    Settings {
        media: setting.has_media.then_some(([192, 0, 2, 9].into(), 40_000)),
        on_offer: on_offer[usize::from(setting.on_offer) % on_offer.len()],
        max_calls: if setting.few_calls { 2 } else { 1000 },
        policies: Policies { busy_headers, max_duration, ..Policies::default() },
        claim_on_command: Duration::from_secs(if setting.claim_on_command { 10 } else { 0 }),
        keeps_calls: setting.keeps_calls,
        accounts: accounts.map(|id| account(id, setting.outbound_proxy)).collect(),
        ..Settings::default()
    }
}

fn account(id: &str, by_proxy: bool) -> AccountSettings {
    let uri = |text: &str| Uri::parse(text.into()).expect("a URI");
    AccountSettings {
        id: id.into(),
        registrar: uri("sip:pbx.example.com;transport=tcp"),
        user: id.to_owned(),
        domain: "pbx.example.com".to_owned(),
        credentials: Some(Credentials { username: id.into(), password: Password::new("s3cret") }),
        expires: Duration::from_secs(300),
        outbound_proxy: by_proxy.then(|| uri("sip:edge.example.com;transport=tcp")),
    }
}
