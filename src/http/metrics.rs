//! `GET /metrics`: what Prometheus asks for.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Context;
use super::document::responses;
use crate::agent::event::{CallState, RegistrationState};
use crate::metrics::Gauges;
use crate::state::Filter;
use crate::telemetry::dropped_lines;
use crate::webhook::{Webhook, WebhookState};

/// The text format of Prometheus.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The states of calls, with their names.
const STATES: [(CallState, &str); 6] = [
    (CallState::Offered, "offered"),
    (CallState::Dialing, "dialing"),
    (CallState::Ringing, "ringing"),
    (CallState::Accepted, "accepted"),
    (CallState::Established, "established"),
    (CallState::Ended, "ended"),
];

/// How is it doing?
///
/// What is counted and measured, in the text format of Prometheus. Each metric is described in `docs/operations.md`.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "health",
    responses(responses::MetricsRead)
)]
pub async fn read(State(context): State<Context>) -> Response {
    let mut gauges = Gauges::default();
    program(&mut gauges);
    calls(&context, &mut gauges).await;
    log(&context, &mut gauges);
    accounts(&context, &mut gauges);
    traces(&context, &mut gauges);
    webhooks(&context.webhooks.list().await, &mut gauges);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], context.metrics.text(gauges)).into_response()
}

fn program(gauges: &mut Gauges) {
    let about = ("call_agent_build_info", "1, with the version of the program.");
    gauges.each(about, "version", [(env!("CARGO_PKG_VERSION"), 1.0)]);
    let about =
        ("call_agent_log_lines_dropped_total", "Lines of the log that standard error did not take in time.");
    gauges.counted(about, number(dropped_lines() as u64));
}

async fn calls(context: &Context, gauges: &mut Gauges) {
    let is_ready = !context.board.is_draining() && context.board.fault().is_none();
    let about =
        ("call_agent_ready", "1 if new calls are taken; 0 while the agent drains or its journal fails.");
    gauges.one(about, f64::from(is_ready));
    let mut counts = [0_u32; STATES.len()];
    // A snapshot, looked through without a lock and in turns with other tasks.
    let page = context.board.list(&Filter::default(), usize::MAX, None).await;
    for call in page.calls {
        let place = STATES.iter().position(|(state, _)| *state == call.state);
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    let about = ("call_agent_calls", "Calls by state; ended ones for as long as they stay readable.");
    let names = STATES.map(|(_, name)| name);
    gauges.each(about, "state", names.into_iter().zip(counts.map(f64::from)));
    let about = ("call_agent_calls_limit", "How many calls there may be at a time.");
    gauges.one(about, number(context.about.max_calls as u64));
}

fn log(context: &Context, gauges: &mut Gauges) {
    let last = context.board.last_event_id().sequence;
    gauges.counted(
        ("call_agent_events_total", "Events that were told, also in earlier runs of this journal."),
        number(last),
    );
    let (readers, lag) = context.board.readers();
    gauges.one(("call_agent_stream_readers", "Open event streams."), number(readers as u64));
    let about =
        ("call_agent_stream_lag_events", "How many events the stream is behind that is furthest behind.");
    gauges.one(about, number(lag));
    let fault = (
        "call_agent_journal_fault",
        "1 while the journal cannot be written; 0 if it can, or if there is none.",
    );
    gauges.one(fault, f64::from(context.board.fault().is_some()));
    let Some(journal) = &context.journal else { return };
    let kept = (last + 1).saturating_sub(journal.progress().borrow().oldest);
    gauges.one(("call_agent_journal_events", "Events that the journal keeps."), number(kept));
    gauges.one(("call_agent_journal_bytes", "The size of the journal's files."), number(journal.bytes()));
}

fn traces(context: &Context, gauges: &mut Gauges) {
    let (exported, dropped) = context.traces.counts();
    gauges
        .counted(("call_agent_spans_exported_total", "Spans that a collector has taken."), number(exported));
    let about = (
        "call_agent_spans_dropped_total",
        "Spans that no collector has taken, or that there was no room for.",
    );
    gauges.counted(about, number(dropped));
}

fn accounts(context: &Context, gauges: &mut Gauges) {
    let about = ("call_agent_account_registered", "1 if the account is registered, else 0.");
    let accounts = context.board.accounts().accounts;
    let registered = accounts
        .iter()
        .map(|account| (&*account.id, f64::from(account.state == RegistrationState::Registered)));
    gauges.each(about, "account", registered);
}

fn webhooks(webhooks: &[Webhook], gauges: &mut Gauges) {
    let each = |value: fn(&Webhook) -> u64| {
        webhooks.iter().map(move |webhook| (webhook.id.as_str(), number(value(webhook))))
    };
    let about =
        ("call_agent_webhook_pending_events", "Events that wait for another try or are on their way.");
    gauges.each(about, "webhook", each(|webhook| webhook.pending as u64));
    let about = ("call_agent_webhook_dead_letters", "Events that were given up and can be sent again.");
    gauges.each(about, "webhook", each(|webhook| webhook.dead_letters as u64));
    let about = ("call_agent_webhook_circuit_open", "1 while the receiver fails and is only probed.");
    gauges.each(about, "webhook", each(|webhook| u64::from(webhook.state == WebhookState::Failing)));
    let about = ("call_agent_webhook_deliveries_total", "Tries to deliver an event, by what became of them.");
    let tries = webhooks.iter().flat_map(|webhook| {
        [
            ([webhook.id.as_str(), "taken"], webhook.delivered),
            ([webhook.id.as_str(), "failed"], webhook.failed),
        ]
    });
    gauges.counted_each(about, ["webhook", "outcome"], tries);
}

pub fn number(count: u64) -> f64 {
    count as f64
}
