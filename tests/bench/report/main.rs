//! How fast the agent is, by the agent as it ships: one table, and the same as JSON.
//!
//! ```sh
//! scripts/bench                     # all of it, some twenty minutes
//! scripts/bench --quick             # the same in a tenth of the time: does it work?
//! scripts/bench --only throughput   # throughput, rest, latency, memory or journal
//! scripts/bench --only latency --log relaxed --rate 500 --readers 100   # of each only the settings with these
//! scripts/bench --only throughput --log other --other "5070 COMMAND ARGUMENTS"   # another program that accepts calls there at once
//! scripts/bench --small-invite      # callers of our own call with the least INVITE there is, not with the flow's
//! scripts/bench --seconds 5         # each setting for so long instead of 10 seconds
//! scripts/bench --json FILE
//! ```
//!
//! SIPp calls the agent over TCP with the flow's INVITE; what is measured in microseconds is measured by callers of our own
//! (`phone`), as SIPp's clock has milliseconds. Everything runs on one machine, so the load takes its share of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement ends by panicking, and prints"
)]

mod floor;
mod journal;
mod latency;
mod machine;
mod memory;
mod phone;
mod process;
mod readers;
mod rest;
mod result;
mod sipp;
mod throughput;

use std::time::Duration;

use phone::Invite;
use result::Report;

/// What is asked for.
struct Options {
    only: Option<String>,
    log: Option<String>,
    rate: Option<u32>,
    readers: Option<usize>,
    /// The port and the command line of another program that accepts calls at once.
    other: Option<String>,
    invite: Invite,
    json: Option<String>,
    /// How long each setting is measured.
    time: Duration,
    is_quick: bool,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            only: None,
            log: None,
            rate: None,
            readers: None,
            other: None,
            invite: Invite::Flow,
            json: None,
            time: Duration::from_secs(10),
            is_quick: false,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // What `cargo bench` adds.
                "--bench" => {}
                "--quick" => (options.time, options.is_quick) = (Duration::from_secs(1), true),
                "--seconds" => options.time = Duration::from_secs(whole(arguments.next())),
                "--log" => options.log = arguments.next(),
                "--rate" => options.rate = Some(whole(arguments.next())),
                "--readers" => options.readers = Some(whole(arguments.next())),
                "--other" => options.other = Some(arguments.next().expect("\"PORT COMMAND\" behind --other")),
                "--small-invite" => options.invite = Invite::Small,
                "--only" => options.only = arguments.next(),
                "--json" => options.json = arguments.next(),
                other => panic!(
                    "{other:?} is not known: --quick, --seconds N, --only SECTION, --log LOG, --rate N, --readers N, \
                     --other \"PORT COMMAND\", --small-invite, --json FILE"
                ),
            }
        }
        assert!(
            options.other.is_some() || options.log.as_deref() != Some("other"),
            "--log other needs --other"
        );
        options
    }

    fn wants(&self, section: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == section)
    }

    fn wants_log(&self, log: &str) -> bool {
        self.log.as_deref().is_none_or(|only| only == log)
    }

    fn wants_rate(&self, rate: u32) -> bool {
        self.rate.is_none_or(|only| only == rate)
    }

    fn wants_readers(&self, readers: usize) -> bool {
        self.readers.is_none_or(|only| only == readers)
    }
}

fn whole<T: std::str::FromStr>(text: Option<String>) -> T {
    text.and_then(|text| text.parse().ok()).expect("a whole number behind the flag")
}

fn main() {
    if std::env::args().nth(1).is_some_and(|first| first == floor::NAME) {
        return floor::serve();
    }
    let options = Options::read();
    let mut report = Report::new(machine::describe());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if options.wants("throughput") {
        runtime.block_on(throughput::measure(&options, &mut report));
    }
    if options.wants("rest") {
        runtime.block_on(rest::measure(&options, &mut report));
    }
    if options.wants("latency") {
        runtime.block_on(latency::measure(&options, &mut report));
    }
    if options.wants("memory") {
        runtime.block_on(memory::measure(&options, &mut report));
    }
    if options.wants("journal") {
        runtime.block_on(journal::measure(&options, &mut report));
    }
    report.print_verdicts();
    if let Some(file) = &options.json {
        report.write(file);
    }
}
