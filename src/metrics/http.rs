//! HTTP: what is asked for.

use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, Registry};

use super::make;

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The counters: as many as there are routes, with what they can be asked and answered.
#[derive(Debug)]
pub(super) struct Http {
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Http {
    pub fn new(registry: &Registry) -> Self {
        let requests = ("call_agent_http_requests_total", "HTTP requests that were answered.");
        let seconds = (
            "call_agent_http_request_seconds",
            "From an HTTP request's head to its answer's; that of a command waits for its SIP effect.",
        );
        Self {
            requests: make::counters(registry, requests, &["method", "route", "status"]),
            seconds: make::histograms(registry, seconds, &["route"], make::LONG),
        }
    }

    pub fn answered(&self, method: &str, route: &str, status: u16, time: Duration) {
        let method = METHODS.iter().find(|known| **known == method).unwrap_or(&"other");
        self.requests.with_label_values(&[method, route, status.to_string().as_str()]).inc();
        make::observe(&self.seconds.with_label_values(&[route]), time);
    }
}
