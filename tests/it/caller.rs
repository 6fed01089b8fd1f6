//! A caller of few words: SIP over TCP as text, one call on a connection of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::agent::{Agent, PATIENCE};
use crate::client::Stream;

/// An offer that an agent without a media address can answer.
pub const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

/// What an INVITE says beside what every INVITE says.
pub struct Invite<'a> {
    pub from: &'a str,
    pub to: &'a str,
    /// Whole lines.
    pub headers: &'a str,
    pub sdp: &'a str,
}

impl Default for Invite<'_> {
    fn default() -> Self {
        Self { from: "1001", to: "1000", headers: "", sdp: OFFER }
    }
}

/// A message: its first line, its other lines and its body.
#[derive(Debug)]
pub struct Message {
    pub start: String,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Message {
    /// The first field of a name; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.split(' ').next()?.parse().ok()
    }
}

/// One call, seen from the side that places it.
pub struct Caller {
    stream: TcpStream,
    input: BufReader<TcpStream>,
    /// Call-ID, and the number that the branches and the From tag are made of.
    pub call_id: String,
    number: u32,
    from: String,
    to: String,
}

static NUMBER: AtomicU32 = AtomicU32::new(1);

impl Caller {
    /// Connects and sends the INVITE.
    pub fn invite(agent: &Agent, invite: &Invite<'_>) -> Self {
        let stream = TcpStream::connect(agent.sip).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let input = BufReader::new(stream.try_clone().unwrap());
        let call_id = format!("it-{}-{number}", std::process::id());
        let from = format!("<sip:{}@pbx.example.com>;tag=f{number}", invite.from);
        let to = format!("<sip:{}@127.0.0.1>", invite.to);
        let mut caller = Self { stream, input, call_id, number, from, to };
        let kind = if invite.sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        caller.send("INVITE", 1, "i", &format!("{}{kind}", invite.headers), invite.sdp);
        caller
    }

    /// A call, and its id, once it is told on the stream.
    pub fn offered(agent: &Agent, events: &mut Stream) -> (Self, String) {
        let caller = Self::invite(agent, &Invite::default());
        let call = events.next_of("call.offered");
        assert_eq!(call["sip"]["call_id"], caller.call_id.as_str());
        (caller, text(&call["id"]))
    }

    /// An established call, and its id.
    pub fn established(agent: &Agent, events: &mut Stream) -> (Self, String) {
        let (mut caller, id) = Self::offered(agent, events);
        let sent = agent.post(&format!("/v1/calls/{id}/accept"), r#"{"wait": "sent"}"#);
        assert_eq!(sent.status, 200, "{}", sent.body);
        caller.expect(200);
        caller.ack();
        events.next_of("call.established");
        (caller, id)
    }

    fn send(&mut self, method: &str, cseq: u32, branch: &str, headers: &str, body: &str) {
        let Self { number, from, to, call_id, .. } = self;
        let at = self.stream.local_addr().unwrap();
        let message = format!(
            "{method} sip:1000@127.0.0.1;transport=tcp SIP/2.0\r\n\
             Via: SIP/2.0/TCP {at};branch=z9hG4bK{branch}{number}\r\nMax-Forwards: 70\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:pbx@{at};transport=tcp>\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(message.as_bytes()).unwrap();
    }

    /// The ACK to a 200.
    pub fn ack(&mut self) {
        self.send("ACK", 1, "a", "", "");
    }

    /// Gives up; `headers` are whole lines.
    pub fn cancel(&mut self, headers: &str) {
        let to = std::mem::replace(&mut self.to, "<sip:1000@127.0.0.1>".to_owned());
        self.send("CANCEL", 1, "i", headers, "");
        self.to = to;
    }

    /// Hangs up.
    pub fn bye(&mut self) {
        self.send("BYE", 2, "b", "", "");
    }

    /// The response of that status, which may come behind provisional ones; its To tag is taken over, and a refusal of the
    /// INVITE gets its ACK.
    pub fn expect(&mut self, status: u16) -> Message {
        loop {
            let message = self.message();
            match message.status() {
                Some(got) if got == status => {
                    if status != 100 {
                        message.header("To").clone_into(&mut self.to);
                    }
                    if status >= 300 && message.header("CSeq").ends_with("INVITE") {
                        self.send("ACK", 1, "i", "", "");
                    }
                    return message;
                }
                Some(100..=199) => {}
                _ => panic!("{status} was expected: {message:?}"),
            }
        }
    }

    /// The agent's request of that method, answered 200.
    pub fn expect_request(&mut self, method: &str) -> Message {
        self.answer_request(method, 200)
    }

    /// The same, answered as is said.
    pub fn answer_request(&mut self, method: &str, status: u16) -> Message {
        let request = self.message();
        assert!(request.start.starts_with(method), "{method} was expected: {request:?}");
        let copied: String = ["Via", "From", "To", "Call-ID", "CSeq"]
            .map(|name| format!("{name}: {}\r\n", request.header(name)))
            .concat();
        let response = format!("SIP/2.0 {status} As asked\r\n{copied}Content-Length: 0\r\n\r\n");
        self.stream.write_all(response.as_bytes()).unwrap();
        request
    }

    /// Drops the connection and waits until the agent has dropped it too; nobody listens where the Contact says.
    pub fn vanish(mut self) {
        self.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = self.input.read_to_end(&mut Vec::new());
    }

    /// Whether a message is here already, without waiting for it.
    pub fn has_message(&mut self) -> bool {
        if !self.input.buffer().is_empty() {
            return true;
        }
        self.stream.set_nonblocking(true).unwrap();
        let here = self.stream.peek(&mut [0]).is_ok_and(|length| length > 0);
        self.stream.set_nonblocking(false).unwrap();
        here
    }

    fn message(&mut self) -> Message {
        let line = |input: &mut BufReader<TcpStream>| {
            let mut line = String::new();
            assert_ne!(input.read_line(&mut line).expect("a message comes"), 0, "the connection was closed");
            line.trim_end().to_owned()
        };
        let start = line(&mut self.input);
        let mut headers = Vec::new();
        loop {
            let line = line(&mut self.input);
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut message = Message { start, headers, body: String::new() };
        let mut body = vec![0; message.header("Content-Length").parse().unwrap()];
        self.input.read_exact(&mut body).unwrap();
        message.body = String::from_utf8(body).unwrap();
        message
    }
}

/// A string of JSON.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no string")).to_owned()
}
