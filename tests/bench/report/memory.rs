//! What an established call takes in memory, and whether it is given back.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::Options;
use super::process::Process;
use super::result::{Report, Wanted};
use super::sipp::{self, Load};

const TABLE: &str = "memory of established calls";
const RATE: u32 = 1000;
/// What the stores of the past hold besides is bounded by settings, and is not the call's: as small as they can be.
const SMALL: [&str; 8] =
    ["--timeline-bytes", "0", "--log-events", "1000", "--ended-calls", "0", "--ended-seconds", "1"];
/// When the last of what an ended call leaves behind is gone: 64·T1 and what the memory's owner needs to give it back.
const AFTERWARDS: Duration = Duration::from_secs(45);

/// Measures with small stores of the past, and as it is by default.
pub async fn measure(options: &Options, report: &mut Report) {
    report.table(TABLE, &["stores", "calls", "KiB a call", "start MiB", "open MiB", "after MiB"]);
    let counts: &[u64] = if options.is_quick { &[1_000] } else { &[10_000, 50_000] };
    for (stores, flags) in [("small", &SMALL[..]), ("default", &[])] {
        for calls in counts {
            let flags = [&["--on-offer", "accept"], flags].concat();
            let agent = Process::agent("relaxed", &flags);
            // What the first calls bring into being is there once.
            sipp::run(agent.sip, Load { rate: RATE, calls: 2_000, hold: Duration::ZERO }).await;
            sleep(AFTERWARDS).await;
            let start = agent.rss();
            let placing = Duration::from_secs(calls.div_ceil(u64::from(RATE)));
            let hold = placing + Duration::from_secs(6);
            let placed = sipp::run(agent.sip, Load { rate: RATE, calls: *calls, hold });
            let look = async {
                sleep(placing + Duration::from_secs(3)).await;
                agent.rss()
            };
            let (outcome, open) = tokio::join!(placed, look);
            assert_eq!(outcome.complete, *calls, "every call is complete");
            sleep(AFTERWARDS).await;
            let each = open.saturating_sub(start) as f64 / *calls as f64 / 1024.0;
            let mebibytes = |bytes: u64| json!(bytes as f64 / 1024.0 / 1024.0);
            report.row(
                TABLE,
                &[
                    json!(stores),
                    json!(calls),
                    json!(each),
                    mebibytes(start),
                    mebibytes(open),
                    mebibytes(agent.rss()),
                ],
            );
            if stores == "small" {
                report.judge(
                    &format!("memory of an established call, {calls} open"),
                    each,
                    Wanted::AtMost(12.0),
                    "KiB",
                );
            }
        }
    }
}
