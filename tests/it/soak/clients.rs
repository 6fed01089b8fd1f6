//! Clients of the agent: some give commands, some only read, for a while, and come again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::Scope;
use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::Agent;

/// How many give commands at a time.
const HANDS: usize = 6;
/// How many readers come and go.
const READERS: u64 = 4;

/// How long a reader waits for an event before it looks whether all is over.
const PATIENCE: Duration = Duration::from_secs(1);

/// They go when this does, also where the test fails.
pub struct Clients {
    are_over: Arc<AtomicBool>,
}

impl Clients {
    pub fn start<'scope>(scope: &'scope Scope<'scope, '_>, agent: &'scope Agent) -> Self {
        let are_over = Arc::new(AtomicBool::new(false));
        let (offer, offers) = mpsc::channel();
        let offers = Arc::new(Mutex::new(offers));
        let over = are_over.clone();
        scope.spawn(move || {
            let mut position = "earliest".to_owned();
            while !over.load(Ordering::Relaxed) {
                let mut events = agent.events_after(&position).patient_for(PATIENCE);
                while let Some(mut event) = events.next_while_alive() {
                    position = event["id"].as_str().map_or(position, ToOwned::to_owned);
                    if event["type"] == "call.offered" && offer.send(event["data"]["call"].take()).is_err() {
                        return;
                    }
                }
            }
        });
        for _ in 0..HANDS {
            let offers = offers.clone();
            scope.spawn(move || {
                while let Some(call) = next(&offers) {
                    handle(agent, &call);
                }
            });
        }
        for number in 1..=READERS {
            let over = are_over.clone();
            scope.spawn(move || come_and_go(agent, number, &over));
        }
        Self { are_over }
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.are_over.store(true, Ordering::Relaxed);
    }
}

fn next(offers: &Mutex<Receiver<Value>>) -> Option<Value> {
    offers.lock().unwrap().recv().ok()
}

/// Does with a call what its `X-Soak` says. That it has ended meanwhile, or is not even
/// kept any more, is as good an answer as any.
fn handle(agent: &Agent, call: &Value) {
    let headers = call["headers"].as_array().unwrap();
    let kind = headers
        .iter()
        .find(|header| header["name"] == "X-Soak")
        .map_or("", |kind| kind["value"].as_str().unwrap());
    let id = call["id"].as_str().unwrap();
    let tell = |command: &str, body: Value| {
        let (status, answer) = agent.command(id, command, body);
        assert!(matches!(status, 200 | 404 | 409 | 504), "{command}: {status} {answer}");
    };
    if kind != "reject" {
        tell("ring", json!({}));
    }
    match kind {
        "accept" => tell("accept", json!({"wait": "sent"})),
        "hangup" => {
            tell("accept", json!({}));
            tell("hangup", json!({}));
        }
        "reject" => tell("reject", json!({"status": 486})),
        "cancel" => tell("cancel", json!({})),
        "ring" => {}
        other => panic!("a call of nobody's: {other}"),
    }
}

/// Reads some events, or none, and goes; every other time it goes on where it was.
fn come_and_go(agent: &Agent, number: u64, over: &AtomicBool) {
    let mut position = "earliest".to_owned();
    let mut visits = 0;
    while !over.load(Ordering::Relaxed) {
        visits += 1;
        let events = if visits % 2 == 0 { agent.events_after(&position) } else { agent.events() };
        let mut events = events.patient_for(PATIENCE);
        for _ in 0..number * 7 * (visits % 5) {
            let Some(event) = events.next_while_alive() else { break };
            position = event["id"].as_str().map_or(position, ToOwned::to_owned);
        }
    }
}
