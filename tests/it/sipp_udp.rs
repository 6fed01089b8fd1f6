//! SIPp over UDP, where it loses messages (`tests/sipp/lossy_*`).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use crate::program::Program;
use crate::scratch::{Folder, free_ports};

/// How many of a hundred messages are lost, each way.
const LOSS: &str = "10";

/// A SIPp that plays one scenario so many times, all at once.
pub struct Sipp {
    program: Program,
    folder: Folder,
    /// Where it takes SIP over UDP.
    pub at: SocketAddr,
}

impl Sipp {
    /// Calls that address.
    pub fn call(scenario: &str, calls: u32, callee: SocketAddr) -> Self {
        Self::play(scenario, calls, &[&callee.to_string(), "-r", &calls.to_string()])
    }

    /// Waits to be called.
    pub fn answer(scenario: &str, calls: u32) -> Self {
        Self::play(scenario, calls, &[])
    }

    fn play(scenario: &str, calls: u32, more: &[&str]) -> Self {
        let (folder, at) = (Folder::new("sipp"), SocketAddr::from((Ipv4Addr::LOCALHOST, free_ports(1))));
        let mut command = Command::new("sipp");
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp"))
            .args(["-sf", &format!("{scenario}.xml"), "-m", &calls.to_string(), "-nostdin"])
            .args(["-t", "u1", "-i", "127.0.0.1", "-p", &at.port().to_string()])
            // Over all the repeats that SIPp makes by itself, no call may be given up.
            .args(["-lost", LOSS, "-max_retrans", "10", "-timeout", "60s", "-timeout_error"])
            .args(["-trace_err", "-error_file", &folder.file("errors.log")])
            .args(more);
        Self { program: Program::start(command, "sipp is ready"), folder, at }
    }

    /// Waits for the end of all calls, which must be the one that is written.
    pub fn ends_as_written(self) {
        let (status, printed) = self.program.ends();
        let errors = std::fs::read_to_string(self.folder.file("errors.log")).unwrap_or_default();
        assert!(status.success(), "sipp: {status}\n{errors}\n{printed}");
    }
}

#[test]
fn the_lossy_scenarios_end_well_with_one_another() {
    let callee = Sipp::answer("lossy_answer", 10);
    Sipp::call("lossy_call", 10, callee.at).ends_as_written();
    callee.ends_as_written();
}
