//! From the INVITE on the wire to the event at its readers, and from `accept` to the 200 on the wire.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::Options;
use super::phone::{self, Invite, Phone};
use super::process::Process;
use super::readers::{self, Taken};
use super::rest::{self, Commands};
use super::result::{Report, Sample, Wanted};

const EVENTS: &str = "INVITE on the wire to call.offered at its readers, ms";
const ACCEPT: &str = "accept by HTTP to the 200 on the wire, ms";
/// Calls a second, and readers. A thousand readers at 500 calls a second would be over a gigabyte a second.
const SETTINGS: [(u32, usize); 8] =
    [(100, 1), (500, 1), (1000, 1), (100, 100), (500, 100), (1000, 100), (20, 1000), (50, 1000)];
/// What is called before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// Measures with the log in memory and on disk.
pub async fn measure(options: &Options, report: &mut Report) {
    report.table(EVENTS, &["log", "calls/s", "readers", "events", "p50", "p99", "p99.9"]);
    let mut accepts = Vec::new();
    for journal in ["none", "relaxed", "strict"] {
        for (rate, readers) in SETTINGS {
            let is_wanted =
                options.wants_log(journal) && options.wants_rate(rate) && options.wants_readers(readers);
            if !is_wanted {
                continue;
            }
            let events = events(journal, rate, readers, options).await;
            let accept = accepted(journal, rate, readers, options).await;
            let [p50, p99, p999] = [500, 990, 999].map(|of| events.of_thousand(of));
            report.row(
                EVENTS,
                &[
                    json!(journal),
                    json!(rate),
                    json!(readers),
                    json!(events.len()),
                    json!(p50),
                    json!(p99),
                    json!(p999),
                ],
            );
            if (journal, rate, readers) == ("relaxed", 500, 100) {
                report.judge(
                    "INVITE to event p99, relaxed, 500/s, 100 readers",
                    p99,
                    Wanted::AtMost(3.0),
                    "ms",
                );
                let p99 = accept.of_thousand(990);
                report.judge(
                    "accept to wire p99, relaxed, 500/s, 100 readers",
                    p99,
                    Wanted::AtMost(2.0),
                    "ms",
                );
            }
            accepts.push((journal, rate, readers, accept));
        }
    }
    report.table(ACCEPT, &["log", "calls/s", "readers", "accepts", "p50", "p99", "p99.9"]);
    for (journal, rate, readers, accept) in accepts {
        let [p50, p99, p999] = [500, 990, 999].map(|of| accept.of_thousand(of));
        report.row(
            ACCEPT,
            &[
                json!(journal),
                json!(rate),
                json!(readers),
                json!(accept.len()),
                json!(p50),
                json!(p99),
                json!(p999),
            ],
        );
    }
}

/// So many calls a second for a time, which the agent refuses at once; what the readers measured.
async fn events(journal: &str, rate: u32, readers: usize, options: &Options) -> Sample {
    let agent = Process::agent(journal, &["--on-offer", "reject"]);
    let (phone, taken) = followed(&agent, readers, options.invite).await;
    let warm = phone.call_often(rate, WARM_UP, 0).await;
    come(&taken, warm as usize * readers).await;
    taken.lock().unwrap().clear();
    let calls = phone.call_often(rate, options.time, warm).await;
    come(&taken, calls as usize * readers).await;
    Sample::new(std::mem::take(&mut *taken.lock().unwrap()))
}

/// The same with calls that a client accepts; what the client measured.
async fn accepted(journal: &str, rate: u32, readers: usize, options: &Options) -> Sample {
    let agent = Process::agent(journal, &[]);
    let (phone, taken) = followed(&agent, readers, options.invite).await;
    let commands = Commands::default();
    rest::answer_calls(agent.http, commands.clone(), false).await;
    let warm = phone.call_often(rate, WARM_UP, 0).await;
    let calls = phone.call_often(rate, options.time, warm).await;
    come(&taken, (warm + calls) as usize * readers).await;
    let is_done = || phone.answered.lock().unwrap().len() as u64 == warm + calls;
    wait_until(is_done, "every call is answered").await;
    commands.accepted.lock().unwrap().retain(|number, _| *number >= warm);
    Sample::new(phone::between(&commands.accepted, &phone.answered))
}

/// A caller, and what so many readers measure.
async fn followed(agent: &Process, readers: usize, invite: Invite) -> (Phone, Taken) {
    let (phone, taken) = (Phone::connect(agent.sip, invite).await, Taken::default());
    readers::begin(agent.http, readers, &phone.invited, &taken).await;
    (phone, taken)
}

/// Waits until every reader has seen every call.
async fn come(taken: &Taken, count: usize) {
    wait_until(|| taken.lock().unwrap().len() == count, "every reader sees every call").await;
}

async fn wait_until(holds: impl Fn() -> bool, what: &str) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(10)).await;
    }
}
