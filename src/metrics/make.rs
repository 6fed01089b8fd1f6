//! How instruments are made.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Counter, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec,
    Opts, Registry,
};

/// Bounds of buckets for what takes microseconds when all is well, seconds.
pub(super) const SHORT: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
/// The same for what takes a client, a disk or a receiver, seconds.
pub(super) const LONG: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The same for how long calls last, seconds.
pub(super) const CALLS: &[f64] = &[1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];
/// The same for how many.
pub(super) const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// A name and what it means, for people.
pub(super) type About<'a> = (&'a str, &'a str);

/// Registers an instrument under a name.
pub(super) fn counter(registry: &Registry, (name, help): About<'_>) -> IntCounter {
    registered(registry, IntCounter::new(name, help))
}

/// The same, one for each value of the labels.
pub(super) fn counters(registry: &Registry, (name, help): About<'_>, labels: &[&str]) -> IntCounterVec {
    registered(registry, IntCounterVec::new(Opts::new(name, help), labels))
}

pub(super) fn float_counter(registry: &Registry, (name, help): About<'_>) -> Counter {
    registered(registry, Counter::new(name, help))
}

pub(super) fn gauge(registry: &Registry, (name, help): About<'_>) -> Gauge {
    registered(registry, Gauge::new(name, help))
}

pub(super) fn gauges(registry: &Registry, (name, help): About<'_>, labels: &[&str]) -> GaugeVec {
    registered(registry, GaugeVec::new(Opts::new(name, help), labels))
}

pub(super) fn int_gauges(registry: &Registry, (name, help): About<'_>, labels: &[&str]) -> IntGaugeVec {
    registered(registry, IntGaugeVec::new(Opts::new(name, help), labels))
}

pub(super) fn histogram(registry: &Registry, (name, help): About<'_>, buckets: &[f64]) -> Histogram {
    let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    registered(registry, Histogram::with_opts(opts))
}

pub(super) fn histograms(
    registry: &Registry,
    (name, help): About<'_>,
    labels: &[&str],
    buckets: &[f64],
) -> HistogramVec {
    let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    registered(registry, HistogramVec::new(opts, labels))
}

/// Puts a time into a histogram of seconds.
pub(super) fn observe(histogram: &Histogram, time: Duration) {
    histogram.observe(time.as_secs_f64());
}

#[expect(
    clippy::expect_used,
    reason = "names and labels are constants, and each test of a router makes them all"
)]
fn registered<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let made = made.expect("a name of letters");
    registry.register(Box::new(made.clone())).expect("a name that no other has");
    made
}
