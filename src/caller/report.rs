//! What the caller prints: a line for each event, and what it came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// One call's end, for the sum.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How, in a word or two: `cancelled by api, 487`.
    pub how: String,
    /// Whether that is what was planned.
    pub as_planned: bool,
    /// From the INVITE to the first 180–183.
    pub ringing: Option<Duration>,
    /// From the INVITE to the 200.
    pub answered: Option<Duration>,
}

/// What all calls came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    ends: BTreeMap<String, u32>,
    unplanned: u32,
    ringing: Vec<Duration>,
    answered: Vec<Duration>,
}

impl Tally {
    /// Counts a call.
    pub fn add(&mut self, ended: Ended) {
        *self.ends.entry(ended.how).or_default() += 1;
        self.unplanned += u32::from(!ended.as_planned);
        self.ringing.extend(ended.ringing);
        self.answered.extend(ended.answered);
    }

    /// Whether every call went as planned.
    pub fn is_as_planned(&self) -> bool {
        self.unplanned == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: u32 = self.ends.values().sum();
        write!(f, "{total} {}", if total == 1 { "call" } else { "calls" })?;
        for (place, (how, count)) in self.ends.iter().enumerate() {
            write!(f, "{}{count} {how}", if place == 0 { ": " } else { "; " })?;
        }
        for (name, times) in [("ringing", &self.ringing), ("answered", &self.answered)] {
            if let Some((median, high)) = percentiles(times) {
                write!(f, "\n{name} after {} (p50), {} (p99)", seconds(median), seconds(high))?;
            }
        }
        match self.unplanned {
            0 => write!(f, "\nas planned"),
            some => write!(f, "\n{some} not as planned"),
        }
    }
}

/// One event as a line for people.
pub fn line(number: u32, after: Duration, event: &Value) -> String {
    let kind = word(event, "/type").unwrap_or_default().trim_start_matches("call.");
    let more = match kind {
        "dialing" => format!(" {}", word(event, "/data/call/request_uri").unwrap_or_default()),
        "ended" => format!(": {}", event.pointer("/data/call/end").map(end).unwrap_or_default()),
        _ => String::new(),
    };
    format!("call {number}  +{}  {kind}{more}", seconds(after))
}

/// An `end` in a few words.
pub fn end(end: &Value) -> String {
    let [cause, by] = ["/cause", "/by"].map(|name| word(end, name).unwrap_or("?"));
    let status = end.pointer("/sip_status").and_then(Value::as_u64);
    let status = status.map(|status| format!(", {status}")).unwrap_or_default();
    let detail = word(end, "/detail").map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{cause} by {by}{status}{detail}")
}

/// The text at a place (RFC 6901) in an event.
pub fn word<'a>(value: &'a Value, place: &str) -> Option<&'a str> {
    value.pointer(place)?.as_str()
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// The middle one, and the one that a hundredth is above.
fn percentiles(times: &[Duration]) -> Option<(Duration, Duration)> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at =
        |share: usize| sorted.get((sorted.len() * share / 100).min(sorted.len().saturating_sub(1))).copied();
    Some((at(50)?, at(99)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_a_line_with_the_time_since_the_invite() {
        let call =
            json!({"request_uri": "sip:1@a", "end": {"cause": "cancelled", "by": "api", "sip_status": 487}});
        let event = |kind: &str| json!({"type": kind, "data": {"call": call}});
        assert_eq!(line(1, Duration::ZERO, &event("call.dialing")), "call 1  +0.000 s  dialing sip:1@a");
        assert_eq!(line(2, Duration::from_millis(207), &event("call.ringing")), "call 2  +0.207 s  ringing");
        assert_eq!(
            line(3, Duration::from_secs(2), &event("call.ended")),
            "call 3  +2.000 s  ended: cancelled by api, 487"
        );
    }

    #[test]
    fn the_sum_counts_each_end_and_says_what_was_not_planned() {
        let mut tally = Tally::default();
        for (how, as_planned, time) in [
            ("hangup by api", true, Some(3)),
            ("rejected by remote, 486", false, None),
            ("hangup by api", true, Some(1)),
        ] {
            let answered = time.map(Duration::from_millis);
            tally.add(Ended { how: how.to_owned(), as_planned, ringing: None, answered });
        }
        assert_eq!(
            tally.to_string(),
            "3 calls: 2 hangup by api; 1 rejected by remote, 486\n\
             answered after 0.003 s (p50), 0.003 s (p99)\n1 not as planned"
        );
        assert!(!tally.is_as_planned());
    }
}
