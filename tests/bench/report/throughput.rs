//! Complete calls that are accepted at once: what they cost, how fast they are answered, and how many there can be; beside the
//! floor, and beside another program if one is given.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::json;

use super::Options;
use super::phone::Phone;
use super::process::Process;
use super::result::{Report, Sample, Wanted};
use super::sipp::{self, Load, Outcome};

const TABLE: &str = "complete calls, accepted at once (--on-offer accept)";
const CEILING: &str = "the most complete calls a second";
/// The floor, the agent with its log in memory and on disk, and another program, if one is given.
const LOGS: [&str; 5] = ["floor", "none", "relaxed", "strict", OTHER];
const OTHER: &str = "other";
const RATES: [u32; 4] = [200, 500, 1000, 2000];
/// Calls a second of the caller whose answers are timed, beside SIPp.
const PROBES: u32 = 20;

/// One setting measured.
struct Measured {
    outcome: Outcome,
    answers: Sample,
    /// Microseconds of processor time a call.
    cpu: f64,
    rss: u64,
}

/// Measures the floor, the agent with its log in memory and on disk, and the other program.
pub async fn measure(options: &Options, report: &mut Report) {
    let columns =
        ["log", "calls/s", "complete", "failed", "repeated", "answer p50", "answer p99", "CPU us", "RSS MiB"];
    report.table(TABLE, &columns);
    let mut highest = HashMap::new();
    for name in LOGS {
        for rate in RATES {
            if !(is_wanted(name, options) && options.wants_rate(rate)) {
                continue;
            }
            let measured = at(name, rate, options).await;
            let Measured { outcome, answers, cpu, rss } = &measured;
            let times = [500, 990].map(|of| answers.of_thousand(of));
            report.row(
                TABLE,
                &[
                    json!(name),
                    json!(rate),
                    json!(outcome.complete),
                    json!(outcome.failed),
                    json!(outcome.repeated),
                    json!(times[0]),
                    json!(times[1]),
                    json!(cpu),
                    json!(rss / 1024 / 1024),
                ],
            );
            if rate == RATES[RATES.len() - 1] {
                highest.insert(name, *cpu);
            }
        }
    }
    let [floor, none, relaxed] = ["floor", "none", "relaxed"].map(|name| highest.get(name));
    if let Some(none) = none {
        report.judge("CPU per call, log in memory, 2,000/s", *none, Wanted::AtMost(100.0), "us");
    }
    if let Some(relaxed) = relaxed {
        report.judge("CPU per call, relaxed, 2,000/s", *relaxed, Wanted::AtMost(150.0), "us");
    }
    if let (Some(floor), Some(none)) = (floor, none) {
        let what = "CPU per call over the floor's, 2,000/s";
        report.judge(what, none / floor, Wanted::AtMost(3.0), "times");
    }
    if options.rate.is_none() {
        ceiling(options, report).await;
    }
}

fn is_wanted(name: &str, options: &Options) -> bool {
    options.wants_log(name) && (name != OTHER || options.other.is_some())
}

fn start(name: &str, options: &Options) -> Process {
    match (name, &options.other) {
        ("floor", _) => Process::floor(),
        (OTHER, Some(other)) => Process::other(other),
        (journal, _) => Process::agent(journal, &["--on-offer", "accept"]),
    }
}

async fn at(name: &str, rate: u32, options: &Options) -> Measured {
    let time = options.time;
    let process = start(name, options);
    let phone = Phone::connect(process.sip, options.invite).await;
    let begun = process.cpu();
    let calls = time.as_secs() * u64::from(rate);
    let load = Load { rate, calls, hold: Duration::ZERO };
    let (outcome, _) = tokio::join!(sipp::run(process.sip, load), phone.call_often(PROBES, time, 0));
    let answers = Sample::new(phone.waits());
    let complete = outcome.complete + answers.len() as u64;
    let cpu = (process.cpu() - begun).as_secs_f64() * 1e6 / complete as f64;
    Measured { outcome, answers, cpu, rss: process.rss() }
}

/// Raises the rate until a call fails, a message comes again or the rate is not reached.
async fn ceiling(options: &Options, report: &mut Report) {
    report.table(CEILING, &["log", "calls/s", "then"]);
    for name in LOGS.into_iter().filter(|name| is_wanted(name, options)) {
        let (mut best, mut rate) = (0.0_f64, 1500);
        let reason = loop {
            let process = start(name, options);
            let calls = options.time.as_secs() * u64::from(rate);
            let outcome = sipp::run(process.sip, Load { rate, calls, hold: Duration::ZERO }).await;
            if outcome.failed > 0 || outcome.complete < calls {
                break format!("{} failed at {rate}", calls - outcome.complete);
            }
            if outcome.repeated > 0 {
                break format!("{} repeated at {rate}", outcome.repeated);
            }
            if outcome.rate < 0.95 * f64::from(rate) {
                break format!("{:.0} of {rate} placed", outcome.rate);
            }
            best = outcome.rate;
            rate += rate / 5;
        };
        report.row(CEILING, &[json!(name), json!(best), json!(reason)]);
        if name == "relaxed" {
            report.judge("complete calls a second, relaxed", best, Wanted::AtLeast(2000.0), "calls/s");
        }
    }
}
