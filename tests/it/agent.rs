//! The agent as a process of its own on ports of its own, and a client of its HTTP interface.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use serde_json::Value;

use crate::wire::Wire;

/// How long a test waits for anything: longer than 64·T1.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// A running agent; it ends with the test.
pub struct Agent {
    process: Child,
    /// Reads its log, which ends when the process does.
    log: Option<JoinHandle<()>>,
    /// What it logs after its start.
    lines: Mutex<Receiver<String>>,
    listens: Vec<(&'static str, SocketAddr)>,
    /// Where it takes SIP by the first of its listeners, TCP if nothing else is asked for.
    pub sip: SocketAddr,
    /// Where it takes HTTP.
    pub http: SocketAddr,
    /// How its HTTP side is connected to with TLS; `None`: without.
    https: Option<Arc<ClientConfig>>,
}

/// The settings of a test that names no others.
const FLAGS: [[&str; 2]; 3] =
    [["--sip-listen", "tcp://127.0.0.1:0"], ["--http-listen", "127.0.0.1:0"], ["--data-dir", "none"]];

impl Agent {
    /// Starts the program and waits until it says where it listens.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with more settings.
    pub fn start_with(flags: &[&str]) -> Self {
        Self::start_under(&[], flags)
    }

    /// The same, with no more open files than these.
    pub fn start_within(files: u32, flags: &[&str]) -> Self {
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--nofile={files}")).arg(env!("CARGO_BIN_EXE_call-agent"));
        Self::start_as(limited, &[], flags)
    }

    /// The same, with variables in its environment.
    pub fn start_under(variables: &[(&str, &str)], flags: &[&str]) -> Self {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_call-agent")), variables, flags)
    }

    fn start_as(mut program: Command, variables: &[(&str, &str)], flags: &[&str]) -> Self {
        let usual = FLAGS.iter().filter(|[name, _]| !flags.contains(name));
        let mut process = program
            .args(usual.flatten())
            .args(flags)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let (mut listens, mut http) = (Vec::new(), None);
        while listens.is_empty() || http.is_none() {
            let line = log.next().expect("it says where it listens before it ends").unwrap();
            for transport in ["tcp", "udp", "tls"] {
                let address = address_behind(&line, &format!("SIP on {transport}://"));
                listens.extend(address.map(|address| (transport, address)));
            }
            http = http.or_else(|| address_behind(&line, "HTTP on http://"));
            http = http.or_else(|| address_behind(&line, "HTTP on https://"));
        }
        // Whoever does not read its log must not stop it.
        let (line, lines) = mpsc::channel();
        let log = Some(std::thread::spawn(move || {
            log.map_while(Result::ok).for_each(|text| drop(line.send(text)));
        }));
        let (_, sip) = listens[0];
        Self { process, log, lines: Mutex::new(lines), listens, sip, http: http.unwrap(), https: None }
    }

    /// Where it takes SIP over `udp`, `tcp` or `tls`.
    pub fn listens(&self, transport: &str) -> SocketAddr {
        let found = self.listens.iter().find(|(listens, _)| *listens == transport);
        found.expect("it listens there").1
    }

    /// From now on its HTTP side is connected to with TLS.
    pub fn trusting(mut self, config: Arc<ClientConfig>) -> Self {
        self.https = Some(config);
        self
    }

    /// A connection to its HTTP side.
    pub fn wire(&self) -> Wire {
        let socket = TcpStream::connect(self.http).unwrap();
        match &self.https {
            Some(config) => Wire::secure(socket, config.clone()),
            None => Wire::plain(socket),
        }
    }

    /// Gives a command for a call: the status and the body of the answer.
    pub fn command(&self, call: &str, command: &str, body: Value) -> (u16, Value) {
        self.ask(&format!("/v1/calls/{call}/{command}"), body)
    }

