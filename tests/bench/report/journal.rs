//! What the journal commits.

use std::time::Instant;

use call_agent::agent::CallId;
use call_agent::state::journal::{Durability, EventRow, Journal, Limits, Settings, Write};
use serde_json::json;

use super::Options;
use super::result::Report;

const TABLE: &str = "events a second that the journal commits";
/// Events in a batch, as many as a busy driver gives at a time.
const BATCH: u64 = 64;

/// Measures both durabilities.
pub async fn measure(options: &Options, report: &mut Report) {
    report.table(TABLE, &["durability", "events/s"]);
    for (name, durability, batches) in
        [("relaxed", Durability::Relaxed, 3_000), ("strict", Durability::Strict, 300)]
    {
        let batches = if options.is_quick { batches / 10 } else { batches };
        let rate = rate(durability, batches).await;
        report.row(TABLE, &[json!(name), json!(rate.round() as u64)]);
    }
}

async fn rate(durability: Durability, batches: u64) -> f64 {
    let directory = std::env::temp_dir().join(format!("call-agent-journal-{}", std::process::id()));
    let settings = Settings { directory: directory.clone(), durability, ..Settings::default() };
    let (journal, _) = Journal::open(&settings, "7f3a", Limits { events: 1, bytes: 1 }).unwrap();
    let begun = Instant::now();
    for batch in 0..batches {
        let event = |place| {
            let sequence = batch * BATCH + place + 1;
            Write::Event(EventRow {
                sequence,
                time: sequence as i64,
                topic: "call.ringing".into(),
                call: Some(CallId::new(sequence / 4, 0).to_bytes()),
                account: None,
                envelope: vec![b'x'; 1200].into(),
                picture: None,
            })
        };
        journal.submit(batch + 1, (0..BATCH).map(event).collect());
    }
    let events = batches * BATCH;
    journal.progress().wait_for(|progress| progress.indexed == events).await.unwrap();
    let rate = events as f64 / begun.elapsed().as_secs_f64();
    journal.close().await;
    let _ = std::fs::remove_dir_all(&directory);
    rate
}
