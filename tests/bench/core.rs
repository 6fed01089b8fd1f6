//! The core alone: complete inbound calls per second on one core, with the generator of the messages included.
//!
//! One iteration is one call as the flow has it: the real INVITE of 1.5 kB, 100, 180, 200, ACK, BYE, 200. The peer's bytes
//! are cut, read and handled; every answer is written out. How many calls fall into a virtual second says how many
//! transactions wait out their timers beside the call that is measured: some 640, or some 64,000.

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use call_agent::agent::command::{Accept, Ring, Wait};
use call_agent::agent::{
    Action, Agent, Arrival, Call, CallCommand, Command, Flow, FlowId, News, Now, Output, Settings, Ticket,
    Timestamp,
};
use call_agent::driver::wall_clock;
use call_agent::sip::{Framed, Framer, Limits, Transport};
use call_agent::timeline::{self, Timelines};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const INVITE: &str = include_str!("../flows/1-invite.sip");

/// The agent with a peer that places one call after another.
struct Exchange {
    agent: Agent,
    framer: Framer,
    flow: Flow,
    now: Now,
    call: Option<Arc<Call>>,
    written: usize,
    placed: u64,
    between_calls: Duration,
    invite: Template,
    timelines: Timelines,
}

/// The flow's INVITE around what makes a call another: the branch and the Call-ID.
struct Template {
    before: &'static str,
    between: &'static str,
    after: &'static str,
}

impl Template {
    fn new() -> Self {
        let (before, rest) = INVITE.split_once("z9hG4bKxxxx").expect("a branch");
        let (between, after) = rest.split_once("e040d830-a8aa-123d-0a8e-11111111111b").expect("a Call-ID");
        Self { before, between, after }
    }

    fn with(&self, number: u64, call_id: &str) -> String {
        let Self { before, between, after } = self;
        format!("{before}z9hG4bK{number}{between}{call_id}{after}")
    }
}

impl Exchange {
    fn new(between_calls: Duration, timelines: Timelines) -> Self {
        let now = Now { instant: Instant::now(), wall: Timestamp(1_763_800_000_000_000) };
        let address = |text: &str| text.parse().expect("an address");
        let flow = Flow {
            id: FlowId(1),
            transport: Transport::Tcp,
            local: address("10.0.0.1:10000"),
            peer: address("10.0.0.1:5060"),
            listener: None,
        };
        Self {
            agent: Agent::new(Settings::default(), [7; 32], now),
            framer: Framer::new(Limits::default()),
            flow,
            now,
            call: None,
            written: 0,
            placed: 0,
            between_calls,
            invite: Template::new(),
            timelines,
        }
    }

    fn place_call(&mut self) {
        self.placed += 1;
        let number = self.placed;
        let call_id = format!("e040d830-a8aa-123d-0a8e-{number:012}");
        let invite = self.invite.with(number, &call_id);
        self.deliver(&invite);
        let call = self.call.clone().expect("an offered call");
        self.command(&call, Action::Ring(Ring::default()));
        self.command(&call, Action::Accept(Accept { wait: Wait::Sent, ..Accept::default() }));
        let tag = call.sip.local_tag.clone();
        self.deliver(&request("ACK", &call_id, &tag, number, 84_836_083));
        self.deliver(&request("BYE", &call_id, &tag, number, 84_836_084));
        self.now.instant += self.between_calls;
        self.now.wall.0 += i64::try_from(self.between_calls.as_micros()).expect("a short time");
        if self.agent.poll_timeout().is_some_and(|at| at <= self.now.instant) {
            self.agent.handle_timeout(self.now);
            self.drain();
        }
        assert!(self.agent.is_idle(), "the call has ended");
    }

    fn deliver(&mut self, bytes: &str) {
        self.framer.push(bytes.as_bytes());
        while let Some(Framed::Message(message)) = self.framer.next() {
            let arrival = Arrival { flow: self.flow, message };
            let arrived = self.timelines.arrived(&arrival);
            self.agent.handle_message(self.now, arrival);
            self.drain();
            if let Some(arrived) = arrived {
                self.timelines.received(self.now.wall, &arrived);
            }
        }
    }

    fn command(&mut self, call: &Call, action: Action) {
        let command = Command::Call(CallCommand { call: call.id, if_version: None, by: None, action });
        self.agent.handle_command(self.now, command, Ticket(1));
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.agent.poll_output() {
            match output {
                Output::Save(..) | Output::Forget(_) => {}
                Output::Event(News::Call(event)) => {
                    self.timelines.told(&event);
                    self.call = Some(event.call);
                }
                Output::Event(News::Account(_)) | Output::Reach(..) | Output::Close(_) => {}
                Output::Send(transmit) => {
                    self.timelines.sent(&self.flow, &transmit.bytes);
                    self.written += black_box(transmit.bytes).len();
                    if let Some(receipt) = transmit.receipt {
                        self.agent.handle_delivered(self.now, receipt);
                    }
                }
                Output::Answer(_, answer) => assert!(answer.is_ok(), "the command was done"),
            }
        }
    }
}

fn request(method: &str, call_id: &str, tag: &str, number: u64, cseq: u32) -> String {
    format!(
        "{method} sip:1000@10.0.0.1:10000;transport=tcp SIP/2.0\r\n\
         Via: SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bK{method}{number};rport=5060\r\n\
         Max-Forwards: 70\r\n\
         From: \"Extension 1001\" <sip:1001@172.17.0.1>;tag=Q79QQcg41UBpe\r\n\
         To: <sip:1000@10.0.0.1:10000;transport=tcp>;tag={tag}\r\n\
         Call-ID: {call_id}\r\n\
         CSeq: {cseq} {method}\r\n\
         Contact: <sip:mod_sofia@10.0.0.1:5060;transport=tcp>\r\n\
         User-Agent: FreeSWITCH-mod_sofia/1.10.10-release~64bit\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

fn core(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core");
    group.throughput(Throughput::Elements(1));
    let bytes = timeline::Settings { bytes: 64 * 1024 * 1024, ended_age: Duration::from_secs(3600) };
    let kept = Timelines::new(bytes, wall_clock);
    for (name, between_calls, timelines) in [
        ("20 calls per second", 50_000, Timelines::default()),
        ("20 calls per second, with timelines", 50_000, kept),
        ("2000 calls per second", 500, Timelines::default()),
    ] {
        let mut exchange = Exchange::new(Duration::from_micros(between_calls), timelines);
        group.bench_function(format!("complete inbound call, {name}"), |bencher| {
            bencher.iter(|| exchange.place_call());
        });
    }
    group.finish();
}

criterion_group!(benches, core);
criterion_main!(benches);
