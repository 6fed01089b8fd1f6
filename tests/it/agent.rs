//! The agent as a process of its own on ports of its own, and a client of its HTTP interface.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How long a test waits for anything: longer than 64·T1.
const PATIENCE: Duration = Duration::from_secs(45);

/// A running agent; it ends with the test.
pub struct Agent {
    process: Child,
    /// Where it takes SIP over TCP.
    pub sip: SocketAddr,
    /// Where it takes HTTP.
    pub http: SocketAddr,
}

/// The settings of a test that names no others.
const FLAGS: [(&str, &str); 3] =
    [("--sip-listen", "tcp://127.0.0.1:0"), ("--http-listen", "127.0.0.1:0"), ("--data-dir", "none")];

impl Agent {
    /// Starts the program and waits until it says where it listens.
    pub fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// The same with flags and variables of the test's own.
    pub fn start_with(flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Self {
        let of_test = |name: &str| flags.iter().any(|(flag, _)| *flag == name);
        let usual = FLAGS.iter().filter(|(name, _)| !of_test(name));
        let mut process = Command::new(env!("CARGO_BIN_EXE_call-agent"))
            .args(usual.chain(flags).flat_map(|(name, value)| [name, value]))
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let (mut sip, mut http) = (None, None);
        while sip.is_none() || http.is_none() {
            let line = log.next().expect("it says where it listens before it ends").unwrap();
            sip = sip.or_else(|| address_behind(&line, "tcp://"));
            http = http.or_else(|| address_behind(&line, "http://"));
        }
        // Whoever does not read its log must not stop it.
        std::thread::spawn(move || log.for_each(drop));
        Self { process, sip: sip.unwrap(), http: http.unwrap() }
    }

    /// Asks it to end, as the system does.
    pub fn terminate(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for its end: its exit code, and what it has printed.
    pub fn ended(&mut self) -> (Option<i32>, String) {
        let code = self.process.wait().unwrap().code();
        let mut printed = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        (code, printed)
    }

    /// The next line that it prints.
    pub fn printed(&mut self) -> String {
        let mut line = Vec::new();
        let bytes = self.process.stdout.as_mut().unwrap().bytes();
        line.extend(bytes.map(Result::unwrap).take_while(|byte| *byte != b'\n'));
        String::from_utf8(line).unwrap()
    }

    /// Gives a command for a call: the status and the body of the answer.
    pub fn command(&self, call: &str, command: &str, body: Value) -> (u16, Value) {
        let body = body.to_string();
        let (status, mut answer) = self.request(&format!(
            "POST /v1/calls/{call}/{command} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let mut text = String::new();
        answer.read_to_string(&mut text).unwrap();
        (status, serde_json::from_str(&text).unwrap())
    }

    /// The events from now on.
    pub fn events(&self) -> Events {
        let (status, frames) = self.request("GET /v1/events HTTP/1.0\r\n\r\n");
        assert_eq!(status, 200);
        Events { frames }
    }

    /// HTTP/1.0, so that the body is what comes until the connection is closed.
    fn request(&self, request: &str) -> (u16, BufReader<TcpStream>) {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
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
    frames: BufReader<TcpStream>,
}

impl Events {
    /// Waits for the next event of a type and gives its call.
    pub fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let mut line = String::new();
            let length =
                self.frames.read_line(&mut line).unwrap_or_else(|error| panic!("no {kind} came: {error}"));
            assert_ne!(length, 0, "the stream ended without {kind}");
            let Some(data) = line.strip_prefix("data:") else { continue };
            let mut event: Value = serde_json::from_str(data).unwrap();
            if event["type"] == kind {
                return event["data"]["call"].take();
            }
        }
    }
}
