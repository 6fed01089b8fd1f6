//! What is looked up when somebody asks, and not counted as it happens.

use prometheus::{Registry, TextEncoder};

use super::make::{self, About};

/// What there is at one moment, written by who is asked for it.
#[derive(Debug, Default)]
pub struct Gauges(Registry);

impl Gauges {
    /// One value.
    pub fn one(&mut self, about: (&str, &str), value: f64) {
        make::gauge(&self.0, about).set(value);
    }

    /// One value for each of a label's.
    pub fn each<L: AsRef<str>>(
        &mut self,
        about: (&str, &str),
        label: &str,
        values: impl IntoIterator<Item = (L, f64)>,
    ) {
        let gauges = make::gauges(&self.0, about, &[label]);
        for (name, value) in values {
            gauges.with_label_values(&[name.as_ref()]).set(value);
        }
    }

    /// What was counted elsewhere.
    pub fn counted(&mut self, about: About<'_>, value: f64) {
        make::float_counter(&self.0, about).inc_by(value);
    }

    /// The same for each value of labels.
    pub fn counted_each<'a, const N: usize>(
        &mut self,
        about: About<'_>,
        labels: [&str; N],
        values: impl IntoIterator<Item = ([&'a str; N], u64)>,
    ) {
        let counters = make::counters(&self.0, about, &labels);
        for (names, value) in values {
            counters.with_label_values(&names).inc_by(value);
        }
    }

    pub(super) fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.0.gather()).unwrap_or_default()
    }
}
