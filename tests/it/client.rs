//! A client of the HTTP interface. Whatever it is told is held against the committed document.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::Value;

use crate::agent::{Agent, PATIENCE};
use crate::contract;
use crate::wire::Wire;

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The field of a name in small letters; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The status and the code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        (self.status, crate::caller::text(&self.json()["code"]))
    }

    /// What is wrong, for people.
    pub fn detail(&self) -> String {
        crate::caller::text(&self.json()["detail"])
    }

    /// Reads an answer up to the length it names, else to the connection's end.
    pub fn read(input: &mut impl BufRead, has_body: bool) -> Self {
        let (status, headers) = head(input);
        let mut answer = Self { status, headers, body: String::new() };
        if has_body && !matches!(status, 204 | 304) {
            match answer.header("content-length").parse() {
                Ok(length) => input.take(length).read_to_string(&mut answer.body),
                Err(_) => input.read_to_string(&mut answer.body),
            }
            .unwrap();
        }
        answer
    }
}

fn head(input: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut lines = input.lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let status = lines.next().expect("an answer comes").split(' ').nth(1).unwrap().parse().unwrap();
    let field = |line: String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    (status, lines.map(field).collect())
}

impl Agent {
    /// A connection to its HTTP side.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// HTTP/1.0, so that a body without a length ends with the connection.
    fn open(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> BufReader<Wire> {
        let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let mut stream = self.wire();
        // An answer may come before the whole body is written.
        let _ =
            stream.write_all(format!("{method} {path} HTTP/1.0\r\n{fields}{length}\r\n{body}").as_bytes());
        BufReader::new(stream)
    }

    /// Sends a request and reads its answer, which must be one that the document knows.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let answer = Answer::read(&mut self.open(method, path, headers, body), method != "HEAD");
        contract::check(method, path, &answer);
        answer
    }

    /// Reads a resource.
    pub fn read(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[("Content-Type", "application/json")], body)
    }

    pub fn patch(&self, call: &str, body: &str) -> Answer {
        self.send("PATCH", &format!("/v1/calls/{call}"), &[("Content-Type", "application/json")], body)
    }

    /// A command to a call.
    pub fn tell(&self, call: &str, command: &str, body: &str) -> Answer {
        self.post(&format!("/v1/calls/{call}/{command}"), body)
    }

    /// A call as it is now.
    pub fn call(&self, id: &str) -> Value {
        let answer = self.read(&format!("/v1/calls/{id}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    /// A stream of server-sent events, open.
    pub fn follow(&self, path: &str) -> Stream {
        self.follow_with(path, &[])
    }

    /// The same with header fields.
    pub fn follow_with(&self, path: &str, headers: &[(&str, &str)]) -> Stream {
        let mut input = self.open("GET", path, headers, "");
        let (status, headers) = head(&mut input);
        let head = Answer { status, headers, body: String::new() };
        assert_eq!(status, 200);
        contract::check("GET", path, &head);
        Stream { input, head }
    }
}

/// One server-sent event, as its lines say.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub id: Option<String>,
    pub event: String,
    pub data: Value,
}

/// A stream of events.
pub struct Stream {
    input: BufReader<Wire>,
    /// Its answer without the body.
    pub head: Answer,
}

impl Stream {
    /// The next line; `None` at the stream's end.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.input.read_line(&mut line).expect("the stream goes on or ends");
        (length > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// The next event, whose envelope must be as the document says; `None` at the stream's end.
    pub fn next(&mut self) -> Option<Frame> {
        let (mut id, mut event) = (None, String::new());
        let begun = Instant::now();
        loop {
            // The stream's heartbeat ends no wait for an event.
            assert!(begun.elapsed() < PATIENCE, "an event comes in time");
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("event", value)) => value.clone_into(&mut event),
                Some(("data", value)) => {
                    let data: Value = serde_json::from_str(value).unwrap();
                    contract::check_event(&event, id.as_deref(), &data);
                    return Some(Frame { id, event, data });
                }
                _ => assert!(line.is_empty() || line.starts_with(':'), "{line} is no line of an event"),
            }
        }
    }

    /// The call of the next event of a type.
    pub fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().unwrap_or_else(|| panic!("the stream ended without {kind}"));
            if frame.event == kind {
                return frame.data["data"]["call"].clone();
            }
        }
    }

    /// Every event up to the stream's end.
    pub fn rest(mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.next()).collect()
    }
}
