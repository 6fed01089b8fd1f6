//! SIPp as the caller.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;

/// Calls to be placed.
#[derive(Clone, Copy)]
pub struct Load {
    pub rate: u32,
    pub calls: u64,
    /// How long each call lasts.
    pub hold: Duration,
}

/// What became of them.
pub struct Outcome {
    pub complete: u64,
    pub failed: u64,
    /// What SIPp had to send again, and what came again to a call that was over.
    pub repeated: u64,
    /// Calls per second from the first to the last.
    pub rate: f64,
}

/// The folder that a run works in, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("call-agent-bench-sipp-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in [
            ("call.xml", include_str!("call.xml")),
            ("invite-headers.txt", include_str!("../../sipp/invite-headers.txt")),
            ("offer.sdp", include_str!("../../sipp/offer.sdp")),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Places the calls over one connection, as a PBX does, and waits until all are over.
pub async fn run(at: SocketAddr, load: Load) -> Outcome {
    let folder = Folder::new();
    let hold = load.hold.as_millis().to_string();
    let open = (load.hold.as_secs() + 2) * u64::from(load.rate) + 1000;
    let mut command = Command::new("sipp");
    command.arg(at.to_string()).args(["-sf", "call.xml", "-t", "t1", "-nostdin"]);
    command.args(["-r", &load.rate.to_string(), "-m", &load.calls.to_string(), "-l", &open.to_string()]);
    command.args(["-d", &hold, "-trace_stat", "-stf", "stat.csv", "-fd", "1"]);
    // Whatever is not over by then never will be.
    command.args(["-timeout", &format!("{}s", load.calls / u64::from(load.rate) + load.hold.as_secs() + 60)]);
    let output = command.current_dir(&folder.0).kill_on_drop(true).output().await;
    let output = output.expect("sipp can be started (scripts/bench installs it)");
    let text = std::fs::read_to_string(folder.0.join("stat.csv")).unwrap_or_else(|_| {
        panic!("sipp has told nothing: {}", String::from_utf8_lossy(&output.stderr));
    });
    read(&text)
}

/// The last line of SIPp's statistics.
fn read(text: &str) -> Outcome {
    let mut lines = text.lines();
    let names = lines.next().unwrap().split(';');
    let last: HashMap<_, _> = names.zip(lines.next_back().unwrap().split(';')).collect();
    let count = |name: &str| last[name].parse::<u64>().unwrap();
    Outcome {
        complete: count("SuccessfulCall(C)"),
        failed: count("FailedCall(C)"),
        repeated: count("Retransmissions(C)") + count("DeadCallMsgs(C)") + count("OutOfCallMsgs(C)"),
        rate: last["CallRate(C)"].parse().unwrap(),
    }
}
