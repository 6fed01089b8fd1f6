//! Spans as OpenTelemetry has them.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::Commanded;
use super::event::{Ending, Facts};
use crate::agent::Timestamp;
use crate::agent::event::{Direction, EndCause};

/// A span without anything that not every one has.
fn span(name: impl Into<Cow<'static, str>>, context: SpanContext, times: [SystemTime; 2]) -> SpanData {
    let [start_time, end_time] = times;
    SpanData {
        span_context: context,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Server,
        name: name.into(),
        start_time,
        end_time,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("call-agent")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

/// The span of a call, from its first event to its end.
pub(super) fn of_call(
    context: SpanContext,
    parent: Option<&SpanContext>,
    facts: &Facts,
    (events, dropped): (Vec<Event>, u32),
    ended: Timestamp,
) -> SpanData {
    let mut call = span("call", context, [moment(facts.created_at), moment(ended)]);
    if let Some(parent) = parent {
        (call.parent_span_id, call.parent_span_is_remote) = (parent.span_id(), true);
    }
    let (kind, direction) = match facts.direction {
        Direction::Inbound => (SpanKind::Server, "inbound"),
        Direction::Outbound => (SpanKind::Client, "outbound"),
    };
    call.span_kind = kind;
    call.attributes = vec![
        KeyValue::new("call.id", facts.id.to_string()),
        KeyValue::new("call.direction", direction),
        KeyValue::new("sip.call_id", facts.sip.call_id.clone()),
        KeyValue::new("sip.transport", facts.sip.transport.clone()),
    ];
    call.attributes.extend(facts.account.clone().map(|account| KeyValue::new("call.account", account)));
    if let Some(end) = &facts.end {
        ended_by(&mut call, end);
    }
    (call.events.events, call.events.dropped_count) = (events, dropped);
    call
}

fn ended_by(call: &mut SpanData, end: &Ending) {
    call.attributes.push(KeyValue::new("call.end.cause", end.cause.name()));
    call.attributes.push(KeyValue::new("call.end.by", end.by.name()));
    call.attributes.extend(end.sip_status.map(|status| KeyValue::new("sip.status", i64::from(status))));
    if matches!(end.cause, EndCause::Failed | EndCause::Timeout | EndCause::Lost) {
        call.status = Status::error(end.cause.name());
    }
}

/// The span of a command: a part of its client's span, with a link to the call's; without one, a part of the call's. Where there
/// is no span of the call it stands alone, if need be in a trace of its own.
pub(super) fn of_command(
    command: Commanded,
    call: Option<&SpanContext>,
    (trace, id): (TraceId, SpanId),
) -> SpanData {
    let parent = command.parent.map(|parent| parent.0);
    let above = parent.as_ref().or(call);
    let context = above.map_or_else(|| root(trace, id), |above| context(above, id));
    let mut span = span(format!("command {}", command.name), context, [command.came, command.answered]);
    if let Some(above) = above {
        (span.parent_span_id, span.parent_span_is_remote) = (above.span_id(), parent.is_some());
    }
    if let Some(call) = call.filter(|_| parent.is_some()) {
        span.links.links.push(Link::new(call.clone(), Vec::new(), 0));
    }
    span.attributes = vec![
        KeyValue::new("call.id", command.call.to_string()),
        KeyValue::new("http.request.method", command.method),
        KeyValue::new("http.route", command.route),
        KeyValue::new("http.response.status_code", i64::from(command.status)),
    ];
    if command.status >= 500 {
        span.status = Status::error(command.status.to_string());
    }
    span
}

/// A span of the same trace.
pub(super) fn context(above: &SpanContext, id: SpanId) -> SpanContext {
    SpanContext::new(above.trace_id(), id, TraceFlags::SAMPLED, false, above.trace_state().clone())
}

/// A span of a trace of its own.
pub(super) fn root(trace: TraceId, id: SpanId) -> SpanContext {
    SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default())
}

/// A time of day.
pub(super) fn moment(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(time.0).unwrap_or_default())
}
