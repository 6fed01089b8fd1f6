//! A process that is measured: an agent, the floor, or another program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Running, until it is dropped.
pub struct Process {
    child: Child,
    /// Where it takes SIP over TCP.
    pub sip: SocketAddr,
    /// Where it takes HTTP; the others take none, and have here where they take SIP.
    pub http: SocketAddr,
    data: PathBuf,
}

/// `/proc/PID/stat` counts in these (`USER_HZ`, which is 100 on every Linux).
const TICK: Duration = Duration::from_millis(10);

/// How long another program may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

impl Process {
    /// An agent with the log in memory (`none`), or on disk, `relaxed` or `strict`.
    pub fn agent(journal: &str, flags: &[&str]) -> Self {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let data = std::env::temp_dir().join(format!("call-agent-bench-{}-{number}", std::process::id()));
        let (directory, durability) = match journal {
            "none" => ("none", "relaxed"),
            durability => (data.to_str().unwrap(), durability),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_call-agent"));
        command.args(["--sip-listen", "tcp://127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
        command.args(["--data-dir", directory, "--durability", durability]).args(flags);
        Self::start(command, data)
    }

    /// This program as the floor.
    pub fn floor() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(crate::floor::NAME);
        Self::start(command, PathBuf::new())
    }

    /// Another program that accepts calls over TCP at once, as one process in the foreground that can be started again at once: its
    /// port and its command line.
    pub fn other(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut next = || words.next().expect("--other \"PORT COMMAND ARGUMENTS\"");
        let sip = SocketAddr::from(([127, 0, 0, 1], next().parse().expect("a port")));
        let mut command = Command::new(next());
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null());
        assert!(TcpStream::connect(sip).is_err(), "something listens on {sip} already");
        let child = command.spawn().unwrap();
        let mut other = Self { child, sip, http: sip, data: PathBuf::new() };
        let begun = Instant::now();
        while TcpStream::connect(sip).is_err() {
            assert!(other.child.try_wait().unwrap().is_none(), "{line}: it has ended");
            assert!(begun.elapsed() < PATIENCE, "{line}: nothing listens on {sip}");
            std::thread::sleep(TICK);
        }
        other
    }

    fn start(mut command: Command, data: PathBuf) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut next = |scheme: &str| loop {
            let line = log.next().expect("it says where it listens").unwrap();
            if let Some((_, address)) = line.split_once(scheme) {
                return address.split_whitespace().next().unwrap().parse().unwrap();
            }
        };
        let (sip, http) = (next("SIP on tcp://"), next("HTTP on http://"));
        // What it says from here on must not stop it.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, sip, http, data }
    }

    /// The time that it has been on a processor, in user and in system mode.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u32 = fields[11..=12].iter().map(|ticks| ticks.parse::<u32>().unwrap()).sum();
        TICK * ticks
    }

    /// What it has in memory, bytes.
    pub fn rss(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.data);
    }
}
