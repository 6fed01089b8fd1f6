//! Whoever reads everything: no hole in the numbers, one first event and one end for each call.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::agent::Agent;

/// Follows the stream from before the first call on.
pub struct Recorder {
    told: Arc<(Mutex<Told>, Condvar)>,
}

/// What was told.
#[derive(Default)]
pub struct Told {
    last: u64,
    /// Of each call: first events and ends.
    calls: HashMap<String, (u32, u32)>,
    open: u64,
    /// How many calls ended in which way.
    pub ends: HashMap<String, u64>,
    holes: Vec<(u64, u64)>,
}

impl Recorder {
    pub fn start(agent: &Agent) -> Self {
        let told: Arc<(Mutex<Told>, Condvar)> = Arc::default();
        let (ours, mut events) = (told.clone(), agent.events());
        std::thread::spawn(move || {
            // Whoever is too slow is disconnected: that would be seen as calls without an end.
            while let Some(event) = events.next_while_alive() {
                ours.0.lock().unwrap().add(&event);
                ours.1.notify_all();
            }
        });
        Self { told }
    }

    /// How many calls have begun and not ended.
    pub fn open(&self) -> u64 {
        self.told.0.lock().unwrap().open
    }

    /// Waits until every call has ended; what was told.
    pub fn finish(self, patience: Duration) -> Told {
        let told = self.told.0.lock().unwrap();
        let (mut told, waited) =
            self.told.1.wait_timeout_while(told, patience, |told| told.open > 0).unwrap();
        assert!(!waited.timed_out(), "{} calls are open", told.open);
        std::mem::take(&mut told)
    }
}

impl Told {
    fn add(&mut self, event: &Value) {
        let id = event["id"].as_str().unwrap();
        let number: u64 = id.rsplit('-').next().unwrap().parse().unwrap();
        if self.last != 0 && number != self.last + 1 {
            self.holes.push((self.last, number));
        }
        self.last = number;
        let (firsts, ends) = self.calls.entry(event["subject"].as_str().unwrap().to_owned()).or_default();
        match event["type"].as_str().unwrap() {
            "call.offered" => {
                *firsts += 1;
                self.open += 1;
            }
            "call.ended" => {
                *ends += 1;
                self.open = self.open.saturating_sub(1);
                let end = &event["data"]["call"]["end"];
                let way = format!("{} by {}", end["cause"].as_str().unwrap(), end["by"].as_str().unwrap());
                *self.ends.entry(way).or_default() += 1;
            }
            _ => {}
        }
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// Everything once, and every way to end was taken.
    pub fn check(&self, time: Duration, rate: u64) {
        assert!(self.holes.is_empty(), "holes: {:?}", self.holes);
        let wrong: Vec<_> = self.calls.iter().filter(|(_, told)| **told != (1, 1)).collect();
        assert!(wrong.is_empty(), "not told once: {wrong:?}");
        let expected = time.as_secs() * rate;
        assert!(self.calls() as u64 >= expected * 9 / 10, "{} calls of {expected}", self.calls());
        for way in [
            "hangup by remote",
            "hangup by api",
            "cancelled by remote",
            "cancelled by api",
            "rejected by api",
            "timeout by policy",
            "timeout by system",
        ] {
            assert!(self.ends.contains_key(way), "no call ended {way}: {:?}", self.ends);
        }
    }
}