    /// Sends a body to a resource: the status and the body of the answer.
    pub fn ask(&self, path: &str, body: Value) -> (u16, Value) {
        let body = body.to_string();
        whole(self.request(&format!(
            "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )))
    }

    /// The events of one call, from its first on.
    pub fn events_of(&self, call: &str) -> Events {
        self.stream(&format!("/v1/calls/{call}/events"))
    }

    /// Reads a resource: the status and the body.
    pub fn get(&self, path: &str) -> (u16, Value) {
        whole(self.request(&format!("GET {path} HTTP/1.0\r\n\r\n")))
    }

    /// The events from now on.
    pub fn events(&self) -> Events {
        self.stream("/v1/events")
    }

    /// All events behind a position.
    pub fn events_after(&self, position: &str) -> Events {
        self.stream(&format!("/v1/events?after={position}"))
    }

    fn stream(&self, path: &str) -> Events {
        let (status, frames) = self.request(&format!("GET {path} HTTP/1.0\r\n\r\n"));
        assert_eq!(status, 200);
        Events { frames }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it prints; to be taken once.
    pub fn output(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.process.stdout.take().unwrap())
    }

    /// Sends a signal, `TERM` or another.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it logs a line with these words.
    pub fn logs(&self, words: &str) {
        let lines = self.lines.lock().unwrap();
        while !lines.recv_timeout(PATIENCE).expect("it logs that in time").contains(words) {}
    }

    /// What it logs until so many lines have these words.
    pub fn log_until(&self, words: &str, times: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let mut logged: Vec<String> = Vec::new();
        while logged.iter().filter(|line| line.contains(words)).count() < times {
            logged.push(lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {words}: {logged:#?}")));
        }
        logged
    }

    /// Waits until it ends by itself.
    pub fn ends(mut self) -> ExitStatus {
        let (ended, log_ended) = mpsc::channel();
        let log = self.log.take().unwrap();
        std::thread::spawn(move || ended.send(log.join()));
        log_ended.recv_timeout(PATIENCE).expect("it ends in time").unwrap();
        self.process.wait().unwrap()
    }

    /// Waits until it ends by itself; gives what it has logged since its start that nobody has read yet.
    pub fn ends_saying(mut self) -> String {
        let lines = std::mem::replace(&mut self.lines, Mutex::new(mpsc::channel().1));
        assert!(self.ends().success());
        lines.into_inner().unwrap().iter().fold(String::new(), |all, line| all + &line + "\n")
    }

    /// HTTP/1.0, so that the body is what comes until the connection is closed.
    fn request(&self, request: &str) -> (u16, BufReader<Wire>) {
        let mut stream = self.wire();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        while line.trim_end() != "" {
            line.clear();
            answer.read_line(&mut line).unwrap();
        }
        (status, answer)
    }
}

fn whole((status, mut answer): (u16, BufReader<Wire>)) -> (u16, Value) {
    let mut text = String::new();
    answer.read_to_string(&mut text).unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn address_behind(line: &str, scheme: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(scheme)?;
    let end = rest
        .find(|c: char| !matches!(c, '0'..='9' | 'a'..='f' | '.' | ':' | '[' | ']'))
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// A stream of server-sent events.
pub struct Events {
    frames: BufReader<Wire>,
}

impl Events {
    /// Waits for the next event of a type and gives its call.
    pub fn next_of(&mut self, kind: &str) -> Value {
        self.next_with(kind, "call")
    }

    /// Waits for the next event of a type and gives what it is about.
    pub fn next_with(&mut self, kind: &str, what: &str) -> Value {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "no {kind} comes in time");
            let mut event = self.next().unwrap_or_else(|| panic!("the stream ended without {kind}"));
            if event["type"] == kind {
                return event["data"][what].take();
            }
        }
    }

    /// From now on a stream that is silent for so long is taken for one that has broken off.
    pub fn patient_for(mut self, time: Duration) -> Self {
        self.frames.get_mut().socket().set_read_timeout(Some(time)).unwrap();
        self
    }

    /// Waits for the next whole event; `None` if the stream ends or breaks off.
    pub fn next_while_alive(&mut self) -> Option<Value> {
        let mut line = String::new();
        loop {
            line.clear();
            self.frames.read_line(&mut line).ok().filter(|length| *length > 0)?;
            let data = line.strip_prefix("data:").filter(|_| line.ends_with('\n'));
            if let Some(data) = data {
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }

    /// Waits for the next event and gives its envelope; `None` at the end of the stream.
    pub fn next(&mut self) -> Option<Value> {
        let begun = Instant::now();
        loop {
            // The stream's heartbeat ends no wait for an event.
            assert!(begun.elapsed() < PATIENCE, "an event comes in time");
            let mut line = String::new();
            if self.frames.read_line(&mut line).expect("an event comes in time") == 0 {
                return None;
            }
            if let Some(data) = line.strip_prefix("data:") {
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }
}
