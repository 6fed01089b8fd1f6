//! What the journal commits.

use std::sync::Arc;
use std::time::Instant;

use call_agent::agent::event::EventKind;
use call_agent::agent::{Call, CallId, Event};
use call_agent::state::journal::{Durability, Journal, Limits, Settings};
use call_agent::state::{self, Board, Told};
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
    let (board, call) = (Board::new(state::Settings::default()), call());
    let begun = Instant::now();
    for batch in 0..batches {
        let event = |place| {
            let id = CallId::new((batch * BATCH + place) / 4, 0);
            let (kind, call) = (EventKind::Ringing, Arc::new(Call { id, ..call.clone() }));
            Told::from(Event { kind, time: call.created_at, call, renegotiated: false, detail: None })
        };
        let sealed = board.seal((0..BATCH).map(event).collect());
        journal.submit(batch + 1, sealed.writes().collect());
    }
    let events = batches * BATCH;
    journal.progress().wait_for(|progress| progress.indexed == events).await.unwrap();
    let rate = events as f64 / begun.elapsed().as_secs_f64();
    journal.close().await;
    let _ = std::fs::remove_dir_all(&directory);
    rate
}

/// A call that rings.
fn call() -> Call {
    let party = json!({"uri": "sip:1000@10.0.0.1:10000;transport=tcp", "display_name": "Extension 1000"});
    let (time, none) = ("2026-11-27T03:00:00.000000Z", serde_json::Value::Null);
    let written = json!({
        "id": CallId::new(0, 0), "direction": "inbound", "state": "ringing", "version": 2, "from": party, "to": party,
        "request_uri": "sip:1000@10.0.0.1:10000;transport=tcp", "account": none,
        "headers": [{"name": "X-empolyee_id", "value": "1001"}], "sdp": {"remote": "v=0\r\n".repeat(80), "local": none},
        "sip": {
            "call_id": "e04036a7", "local_tag": "9f86d081", "remote_tag": "cF3Zg2", "transport": "tcp",
            "peer": "10.0.0.1:5060",
        },
        "labels": {}, "hold": "none", "claim": none, "created_at": time, "ringing_at": time, "accepted_at": none,
        "established_at": none, "ended_at": none, "end": none, "actions": [],
    });
    Call::read(written.to_string().as_bytes()).unwrap()
}
