//! The span that a request is a part of (W3C Trace Context).

use hyper::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// A span of a client.
#[derive(Clone, Debug)]
pub struct Parent(pub(super) SpanContext);

/// What `traceparent` and `tracestate` say; `None`: nothing that can be read.
pub fn parent(headers: &HeaderMap) -> Option<Parent> {
    let context = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    let span = context.span().span_context().clone();
    span.is_valid().then_some(Parent(span))
}
