//! The parts that a call is made of, each alone: cutting, reading and writing messages, session descriptions, the log.
//!
//! ```sh
//! cargo bench --bench parts -- --save-baseline before
//! cargo bench --bench parts -- --baseline before
//! ```

#![allow(clippy::expect_used, reason = "a bench may fail")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use bytes::Bytes;
use call_agent::agent::{Agent, Arrival, Event, Flow, FlowId, News, Now, Output, Settings, Timestamp};
use call_agent::sip::sdp::{self, Local};
use call_agent::sip::{Framed, Framer, Limits, Message, Name, Request, Transport, Writer, parse_datagram};
use call_agent::state::{self, After, Board, Filter, Frame};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const INVITE: &[u8] = include_bytes!("../flows/1-invite.sip");

fn invite() -> Request {
    match parse_datagram(Bytes::from_static(INVITE)) {
        Ok(Message::Request(request)) => *request,
        other => unreachable!("{other:?}"),
    }
}

/// What a stream brings, in one piece and in many.
fn framer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("framer");
    group.throughput(Throughput::Bytes(INVITE.len() as u64));
    for (name, piece) in [("whole", INVITE.len()), ("in pieces of 64 bytes", 64)] {
        let mut framer = Framer::new(Limits::default());
        group.bench_function(format!("INVITE, {name}"), |bencher| {
            bencher.iter(|| {
                INVITE.chunks(piece).for_each(|piece| framer.push(piece));
                assert!(matches!(black_box(framer.next()), Some(Framed::Message(Ok(_)))));
            });
        });
    }
    group.finish();
}

/// Reading what is cut, and writing an answer to it.
fn messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("message");
    let bytes = Bytes::from_static(INVITE);
    group.bench_function("read an INVITE", |bencher| {
        bencher.iter(|| black_box(parse_datagram(black_box(bytes.clone()))));
    });
    let request = invite();
    group.bench_function("write a 180", |bencher| {
        bencher.iter(|| {
            let writer = Writer::response(180, None).copied(black_box(&request.headers), Some("tag"));
            black_box(writer.header(Name::Contact.as_str(), "<sip:1000@10.0.0.1:10000>").finish())
        });
    });
    let local = Local {
        media: None,
        fallback: IpAddr::V4(Ipv4Addr::LOCALHOST),
        codecs: ["PCMA", "PCMU", "telephone-event"].map(str::to_owned).to_vec().into(),
        session_id: 1,
        version: 1,
    };
    group.bench_function("answer a session description", |bencher| {
        bencher.iter(|| sdp::answer(black_box(&request.body), &local).expect("an answer"));
    });
    group.finish();
}

/// The first event of a call, as the core tells it.
fn offered() -> Event {
    let now = Now { instant: Instant::now(), wall: Timestamp(1_763_800_000_000_000) };
    let address = |text: &str| text.parse().expect("an address");
    let flow = Flow {
        id: FlowId(1),
        transport: Transport::Tcp,
        local: address("10.0.0.1:10000"),
        peer: address("10.0.0.1:5060"),
        listener: None,
    };
    let mut agent = Agent::new(Settings::default(), [7; 32], now);
    agent.handle_message(now, Arrival { flow, message: Ok(Message::Request(Box::new(invite()))) });
    let outputs = std::iter::from_fn(|| agent.poll_output());
    let mut events = outputs.filter_map(|output| match output {
        Output::Event(News::Call(event)) => Some(event),
        _ => None,
    });
    events.next().expect("an offered call")
}

/// Events numbered and shown, and encoded for who reads them.
fn log(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    group.throughput(Throughput::Elements(1));
    let board = Board::new(state::Settings { log_events: 1000, ..state::Settings::default() });
    let event = offered();
    group.bench_function("number and show call.offered", |bencher| {
        bencher.iter(|| board.publish(vec![event.clone()]));
    });
    let mut reader = board.follow(&After::Now, Filter::default(), event.time);
    group.bench_function("publish call.offered, and read it", |bencher| {
        bencher.iter(|| {
            board.publish(vec![event.clone()]);
            let frames = reader.next().now_or_never().flatten().expect("an event");
            black_box(frames.iter().map(Frame::sse).collect::<Vec<_>>())
        });
    });
    group.finish();
}

criterion_group!(benches, framer, messages, log);
criterion_main!(benches);
