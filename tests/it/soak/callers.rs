//! Who calls: one `call-agent call` for each way in which a call can end.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::agent::Agent;

/// What the agent's clients are to do with a call (`X-Soak`), by what it comes, and what its caller does.
const KINDS: [(&str, &str, &[&str]); 12] = [
    ("accept", "tcp", &["--hangup-after", "1s"]),
    ("accept", "udp", &["--hangup-after", "500ms"]),
    ("hangup", "tcp", &[]),
    ("ring", "udp", &["--cancel-after", "300ms"]),
    ("ring", "tcp", &["--cancel-after", "2s"]),
    ("reject", "udp", &[]),
    ("cancel", "tcp", &[]),
    // Given up by the agent: nobody answers, and nobody hangs up.
    ("ring", "tcp", &["--timeout", "60s"]),
    ("accept", "udp", &["--timeout", "60s"]),
    ("accept", "udp", &["--lose-ack", "first", "--hangup-after", "2s"]),
    ("accept", "udp", &["--lose-ack", "all", "--timeout", "60s"]),
    ("accept", "tcp", &["--drop-connection-after", "100ms", "--duplicate-invite", "--hangup-after", "1s"]),
];

/// The callers; they end by themselves when their calls have.
pub struct Callers(Vec<Child>);

impl Callers {
    /// Each takes its part of the rate.
    pub fn start(agent: &Agent, time: Duration, rate: u64) -> Self {
        let rate = rate as f64 / KINDS.len() as f64;
        let calls = (rate * time.as_secs_f64()).ceil().max(1.0).to_string();
        let start = |(kind, transport, arguments): &(&str, &str, &[&str])| {
            let to: SocketAddr = agent.listens(transport);
            Command::new(env!("CARGO_BIN_EXE_call-agent"))
                .args(["call", &format!("sip:1000@{to}"), "--transport", transport])
                .args(["--header", &format!("X-Soak: {kind}")])
                .args(["--calls", &calls, "--rate", &rate.to_string(), "--log", "off"])
                .args(*arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        Self(KINDS.iter().map(start).collect())
    }

    /// Waits for all but two, which are killed: their last calls are left alone.
    pub fn end(self) {
        for (place, mut caller) in self.0.into_iter().enumerate() {
            if matches!(KINDS[place], ("accept", _, ["--timeout", _])) {
                caller.kill().unwrap();
            }
            let status = caller.wait().unwrap();
            // 1: not every call went as its caller planned, which is the plan.
            assert!(matches!(status.code(), Some(0 | 1) | None), "{:?}: {status}", KINDS[place]);
        }
    }
}
