//! A soak: for a time (`SOAK_SECONDS`, 20) calls begin at a rate (`SOAK_RATE`, 20 a second) and end in every way there is,
//! while readers come and go. At the end nothing is open, everything was told once, and memory is where it was.
//! `scripts/soak` runs it for ten minutes.

mod callers;
mod clients;
mod meter;
mod recorder;

use std::time::{Duration, Instant};

use crate::agent::Agent;
use crate::scratch::Folder;
use callers::Callers;
use clients::Clients;
use meter::Meter;
use recorder::Recorder;

/// Stores so small that they are full before the first quarter is over: what grows behind it is a leak.
const SMALL: [&str; 14] = [
    "--ended-calls",
    "50",
    "--log-events",
    "500",
    "--log-bytes",
    "1000000",
    "--timeline-bytes",
    "500000",
    "--journal-events",
    "2000",
    "--ring-timeout",
    "3",
    "--max-call-seconds",
    "5",
];

/// Behind the last call: 64·T1 for what is never acknowledged, and some.
const END: Duration = Duration::from_secs(90);

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
}

#[test]
fn calls_that_end_in_every_way_leave_nothing_behind_and_memory_flat() {
    let time = Duration::from_secs(from_environment("SOAK_SECONDS", 20));
    let rate = from_environment("SOAK_RATE", 20);
    let folder = Folder::new("soak");
    let data = folder.file("data");
    let listen = ["--sip-listen", "tcp://127.0.0.1:0,udp://127.0.0.1:0", "--data-dir", &data];
    let agent = Agent::start_with(&[&listen[..], &SMALL].concat());
    std::thread::scope(|scope| {
        let recorder = Recorder::start(&agent);
        let meter = Meter::start(&agent);
        let _clients = Clients::start(scope, &agent);
        let callers = Callers::start(&agent, time, rate);
        meter.measure(Instant::now() + time, &recorder);
        callers.end();
        let told = recorder.finish(END);
        told.check(time, rate);
        let (_, open) = agent.get("/v1/calls?state=offered,dialing,ringing,accepted,established");
        assert!(open["calls"].as_array().unwrap().is_empty(), "{open}");
        meter.check(&told);
    });
}
